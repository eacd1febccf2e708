//! What the imports of all kinds of file have in common: all rows or none, every bad row listed with its line.
//!
//! Start at [`Imported`]. Each kind has its own file: `import_people.rs`, `import_awards.rs` ...

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use tremen_files::nearest::did_you_mean;
use tremen_files::table::RowError;
use tremen_rules::authority::Act;
use tremen_rules::{Network, PersonId};

use super::checks::Author;
use super::{Effects, FlowError, InForce, Warrant, network, sessions};
use crate::store::{StoreError, Tx};

/// Among so many keys at most a mistyped one is looked for.
const COMPARED_KEYS: u32 = 20_000;

/// Why a file was not imported. Nothing of it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Rows are refused: all of them, by line.
    #[error("{} of the file's rows {} refused, so none was imported", .0.len(), if .0.len() == 1 { "is" } else { "are" })]
    Rows(Vec<RowError>),
    /// The store or the network is not ready for it.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Flow(error.into())
    }
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// Rows that were new.
    pub added: usize,
    /// Rows that changed something.
    pub changed: usize,
    /// Rows that were known as they are.
    pub unchanged: usize,
    /// What it did beside; without an entry when nothing changed.
    pub effects: Effects,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Added,
    Changed,
    Unchanged,
}

/// A refusal of a row: the column that it is about, and what is wrong.
pub(super) type Problem = (Option<&'static str>, String);

/// A refusal that is about one column.
pub(super) fn at<T>(column: &'static str, problem: impl Into<String>) -> Result<T, Problem> {
    Err((Some(column), problem.into()))
}

/// An import at work.
pub(super) struct Import<'w> {
    pub warrant: &'w Warrant,
    pub network: InForce,
    author: Author<'w>,
    ids: BTreeMap<String, Option<PersonId>>,
    keys: Option<Vec<String>>,
    problems: Vec<RowError>,
    done: Imported,
}

impl<'w> Import<'w> {
    pub(super) fn begin(tx: &mut Tx<'_>, warrant: &'w Warrant) -> Result<Self, ImportError> {
        Ok(Self {
            warrant,
            network: network(tx)?,
            author: Author::of(tx, warrant)?,
            ids: BTreeMap::new(),
            keys: None,
            problems: Vec::new(),
            done: Imported::default(),
        })
    }

    /// Whether no row is refused so far.
    pub(super) fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// Notes what became of the row that begins on a line.
    pub(super) fn note(&mut self, line: usize, fate: Result<Fate, Problem>) {
        match fate {
            Ok(Fate::Added) => self.done.added += 1,
            Ok(Fate::Changed) => self.done.changed += 1,
            Ok(Fate::Unchanged) => self.done.unchanged += 1,
            Err((column, problem)) => self.problems.push(RowError { line, column, problem }),
        }
    }

    /// The random id of the person with this key.
    pub(super) fn person(
        &mut self,
        tx: &Tx<'_>,
        column: &'static str,
        key: &str,
    ) -> Result<Result<PersonId, Problem>, StoreError> {
        if !self.ids.contains_key(key) {
            let known = tx.person_by_key(key)?.map(|row| row.person);
            self.ids.insert(key.to_owned(), known);
        }
        if let Some(person) = self.ids.get(key).cloned().flatten() {
            return Ok(Ok(person));
        }
        if self.keys.is_none() {
            self.keys = Some(tx.people_after("", COMPARED_KEYS)?.into_iter().map(|row| row.key).collect());
        }
        let hint = did_you_mean(key, self.keys.iter().flatten().map(String::as_str));
        let hint = if hint.is_empty() { "; import the people first".to_owned() } else { hint };
        Ok(at(column, format!("no person has the key `{key}`{hint}")))
    }

    /// Remembers a person whom this import enters.
    pub(super) fn knows(&mut self, key: &str, person: PersonId) {
        self.ids.insert(key.to_owned(), Some(person));
    }

    /// Checks that whoever imports may do what the row does.
    pub(super) fn may(&self, tx: &Tx<'_>, act: &Act) -> Result<(), Problem> {
        self.author.may(tx, act, &self.network).map_err(|why| (None, why))
    }

    /// Writes the journal entry of one row's change.
    pub(super) fn record(&self, tx: &Tx<'_>, kind: &str, what: Json) -> Result<i64, StoreError> {
        tx.record(kind, &self.warrant.story(what))
    }

    /// Ends the checks: refused whole if a row is.
    pub(super) fn checked(mut self) -> Result<Imported, ImportError> {
        if self.problems.is_empty() {
            return Ok(self.done);
        }
        self.problems.sort();
        Err(ImportError::Rows(self.problems))
    }

    /// Ends the import: refused whole if a row is, else its own journal entry and a look at all running sessions.
    pub(super) fn finish(self, tx: &mut Tx<'_>, what: &str) -> Result<Imported, ImportError> {
        let warrant = self.warrant;
        conclude(tx, warrant, what, self.checked()?, None)
    }
}

/// Tells of an import whose rows are written, and looks at all running sessions; one that was staged is named.
pub(super) fn conclude(
    tx: &mut Tx<'_>,
    warrant: &Warrant,
    what: &str,
    mut done: Imported,
    import: Option<i64>,
) -> Result<Imported, ImportError> {
    if done.added + done.changed > 0 {
        let Imported { added, changed, unchanged, .. } = done;
        let mut story = json!({ "kind": what, "added": added, "changed": changed, "unchanged": unchanged });
        if let (Some(story), Some(import)) = (story.as_object_mut(), import) {
            story.insert("import".to_owned(), json!(import));
        }
        let entry = tx.record("file_imported", &warrant.story(story))?;
        let stopped = sessions::review_all(tx, entry)?;
        done.effects = Effects { entry, stopped };
    }
    Ok(done)
}

/// Refuses an id that the network does not declare, with the nearest that it does.
pub(super) fn declared<'n>(
    column: &'static str,
    what: &str,
    id: &str,
    known: impl Iterator<Item = &'n str> + Clone,
) -> Result<(), Problem> {
    if known.clone().any(|name| name == id) {
        return Ok(());
    }
    at(column, format!("no {what} has the id `{id}`{}", did_you_mean(id, known)))
}

/// Refuses a machine that the network does not declare.
pub(super) fn machine_exists(network: &Network, machine: &tremen_rules::MachineId) -> Result<(), Problem> {
    if network.machines.contains_key(machine) {
        return Ok(());
    }
    declared("machine", "machine", machine.as_str(), network.machines.keys().map(|id| id.as_str()))
}

/// Refuses a scope whose thing the network does not declare.
pub(super) fn scope_exists(network: &Network, scope: &tremen_rules::Scope) -> Result<(), Problem> {
    super::checks::scope_exists(network, scope).or_else(|error| at("scope", error.to_string()))
}
