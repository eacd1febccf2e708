//! Imports machines: declares new ones with the network file's defaults, corrects what the columns say of the others and
//! leaves their policies alone. Start at [`run`].

use serde_json::json;
use tremen_files::table::{MachineRow as FileRow, Required, Row};
use tremen_rules::authority::Act;
use tremen_rules::network::{Machine, Offline, Requirement, StopPolicy};
use tremen_rules::{Assurance, Level, Network};

use super::import::{Fate, Import, ImportError, Imported, Problem, declared};
use super::{Warrant, apply_network};
use crate::store::Tx;

/// Imports machines.
///
/// # Errors
/// Every bad row with its line; or when the network would be flawed, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, rows: &[Row<FileRow>]) -> Result<Imported, ImportError> {
    let mut import = Import::begin(tx, warrant)?;
    let mut network: Network = (*import.network).clone();
    let mut touched = Vec::new();
    for Row { line, row } in rows {
        let fate = machine(tx, &import, &network, row);
        let fate = fate.map(|(fate, machine)| {
            if fate != Fate::Unchanged {
                touched.push(machine.id.clone());
                network.machines.insert(machine.id.clone(), machine);
            }
            fate
        });
        import.note(*line, fate);
    }
    if !touched.is_empty() && import.is_clean() {
        apply_network::checked(&network)?;
        let entry = import.record(tx, "machines_declared", json!({ "machines": touched }))?;
        tx.declare(&network, entry, "page")?;
    }
    import.finish(tx, "machines")
}

fn machine(tx: &Tx<'_>, import: &Import<'_>, network: &Network, row: &FileRow) -> Result<(Fate, Machine), Problem> {
    declared("venue", "venue", row.venue.as_str(), network.venues.keys().map(|id| id.as_str()))?;
    for required in &row.requires {
        let known = network.references.keys().map(|id| id.as_str());
        declared("requires", "reference", required.reference.as_str(), known)?;
    }
    let known = network.machines.get(&row.machine);
    let wanted = Machine {
        id: row.machine.clone(),
        venue: row.venue.clone(),
        name: row.name.clone(),
        kind: row.kind.clone(),
        hazard: row.hazard,
        ..known.cloned().unwrap_or_else(|| with_defaults(row))
    };
    let wanted = Machine { requires: requirements(known, &row.requires), ..wanted };
    if known == Some(&wanted) {
        return Ok((Fate::Unchanged, wanted));
    }
    for venue in known.map(|known| &known.venue).into_iter().chain([&row.venue]) {
        import.may(tx, &Act::ChangeVenue { venue: venue.clone() })?;
    }
    Ok((if known.is_some() { Fate::Changed } else { Fate::Added }, wanted))
}

/// A new machine as the network file would read one that says no more.
fn with_defaults(row: &FileRow) -> Machine {
    Machine {
        id: row.machine.clone(),
        venue: row.venue.clone(),
        name: row.name.clone(),
        kind: row.kind.clone(),
        hazard: row.hazard,
        requires: Vec::new(),
        autonomous_from: Level::Discovery,
        supervisor_level: Level::Trainer,
        handover: false,
        members_only: None,
        min_age: None,
        min_assurance: Assurance::A0,
        stop_policy: StopPolicy::Immediate,
        lease_seconds: 60,
        max_session_minutes: None,
        idle_minutes: None,
        offline: Offline::Deny,
        auxiliaries: Vec::new(),
    }
}

/// What a machine asks for once the row is applied. A cell that is empty, or says what is known as well as it can, takes
/// nothing away: neither alternatives nor least versions have a place in it.
fn requirements(known: Option<&Machine>, said: &[Required]) -> Vec<Requirement> {
    let held = known.map(|known| known.requires.clone()).unwrap_or_default();
    if said.is_empty() || said == in_a_cell(&held) {
        return held;
    }
    let requirement = |required: &Required| {
        let references = vec![required.reference.clone()];
        let same = held.iter().find(|held| held.references == references && held.level == required.level);
        same.cloned().unwrap_or(Requirement { references, level: required.level, min_version: None })
    };
    said.iter().map(requirement).collect()
}

/// Requirements as far as a cell can say them: of alternatives the first.
pub(super) fn in_a_cell(requirements: &[Requirement]) -> Vec<Required> {
    let required = |it: &Requirement| Some(Required { reference: it.references.first()?.clone(), level: it.level });
    requirements.iter().filter_map(required).collect()
}
