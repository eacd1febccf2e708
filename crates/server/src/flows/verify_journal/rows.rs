//! Rows of facts held to the entries that made, changed and ended them ([`claims`](crate::flows::claims)): a row that no
//! entry tells of, an entry whose row is missing, a column that says something else.
//!
//! Excused is what the journal itself says went: rows that retention let go, rows of a person who was erased, awards of an
//! import that was given up.

use std::collections::hash_map::Entry as Slot;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use serde_json::Value as Json;

use super::Pass;
use crate::flows::claims::{Claim, claims, claims_rows};
use crate::keys::hex;
use crate::store::{EntryRow, HELD, HeldRow, HeldTable, Said, StoreError, Tx, name_of_row};

/// What the entries tell of rows.
#[derive(Default)]
pub(super) struct Rows {
    /// Rows by name: few bytes for each, since there can be a million.
    claimed: HashMap<[u8; 16], Claimed>,
    /// Rows that retention let go, by name in hexadecimal, each with the entry that says so.
    let_go: HashMap<String, i64>,
    /// Entries that tell of a person's erasure, and whose; none once that is erased too.
    erasures: HashMap<i64, Option<u64>>,
    /// Imports that were given up.
    abandoned: HashSet<u64>,
    /// When the clock was set: entry, instant after it, and by how much.
    steps: Vec<(i64, i64, i64)>,
    /// Nobody can choose a text that looks like another one here: its keys are drawn anew each time.
    hasher: RandomState,
}

/// What the entries claim of one row.
struct Claimed {
    table: &'static HeldTable,
    /// The last entry that tells of it.
    last: i64,
    person: Option<u64>,
    import: Option<u64>,
    /// By column; entry 0: nothing is claimed of it.
    columns: Box<[Value]>,
    is_there: bool,
}

#[derive(Clone, Copy, Default)]
struct Value {
    entry: i64,
    value: u64,
}

impl Rows {
    /// Takes what an entry tells, if it tells of rows.
    pub(super) fn gather(&mut self, row: &EntryRow<'_>, body: Option<&str>) {
        match row.kind {
            "retention_applied" | "person_erased" | "import_abandoned" => {}
            kind if claims_rows(kind) => {}
            _ => return,
        }
        let Some(body) = body.and_then(|body| serde_json::from_str::<Json>(body).ok()) else {
            if row.kind == "person_erased" {
                self.erasures.insert(row.entry, None);
            }
            return;
        };
        match row.kind {
            "retention_applied" => {
                let names = body.get("let_go").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
                self.let_go.extend(names.map(|name| (name.to_owned(), row.entry)));
            }
            "person_erased" => {
                let whose = self.text(&body, "person");
                self.erasures.insert(row.entry, whose);
            }
            "import_abandoned" => {
                self.abandoned.extend(body.get("import").and_then(Json::as_i64).map(|it| self.short(&Said::Int(it))));
            }
            _ => {
                let person = self.text(&body, "person");
                for claim in claims(row.kind, row.at, &body) {
                    self.claim(row.entry, person, &claim);
                }
            }
        }
    }

    fn text(&self, body: &Json, field: &str) -> Option<u64> {
        body.get(field).and_then(Json::as_str).map(|text| self.short(&Said::Text(text.into())))
    }

    /// A value in few bytes; a number is itself, so that an instant can be moved with the clock.
    fn short(&self, said: &Said<'_>) -> u64 {
        match said {
            Said::Int(number) => u64::from_ne_bytes(number.to_ne_bytes()),
            Said::Null | Said::Text(_) => self.hasher.hash_one(said),
        }
    }

    fn claim(&mut self, entry: i64, person: Option<u64>, claim: &Claim<'_>) {
        let import = claim.table.columns.iter().position(|(name, _)| *name == "import");
        let import = claim.columns.iter().find(|(place, said)| Some(*place) == import && *said != Said::Null);
        let import = import.map(|(_, said)| self.short(said));
        let values: Vec<(usize, u64)> = claim.columns.iter().map(|(place, said)| (*place, self.short(said))).collect();
        let claimed = match self.claimed.entry(name_of_row(claim.table, &claim.key)) {
            Slot::Occupied(known) => known.into_mut(),
            Slot::Vacant(free) => free.insert(Claimed {
                table: claim.table,
                last: entry,
                person,
                import,
                columns: vec![Value::default(); claim.table.columns.len()].into(),
                is_there: false,
            }),
        };
        claimed.last = claimed.last.max(entry);
        claimed.import = claimed.import.or(import);
        for (place, value) in values {
            // leaves stand nearly always in the order of their entries
            if let Some(column) = claimed.columns.get_mut(place).filter(|column| column.entry <= entry) {
                *column = Value { entry, value };
            }
        }
    }

    /// Holds all rows to what was gathered.
    pub(super) fn compare(&mut self, tx: &Tx<'_>, pass: &mut Pass) -> Result<(), StoreError> {
        let erased = self.erased_people(tx, pass)?;
        self.steps = tx.clock_steps()?;
        for table in &HELD {
            tx.scan_held(table, |row| {
                pass.report.rows += 1;
                self.hold(table, &row, &erased, pass);
                Ok(())
            })?;
        }
        let mut missing: Vec<_> = self.claimed.iter().filter(|(_, claimed)| !claimed.is_there).collect();
        missing.sort_by_key(|(_, claimed)| claimed.last);
        for (name, claimed) in missing {
            let is_excused = claimed.person.is_some_and(|person| erased.contains(&person))
                || claimed.import.is_some_and(|import| self.abandoned.contains(&import))
                || self.let_go.get(&hex(name)).is_some_and(|entry| *entry > claimed.last);
            if !is_excused {
                pass.fault(
                    format!("{} of entry {}", claimed.table.noun, claimed.last),
                    "missing: the entry tells of it",
                );
            }
        }
        Ok(())
    }

    /// People who were erased, as their rows and the entries of their erasures say.
    fn erased_people(&self, tx: &Tx<'_>, pass: &mut Pass) -> Result<HashSet<u64>, StoreError> {
        let mut erased = HashSet::new();
        let mut causes = HashSet::new();
        for (person, cause) in tx.erasures()? {
            let short = self.short(&Said::Text((&person).into()));
            let is_told = self.erasures.get(&cause).is_some_and(|whose| whose.is_none_or(|whose| whose == short));
            if is_told && causes.insert(cause) {
                erased.insert(short);
            } else {
                pass.fault(format!("erasure of {person}"), format!("entry {cause} does not tell of it"));
            }
        }
        Ok(erased)
    }

    fn hold(&mut self, table: &HeldTable, row: &HeldRow<'_>, erased: &HashSet<u64>, pass: &mut Pass) {
        let place = || {
            let parts = row.key.iter().map(|part| match part {
                Said::Null => "none".to_owned(),
                Said::Int(number) => number.to_string(),
                Said::Text(text) => text.to_string(),
            });
            format!("{} {}", table.noun, parts.collect::<Vec<_>>().join(" "))
        };
        let name = name_of_row(table, &row.key);
        let values: Vec<u64> = row.columns.iter().map(|said| self.short(said)).collect();
        let let_go = self.let_go.get(&hex(&name)).copied();
        let is_erased = erased.contains(&self.short(&row.owner));
        let Some(claimed) = self.claimed.get_mut(&name) else {
            match let_go {
                _ if is_erased => {}
                Some(_) if table.outlasts() => {}
                Some(entry) => pass.fault(place(), format!("entry {entry} tells that it was let go")),
                None => pass.fault(place(), "no entry tells of it: it was put in or moved"),
            }
            return;
        };
        claimed.is_there = true;
        if is_erased && claimed.person.is_none_or(|person| erased.contains(&person)) {
            return;
        }
        if let Some(entry) = let_go.filter(|entry| *entry > claimed.last) {
            if !table.outlasts() {
                pass.fault(place(), format!("entry {entry} tells that it was let go"));
            }
            return;
        }
        for ((column, _), (told, value)) in table.columns.iter().zip(claimed.columns.iter().zip(values)) {
            if told.entry != 0 && told.value != value && !moved(&self.steps, *told, value) {
                pass.fault(place(), format!("its {column} is not what entry {} says", told.entry));
            }
        }
    }
}

/// Whether an instant is what it was when it was told, but for the times that the clock was set back since.
fn moved(steps: &[(i64, i64, i64)], told: Value, value: u64) -> bool {
    let mut expected = i64::from_ne_bytes(told.value.to_ne_bytes());
    for (_, now, step) in steps.iter().filter(|(entry, ..)| *entry > told.entry) {
        if expected > *now {
            expected = expected.saturating_add(*step);
        }
    }
    u64::from_ne_bytes(expected.to_ne_bytes()) == value
}
