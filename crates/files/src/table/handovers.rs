//! `handovers`: who was shown which very machine.

use chrono_tz::Tz;
use tremen_rules::{MachineId, Time};

use super::cells::{id, person_key};
use super::{Column, Kind, RowError, Table, needed, optional, or_empty, read, write};
use crate::when::print_time;

pub(super) const COLUMNS: [Column; 4] = [needed("person"), needed("machine"), needed("at"), optional("by")];

/// Somebody showed the person this very machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoverRow {
    /// To whom, by the venue's key.
    pub person: String,
    /// Which machine.
    pub machine: MachineId,
    /// When; a bare date is its start.
    pub at: Time,
    /// Who showed it, by the venue's key.
    pub by: Option<String>,
}

/// Reads a file of handovers.
///
/// # Errors
/// Every [`RowError`] of the file, by line.
pub fn read_handovers(bytes: &[u8], zone: Tz) -> Result<Table<HandoverRow>, Vec<RowError>> {
    read(
        Kind::Handovers,
        bytes,
        zone,
        |cells| {
            let person = cells.person();
            let machine = cells.needed("machine", id(MachineId::parse));
            let at = cells.needed_begin("at");
            let by = cells.optional("by", person_key);
            Some(HandoverRow { person: person?, machine: machine?, at: at?, by })
        },
        |_| None,
    )
}

/// Writes a file of handovers.
#[must_use]
pub fn write_handovers<'r>(rows: impl IntoIterator<Item = &'r HandoverRow>) -> String {
    write::write(
        Kind::Handovers,
        rows.into_iter()
            .map(|row| [row.person.clone(), row.machine.to_string(), print_time(row.at), or_empty(row.by.as_ref())]),
    )
}
