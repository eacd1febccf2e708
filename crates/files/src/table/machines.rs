//! `machines`: what stands where, and what it asks of people.

use chrono_tz::Tz;
use tremen_rules::network::Hazard;
use tremen_rules::{Level, MachineId, ReferenceId, VenueId};

use super::cells::{id, level, line_of_text};
use super::{Column, Identity, Kind, RowError, Table, needed, optional, read, write};
use crate::shorten::shortened;
use crate::words::{HAZARDS, one_of, word};

pub(super) const COLUMNS: [Column; 6] =
    [needed("machine"), needed("venue"), needed("name"), needed("kind"), needed("hazard"), optional("requires")];

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineRow {
    /// Its id.
    pub machine: MachineId,
    /// Where it stands.
    pub venue: VenueId,
    /// Its name, for people.
    pub name: String,
    /// What it is, for search.
    pub kind: String,
    /// Its hazard class.
    pub hazard: Hazard,
    /// All of these must be held.
    pub requires: Vec<Required>,
}

/// A reference that must be held at a level or above.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Required {
    /// Which reference.
    pub reference: ReferenceId,
    /// The lowest level that suffices.
    pub level: Level,
}

/// Reads a file of machines.
///
/// # Errors
/// Every [`RowError`] of the file, by line.
pub fn read_machines(bytes: &[u8], zone: Tz) -> Result<Table<MachineRow>, Vec<RowError>> {
    read(
        Kind::Machines,
        bytes,
        zone,
        |cells| {
            let machine = cells.needed("machine", id(MachineId::parse));
            let venue = cells.needed("venue", id(VenueId::parse));
            let name = cells.needed("name", line_of_text);
            let kind = cells.needed("kind", line_of_text);
            let hazard = cells.needed("hazard", |text| one_of(text, "a hazard class", &HAZARDS));
            let requires = cells.optional("requires", requires).unwrap_or_default();
            Some(MachineRow { machine: machine?, venue: venue?, name: name?, kind: kind?, hazard: hazard?, requires })
        },
        |row| Some(Identity { column: Some("machine"), key: row.machine.to_string(), fact: "this machine" }),
    )
}

/// Writes a file of machines.
#[must_use]
pub fn write_machines<'r>(rows: impl IntoIterator<Item = &'r MachineRow>) -> String {
    write::write(
        Kind::Machines,
        rows.into_iter().map(|row| {
            let requires =
                row.requires.iter().map(|required| format!("{}:{}", required.reference, required.level.number()));
            [
                row.machine.to_string(),
                row.venue.to_string(),
                row.name.clone(),
                row.kind.clone(),
                word(&row.hazard, &HAZARDS).to_owned(),
                requires.collect::<Vec<_>>().join(" "),
            ]
        }),
    )
}

fn requires(text: &str) -> Result<Vec<Required>, String> {
    let mut all: Vec<Required> = Vec::new();
    let mut named = std::collections::BTreeSet::new();
    for word in text.split_whitespace() {
        let (reference, number) = word.split_once(':').ok_or_else(|| {
            format!(
                "`{}` lacks its level: `reference:level`, several with a space, for example `decoupe-laser:2`",
                shortened(word)
            )
        })?;
        let reference = id(ReferenceId::parse)(reference).map_err(|error| error.to_string())?;
        let level = level(number).map_err(|problem| format!("`{}`: {problem}", shortened(word)))?;
        if !named.insert(reference.clone()) {
            return Err(format!("`{reference}` stands twice; name it once, with the level that is needed"));
        }
        all.push(Required { reference, level });
    }
    Ok(all)
}
