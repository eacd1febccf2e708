//! Imports awards. Start at [`run`].
//!
//! An award is never edited: a known award may be revoked or suspended by its row, and nothing else about it changes. A
//! row with an id is the award of that id, a row without one the award of its first six columns. A successor may stand
//! before what it supersedes.
//!
//! First all rows are looked at, which writes nothing (`plan`); then what they ask for is carried out, in the same transaction
//! or, for a large file, in slices (`import_in_slices.rs`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tremen_files::nearest::did_you_mean;
use tremen_files::table::{AwardRow as FileRow, Row};
use tremen_rules::authority::Act;
use tremen_rules::awarding::{AwardError, Draft};
use tremen_rules::{Award, AwardId, Network, PersonFacts, PersonId, Span, Time};

use super::Warrant;
use super::award_reference::story;
use super::checks::print;
use super::import::{Fate, Import, ImportError, Imported, Problem, at, conclude};
use crate::store::{StoreError, StoredAward, SuspensionRow, Tx};

/// An award of the file whose names are known.
struct Candidate<'r> {
    line: usize,
    row: &'r FileRow,
    person: PersonId,
    awarded_by: Option<PersonId>,
    known: Option<StoredAward>,
}

/// What a row asks for, once nothing speaks against it.
#[derive(Debug)]
pub(super) enum Deed {
    /// A new award.
    Make(StoredAward),
    /// An end of a known one.
    End {
        /// As it was known when the row was looked at.
        known: StoredAward,
        suspension: Option<Span>,
        revoked_at: Option<Time>,
        why: Option<String>,
    },
}

impl Deed {
    /// Whether it is about nothing that is there already, so that it can be written long before it counts.
    pub(super) const fn stands_alone(&self) -> bool {
        match self {
            Self::Make(new) => new.supersedes.is_none(),
            Self::End { .. } => false,
        }
    }
}

/// What was true when the rows were looked at, and must be when they come to count.
#[derive(Debug, PartialEq)]
pub(super) struct Grounds {
    revision: u64,
    author: Option<PersonFacts>,
}

impl Grounds {
    pub(super) fn of(tx: &mut Tx<'_>, warrant: &Warrant) -> Result<Self, StoreError> {
        let author = warrant.by.person().map(|person| tx.person_facts(person)).transpose()?;
        Ok(Self { revision: tx.network()?.revision, author })
    }
}

/// A file of which no row is refused.
#[derive(Debug)]
pub(super) struct Plan {
    pub deeds: Vec<Deed>,
    pub done: Imported,
    pub grounds: Grounds,
}

/// Imports awards.
///
/// # Errors
/// Every bad row with its line; or when the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, rows: &[Row<FileRow>]) -> Result<Imported, ImportError> {
    let Plan { deeds, done, .. } = plan(tx, warrant, rows)?;
    for deed in &deeds {
        carry_out(tx, warrant, deed, None)?;
    }
    conclude(tx, warrant, "awards", done, None)
}

/// Looks at all rows, and writes nothing.
///
/// # Errors
/// Every bad row with its line; or when the store fails.
pub(super) fn plan(tx: &mut Tx<'_>, warrant: &Warrant, rows: &[Row<FileRow>]) -> Result<Plan, ImportError> {
    let grounds = Grounds::of(tx, warrant)?;
    let mut import = Import::begin(tx, warrant)?;
    let mut candidates = Vec::with_capacity(rows.len());
    for Row { line, row } in rows {
        match candidate(tx, &mut import, *line, row)? {
            Ok(candidate) => candidates.push(candidate),
            Err(problem) => import.note(*line, Err(problem)),
        }
    }
    let mut deeds = Vec::with_capacity(candidates.len());
    let mut file = BTreeMap::new();
    for candidate in in_order(&mut import, candidates) {
        let asked = match &candidate.known {
            Some(known) => known_award(tx, &import, &candidate, known)?,
            None => new_award(tx, &import, &candidate, &mut file)?,
        };
        let fate = asked.map(|deed| match deed {
            Some(deed @ Deed::Make(_)) => (Fate::Added, Some(deed)),
            Some(deed @ Deed::End { .. }) => (Fate::Changed, Some(deed)),
            None => (Fate::Unchanged, None),
        });
        import.note(
            candidate.line,
            fate.map(|(fate, deed)| {
                deeds.extend(deed);
                fate
            }),
        );
    }
    Ok(Plan { deeds, done: import.checked()?, grounds })
}

/// Writes what a row asks for, with its journal entry; what is staged names its import, from whose activation on it counts.
///
/// # Errors
/// When the store fails.
pub(super) fn carry_out(tx: &Tx<'_>, warrant: &Warrant, deed: &Deed, import: Option<i64>) -> Result<(), StoreError> {
    match deed {
        Deed::Make(new) => {
            let suspended = match import {
                None => tx.add_award(new)?,
                Some(import) => tx.stage_award(new, import)?,
            };
            let mut what = story(new);
            if let Some(what) = what.as_object_mut() {
                what.insert("suspension".to_owned(), json!(new.award.suspensions.first()));
                what.insert("suspended".to_owned(), json!(suspended));
                what.insert("revoked_at".to_owned(), json!(new.award.revoked_at));
                what.insert("told".to_owned(), json!(new.why));
                what.extend(import.map(|import| ("import".to_owned(), json!(import))));
            }
            let kind = if new.supersedes.is_some() { "award_renewed" } else { "award_made" };
            tx.record(kind, &warrant.story(what))?;
        }
        Deed::End { known, suspension, revoked_at, why } => {
            let (person, id, issuer) = (&known.person, &known.award.id, &known.award.issuer);
            if let Some(span) = suspension {
                let suspension = tx.add_suspension(id, *span, why.as_deref())?;
                let story = json!({ "person": person, "award": id, "suspension": suspension, "from": span.from, "until": span.until, "told": why });
                tx.record("award_suspended", &warrant.story(story))?;
            }
            if let Some(revoked_at) = revoked_at {
                tx.revoke_award(id, *revoked_at, why.as_deref())?;
                let story = json!({ "person": person, "award": id, "issuer": issuer, "at": revoked_at, "told": why });
                tx.record("award_revoked", &warrant.story(story))?;
            }
        }
    }
    Ok(())
}

fn candidate<'r>(
    tx: &Tx<'_>,
    import: &mut Import<'_>,
    line: usize,
    row: &'r FileRow,
) -> Result<Result<Candidate<'r>, Problem>, StoreError> {
    let person = match import.person(tx, "person", &row.person)? {
        Ok(person) => person,
        Err(problem) => return Ok(Err(problem)),
    };
    let awarded_by = match row.awarded_by.as_deref().map(|key| import.person(tx, "awarded_by", key)).transpose()? {
        None => None,
        Some(Err(problem)) => return Ok(Err(problem)),
        Some(Ok(by)) if by == person => return Ok(at("awarded_by", "nobody awards for themself")),
        Some(Ok(by)) => Some(by),
    };
    let known = match &row.award {
        Some(id) => tx.award(id)?,
        None => tx.award_like(&person, &plain(tx, row)?)?,
    };
    Ok(Ok(Candidate { line, row, person, awarded_by, known }))
}

/// The row as an award under a throw-away id, for looking it up by its other columns.
fn plain(tx: &Tx<'_>, row: &FileRow) -> Result<Award, StoreError> {
    Ok(Award {
        id: random_id(tx)?,
        reference: row.reference.clone(),
        version: row.version,
        level: row.level,
        issuer: row.issuer.clone(),
        issued_at: row.issued_at,
        valid_until: row.valid_until,
        superseded_at: None,
        revoked_at: None,
        suspensions: Vec::new(),
    })
}

fn random_id(tx: &Tx<'_>) -> Result<AwardId, StoreError> {
    AwardId::try_from(tx.random_id()).map_err(|error| StoreError::Engine(error.to_string()))
}

/// Puts what is superseded before what supersedes it, else as in the file.
fn in_order<'r>(import: &mut Import<'_>, candidates: Vec<Candidate<'r>>) -> Vec<Candidate<'r>> {
    let by_id: BTreeMap<&AwardId, usize> =
        candidates.iter().enumerate().filter_map(|(i, it)| Some((it.row.award.as_ref()?, i))).collect();
    let before = |i: usize| candidates.get(i).and_then(|it| by_id.get(it.row.supersedes.as_ref()?).copied());
    let mut depths: Vec<Option<usize>> = vec![None; candidates.len()];
    let mut circular = BTreeSet::new();
    for start in 0..candidates.len() {
        // down the chain to what is known, then back up
        let mut chain = Vec::new();
        let mut on_chain = BTreeSet::new();
        let mut next = Some(start);
        while let Some(i) = next {
            if depths.get(i).copied().flatten().is_some() || !on_chain.insert(i) {
                break;
            }
            chain.push(i);
            next = before(i);
        }
        let closes = next.is_some_and(|i| on_chain.contains(&i));
        let known_depth = next.and_then(|i| depths.get(i).copied().flatten()).map_or(0, |depth| depth + 1);
        for (depth, i) in (known_depth..).zip(chain.into_iter().rev()) {
            if closes {
                circular.insert(i);
            }
            if let Some(slot) = depths.get_mut(i) {
                *slot = Some(depth);
            }
        }
    }
    let mut ordered: Vec<(usize, usize, Candidate<'r>)> = Vec::with_capacity(candidates.len());
    for (i, candidate) in candidates.into_iter().enumerate() {
        if circular.contains(&i) {
            import.note(candidate.line, at("supersedes", "the award would come to supersede itself"));
        } else {
            ordered.push((depths.get(i).copied().flatten().unwrap_or(0), i, candidate));
        }
    }
    ordered.sort_by_key(|(depth, i, _)| (*depth, *i));
    ordered.into_iter().map(|(_, _, candidate)| candidate).collect()
}

/// A row of an award that is not known. `file` holds what earlier rows make of awards that have an id.
fn new_award(
    tx: &Tx<'_>,
    import: &Import<'_>,
    candidate: &Candidate<'_>,
    file: &mut BTreeMap<AwardId, StoredAward>,
) -> Result<Result<Option<Deed>, Problem>, StoreError> {
    let Candidate { row, person, awarded_by, .. } = candidate;
    if let Some(id) = row.award.as_ref().filter(|id| file.contains_key(*id)) {
        return Ok(at("award", format!("another row of this file makes award `{id}`")));
    }
    let id = match &row.award {
        Some(id) => id.clone(),
        None => random_id(tx)?,
    };
    let draft = Draft {
        id,
        person: person.clone(),
        reference: row.reference.clone(),
        version: Some(row.version),
        level: row.level,
        issuer: row.issuer.clone(),
        issued_at: row.issued_at,
        valid_until: row.valid_until,
    };
    let mut superseded = None;
    let made = match &row.supersedes {
        None => draft.award(&import.network),
        Some(old) => match file.get(old).cloned().map_or_else(|| tx.award(old), |old| Ok(Some(old)))? {
            None => return Ok(at("supersedes", format!("no award has the id `{old}`, here or in this file"))),
            Some(old) => {
                let made = draft.renewal(&old.award, &old.person, &import.network).map(|(_, award)| award);
                superseded = Some(old);
                made
            }
        },
    };
    let mut award = match made {
        Ok(award) => award,
        Err(error) => return Ok(Err(problem_of(&error, &import.network))),
    };
    if let Err(problem) = author_may(tx, import, candidate, row.supersedes.is_some()) {
        return Ok(Err(problem));
    }
    award.suspensions = row.suspension.into_iter().collect();
    award.revoked_at = row.revoked_at;
    let stored = StoredAward {
        person: person.clone(),
        award,
        given_id: row.award.is_some(),
        awarded_by: awarded_by.clone(),
        supersedes: row.supersedes.clone(),
        why: row.why.clone(),
    };
    if let Some(mut old) = superseded {
        old.award.superseded_at = Some(stored.award.issued_at);
        file.insert(old.award.id.clone(), old);
    }
    if stored.given_id {
        file.insert(stored.award.id.clone(), stored.clone());
    }
    Ok(Ok(Some(Deed::Make(stored))))
}

/// Whether who imports may make the award as the row says.
fn author_may(tx: &Tx<'_>, import: &Import<'_>, candidate: &Candidate<'_>, renews: bool) -> Result<(), Problem> {
    let Candidate { row, person, .. } = candidate;
    let (reference, level, issuer, person) = (row.reference.clone(), row.level, row.issuer.clone(), person.clone());
    let act = if renews {
        Act::Renew { reference, level, issuer, person }
    } else {
        Act::Award { reference, level, issuer, person }
    };
    import.may(tx, &act)?;
    author_may_end(tx, import, candidate, row.suspension.is_some(), row.revoked_at.is_some())
}

fn author_may_end(
    tx: &Tx<'_>,
    import: &Import<'_>,
    candidate: &Candidate<'_>,
    suspends: bool,
    revokes: bool,
) -> Result<(), Problem> {
    let (issuer, person) = (&candidate.row.issuer, &candidate.person);
    if suspends {
        import.may(tx, &Act::Suspend { issuer: issuer.clone(), person: person.clone() })?;
    }
    if revokes {
        import.may(tx, &Act::Revoke { issuer: issuer.clone(), person: person.clone() })?;
    }
    Ok(())
}

fn known_award(
    tx: &Tx<'_>,
    import: &Import<'_>,
    candidate: &Candidate<'_>,
    known: &StoredAward,
) -> Result<Result<Option<Deed>, Problem>, StoreError> {
    if let Err(problem) = not_edited(candidate, known) {
        return Ok(Err(problem));
    }
    let Candidate { row, .. } = candidate;
    let id = &known.award.id;
    let same = |made: &SuspensionRow, span: Span| made.span == span || made.effective() == span;
    let suspension = match row.suspension {
        Some(span) if !tx.suspensions_of(id)?.iter().any(|made| same(made, span)) => Some(span),
        Some(_) | None => None,
    };
    let revoked_at = row.revoked_at.filter(|_| known.award.revoked_at.is_none());
    if suspension.is_none() && revoked_at.is_none() {
        return Ok(Ok(None));
    }
    if let Err(problem) = author_may_end(tx, import, candidate, suspension.is_some(), revoked_at.is_some()) {
        return Ok(Err(problem));
    }
    if let Some(Err(error)) = suspension.map(|span| known.award.suspended(span)) {
        return Ok(at("suspended_from", error.to_string()));
    }
    Ok(Ok(Some(Deed::End { known: known.clone(), suspension, revoked_at, why: row.why.clone() })))
}

/// Refuses a row that says of a known award what it is not.
fn not_edited(candidate: &Candidate<'_>, known: &StoredAward) -> Result<(), Problem> {
    let Candidate { row, person, awarded_by, .. } = candidate;
    let award = &known.award;
    if known.person != *person {
        return at("award", format!("award `{}` is somebody else's", award.id));
    }
    let is = |column, known: &dyn std::fmt::Display| {
        at(
            column,
            format!(
                "award `{}` is known with {known}: an award is never edited, only renewed, suspended or revoked",
                award.id
            ),
        )
    };
    if award.reference != row.reference {
        return is("reference", &award.reference);
    }
    if award.version != row.version {
        return is("version", &award.version);
    }
    if award.level != row.level {
        return is("level", &award.level.number());
    }
    if award.issuer != row.issuer {
        return is("issuer", &award.issuer);
    }
    if award.issued_at != row.issued_at {
        return is("issued_at", &print(award.issued_at));
    }
    if row.valid_until.is_some() && row.valid_until != award.valid_until {
        return is("valid_until", &award.valid_until.map_or_else(|| "no end".to_owned(), print));
    }
    if awarded_by.is_some() && *awarded_by != known.awarded_by {
        return is("awarded_by", &"another author");
    }
    if row.supersedes.is_some() && row.supersedes != known.supersedes {
        return is(
            "supersedes",
            &known.supersedes.as_ref().map_or_else(|| "nothing".to_owned(), |id| format!("`{id}`")),
        );
    }
    match (row.revoked_at, award.revoked_at) {
        (Some(said), Some(known)) if said != known => is("revoked_at", &print(known)),
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

/// What is wrong with a row, at the column that says it.
fn problem_of(error: &AwardError, network: &Network) -> Problem {
    let (column, hint) = match error {
        AwardError::UnknownReference(id) => {
            ("reference", did_you_mean(id.as_str(), network.references.keys().map(|known| known.as_str())))
        }
        AwardError::UnknownIssuer(id) => {
            ("issuer", did_you_mean(id.as_str(), network.issuers.keys().map(|known| known.as_str())))
        }
        AwardError::UnknownVersion { .. } => ("version", String::new()),
        AwardError::EndsTooSoon { .. } => ("valid_until", String::new()),
        AwardError::NotTheSame(_) | AwardError::IssuedLater { .. } | AwardError::AlreadySuperseded(_) => {
            ("supersedes", String::new())
        }
        AwardError::AlreadyRevoked(_) => ("revoked_at", String::new()),
        AwardError::EmptySuspension(_) | AwardError::AlreadySuspended(_) | AwardError::NotSuspended(_) => {
            ("suspended_from", String::new())
        }
    };
    (Some(column), format!("{error}{hint}"))
}
