//! Decisions held to their entries: each has the entry that its row names, with the same instant, verdict and facts, and
//! each entry that tells of a decision has one.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};

use super::Pass;
use crate::store::{DecisionRecord, EntryRow, StoreError, Tx};

/// The kinds of entries that tell of a decision, and the verdict that each means.
const VERDICTS: [(&str, &str); 4] =
    [("access_granted", "grant"), ("access_done", "done"), ("access_denied", "deny"), ("access_needs_more", "more")];

/// What an entry tells of its decision, in few bytes.
struct Told {
    entry: i64,
    at: i64,
    verdict: &'static str,
    /// Which facts its payload tells, and their hash; none where the payload is erased or was changed.
    facts: Option<(Mask, [u8; 16])>,
    has_decision: bool,
}

/// Which of the six facts an entry tells.
type Mask = [bool; 6];

/// The facts of a payload that a decision's row says too.
#[derive(Deserialize)]
struct Body<'b> {
    #[serde(borrow, default, deserialize_with = "told")]
    machine: Option<Option<Cow<'b, str>>>,
    #[serde(borrow, default, deserialize_with = "told")]
    controller: Option<Option<Cow<'b, str>>>,
    #[serde(borrow, default, deserialize_with = "told")]
    intent: Option<Option<Cow<'b, str>>>,
    #[serde(borrow, default, deserialize_with = "told")]
    session: Option<Option<Cow<'b, str>>>,
    #[serde(borrow, default, deserialize_with = "told")]
    objections: Option<Option<Vec<Objection<'b>>>>,
    #[serde(borrow, default, deserialize_with = "told")]
    facts: Option<Option<Person<'b>>>,
}

#[derive(Deserialize)]
struct Objection<'b> {
    #[serde(borrow)]
    reason: Cow<'b, str>,
}

#[derive(Deserialize)]
struct Person<'b> {
    #[serde(borrow)]
    person: Cow<'b, str>,
}

/// Tells null from absent.
fn told<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// What the entries tell of decisions.
#[derive(Default)]
pub(super) struct Decisions {
    told: Vec<Told>,
}

impl Decisions {
    /// Takes what an entry tells, if it tells of a decision.
    pub(super) fn gather(&mut self, row: &EntryRow<'_>, body: Option<&str>) {
        let Some((_, verdict)) = VERDICTS.into_iter().find(|(kind, _)| *kind == row.kind) else { return };
        let facts = body.and_then(|body| serde_json::from_str::<Body<'_>>(body).ok()).map(|body| {
            let facts = [
                body.machine,
                body.controller,
                body.intent,
                body.session,
                body.objections.map(|all| all.and_then(|all| all.into_iter().next()).map(|first| first.reason)),
                body.facts.map(|facts| facts.map(|facts| facts.person)),
            ];
            let mask = [0, 1, 2, 3, 4, 5].map(|at: usize| facts.get(at).is_some_and(Option::is_some));
            let facts = facts.each_ref().map(|fact| fact.as_ref().and_then(|fact| fact.as_deref()));
            (mask, print(&mask, facts))
        });
        self.told.push(Told { entry: row.entry, at: row.at, verdict, facts, has_decision: false });
    }

    /// Holds all decisions to what was gathered.
    pub(super) fn compare(&mut self, tx: &Tx<'_>, pass: &mut Pass) -> Result<(), StoreError> {
        self.told.sort_by_key(|told| told.entry);
        tx.scan_decisions(|row| {
            pass.report.decisions += 1;
            if let Some(why) = self.why_not(&row) {
                pass.fault(format!("decision {}", row.decision), why);
            }
            Ok(())
        })?;
        for told in self.told.iter().filter(|told| !told.has_decision && told.facts.is_some()) {
            pass.fault(format!("decision of entry {}", told.entry), "missing: the entry tells of it");
        }
        Ok(())
    }

    fn why_not(&mut self, row: &DecisionRecord) -> Option<String> {
        let found = self.told.binary_search_by_key(&row.entry, |told| told.entry).ok();
        let Some(told) = found.and_then(|at| self.told.get_mut(at)) else {
            return Some(format!("its entry {} is missing or tells of no decision", row.entry));
        };
        if std::mem::replace(&mut told.has_decision, true) {
            return Some(format!("entry {} has another decision already", row.entry));
        }
        if told.verdict != row.verdict {
            return Some(format!("it says {}, its entry {} says {}", row.verdict, row.entry, told.verdict));
        }
        if told.at != row.at.millis() {
            return Some(format!("its instant is not that of entry {}", row.entry));
        }
        let (mask, expected) = told.facts?;
        let session = row.session.map(|session| session.to_string());
        let facts = [
            Some(row.machine.as_str()),
            Some(row.controller.as_str()),
            Some(row.intent.as_str()),
            session.as_deref(),
            row.reason.as_deref(),
            row.person.as_ref().map(tremen_rules::PersonId::as_str),
        ];
        (print(&mask, facts) != expected).then(|| {
            format!("its machine, controller, intent, session, reason or person is not what entry {} says", row.entry)
        })
    }
}

/// A short hash of the facts that a mask names.
fn print(mask: &Mask, facts: [Option<&str>; 6]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for (fact, _) in facts.into_iter().zip(mask).filter(|(_, told)| **told) {
        match fact {
            None => hash.update([0]),
            Some(text) => {
                hash.update([1]);
                hash.update(text.len().to_be_bytes());
                hash.update(text);
            }
        }
    }
    let whole: [u8; 32] = hash.finalize().into();
    whole.first_chunk().copied().unwrap_or_default()
}
