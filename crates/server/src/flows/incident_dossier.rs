//! Gathers the dossier of an incident: what an insurer or a court asks. Was she allowed, who taught her, what was she
//! taught, was the machine in order, who knew? Start at [`run`]. Writes nothing.
//!
//! Everything is told as it was then: the rules by their revisions, the facts of each tap as they were read when it was
//! decided, references in the wording of the version that was awarded.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use serde_json::Value as Json;
use tremen_rules::authority::Act;
use tremen_rules::counting::{Ask, Counting};
use tremen_rules::dossier::Role;
use tremen_rules::network::{Machine, Reference, Requirement, Venue};
use tremen_rules::{
    Assurance, AwardId, CardFacts, DenialReason, MachineId, Network, Objection, PersonFacts, PersonId, ReadingFacts,
    Scope, Span, Time, VenueId,
};

use super::erase_person::is_about;
use super::prove_entry::{ProvenEntry, Prover};
use super::{FlowError, Warrant, checks, network};
use crate::store::{
    DecisionRecord, IncidentRow, JournalLine, LockRow, NoteRow, OrderRow, PersonRow, RestrictionRow, RevisionRow,
    SessionRow, StoreError, StoredAward, SuspensionRow, Tx,
};

/// So many entries are read at once.
const PAGE: u32 = 1000;
/// What is told of the machine's past and of who knew goes so far back: 90 days, in milliseconds.
const BEFORE_MS: i64 = 90 * 86_400_000;

/// All that is known around an incident.
#[derive(Debug, Clone)]
pub struct IncidentDossier {
    /// The incident.
    pub incident: IncidentRow,
    /// When the dossier was made.
    pub made_at: Time,
    /// The venue's time zone.
    pub zone: Tz,
    /// The network as it was declared when the incident began.
    pub network: Network,
    /// The machine as it was declared then.
    pub machine: Machine,
    /// Its venue as it was declared then.
    pub venue: Venue,
    /// The revisions in force around it; the first was in force when that time began.
    pub revisions: Vec<RevisionRow>,
    /// Everybody whose facts it needs.
    pub people: Vec<Involved>,
    /// What the machine was asked and what it answered.
    pub taps: Vec<TapLine>,
    /// Its sessions.
    pub sessions: Vec<SessionRow>,
    /// The orders about it.
    pub orders: Vec<OrderRow>,
    /// Its locks in the ninety days before, and since.
    pub locks: Vec<LockRow>,
    /// Earlier incidents on the machine.
    pub earlier: Vec<IncidentRow>,
    /// Who answered for the machine then: manager or referent.
    pub responsible: Vec<(Role, PersonId)>,
    /// What was noted.
    pub notes: Vec<NoteRow>,
    /// What the journal says of all this.
    pub journal: Vec<JournalLine>,
    /// The same, each with a proof that it is in the journal.
    pub proofs: Vec<ProvenEntry>,
    names: BTreeMap<PersonId, PersonRow>,
}

/// Somebody whose facts an incident needs.
#[derive(Debug, Clone)]
pub struct Involved {
    /// Who.
    pub row: PersonRow,
    /// Whether they tapped at the machine around that time.
    pub tapped: bool,
    /// Whether they used it then.
    pub used: bool,
    /// Whether they are named as having been there.
    pub named: bool,
    /// Their awards.
    pub awards: Vec<AwardLine>,
    /// Where they are or were members.
    pub memberships: Vec<(VenueId, Span)>,
    /// What they were restricted to.
    pub restrictions: Vec<RestrictionRow>,
    /// Who showed them which machine, and when.
    pub handovers: Vec<(MachineId, Time, Option<PersonId>)>,
}

impl Involved {
    /// Whether they were there, and did not only teach somebody who was.
    #[must_use]
    pub const fn was_there(&self) -> bool {
        self.tapped || self.used || self.named
    }
}

/// An award with what was taught.
#[derive(Debug, Clone)]
pub struct AwardLine {
    /// The award.
    pub stored: StoredAward,
    /// The reference in the version that was awarded; none where this registry never knew it.
    pub reference: Option<Reference>,
    /// Its suspensions.
    pub suspensions: Vec<SuspensionRow>,
}

/// A tap and what its answer rested on.
#[derive(Debug, Clone)]
pub struct TapLine {
    /// What was answered.
    pub decision: DecisionRecord,
    /// The rules that were in force.
    pub revision: Option<u64>,
    /// All reasons against.
    pub reasons: Vec<DenialReason>,
    /// How surely the card was known.
    pub assurance: Option<Assurance>,
    /// What the machine required, and which of the awards that were read met each.
    pub requirements: Vec<(Requirement, Vec<AwardId>)>,
}

impl IncidentDossier {
    /// What somebody is called: their name, or what stands for them once they are erased.
    #[must_use]
    pub fn name(&self, person: &PersonId) -> String {
        match self.names.get(person) {
            Some(row) if !row.name.is_empty() => row.name.clone(),
            Some(_) | None => format!("[{person}]"),
        }
    }
}

/// Gathers it.
///
/// # Errors
/// When the author may not, there is no such incident, its machine was not declared then, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, incident: i64) -> Result<IncidentDossier, FlowError> {
    let today = network(tx)?;
    let incident = tx.incident(incident)?.ok_or_else(|| FlowError::unknown("incident", incident))?;
    checks::allowed(tx, warrant, &Act::RecordIncident { machine: incident.machine.clone() }, &today)?;
    let around = incident.around();
    let lately = Span::new(incident.span.from.plus_millis(-BEFORE_MS), None);
    let revisions = tx.revisions_in_force(around)?;
    let then = revisions.iter().rev().find(|it| it.at <= incident.span.from).or(revisions.first());
    let network = tx.network_of(then.map_or(0, |it| it.revision))?;
    let undeclared = || FlowError::Refused(format!("machine `{}` was not declared then", incident.machine));
    let machine = network.machines.get(&incident.machine).cloned().ok_or_else(undeclared)?;
    let venue = network.venues.get(&machine.venue).cloned().ok_or_else(undeclared)?;
    let sessions = tx.sessions_on(&incident.machine, around)?;
    let taps = taps(tx, &incident, around)?;
    let responsible = responsible(tx, &machine, incident.span)?;
    let notes = tx.incident_notes(incident.incident)?;
    let people = people(tx, &incident, &taps, &sessions)?;
    let journal = journal(tx, &incident, &people)?;
    let mut prover = Prover::new(tx)?;
    let proofs = journal.iter().map(|line| proven(&mut prover, line.entry)).collect::<Result<_, _>>()?;
    let mut dossier = IncidentDossier {
        made_at: tx.now(),
        zone: venue.time_zone,
        orders: tx.orders_about(&incident.machine, around)?,
        locks: tx.locks_on(&incident.machine, lately)?,
        earlier: tx.incidents()?.into_iter().filter(|it| is_earlier(it, &incident)).collect(),
        journal,
        proofs,
        names: BTreeMap::new(),
        incident,
        network,
        machine,
        venue,
        revisions,
        people,
        taps,
        sessions,
        responsible,
        notes,
    };
    dossier.names = names(tx, &dossier)?;
    Ok(dossier)
}

fn is_earlier(it: &IncidentRow, than: &IncidentRow) -> bool {
    it.machine == than.machine && it.incident != than.incident && it.span.from <= than.span.from
}

fn taps(tx: &Tx<'_>, incident: &IncidentRow, around: Span) -> Result<Vec<TapLine>, FlowError> {
    let mut networks: BTreeMap<u64, Network> = BTreeMap::new();
    let mut lines = Vec::new();
    for decision in tx.decisions_on(&incident.machine, around)? {
        let read = tx.entry(decision.entry)?.and_then(|entry| entry.body).unwrap_or(Json::Null);
        let revision = read.get("revision").and_then(Json::as_u64);
        if let Some(revision) = revision
            && !networks.contains_key(&revision)
        {
            networks.insert(revision, tx.network_of(revision)?);
        }
        let facts = value::<PersonFacts>(&read, "facts");
        let network = revision.and_then(|revision| networks.get(&revision));
        let requirements = match (network, &facts) {
            (Some(network), Some(facts)) => requirements(network, &incident.machine, facts, decision.at),
            (Some(_) | None, _) => Vec::new(),
        };
        let objections = value::<Vec<Objection>>(&read, "objections").unwrap_or_default();
        let mut reasons: Vec<DenialReason> = objections.into_iter().map(|it| it.reason).collect();
        reasons.dedup();
        let assurance = match value::<ReadingFacts>(&read, "reading").map(|it| it.card) {
            Some(CardFacts::Known { assurance, .. }) => Some(assurance),
            Some(CardFacts::NotAsked | CardFacts::Unknown) | None => None,
        };
        lines.push(TapLine { decision, revision, reasons, assurance, requirements });
    }
    Ok(lines)
}

/// A value that a payload holds; none where it does not, or once it was erased.
fn value<T: serde::de::DeserializeOwned>(payload: &Json, name: &str) -> Option<T> {
    payload.get(name).and_then(|it| serde_json::from_value(it.clone()).ok())
}

/// What the machine required, and which awards met each requirement.
fn requirements(
    network: &Network,
    machine: &MachineId,
    facts: &PersonFacts,
    at: Time,
) -> Vec<(Requirement, Vec<AwardId>)> {
    let Some(machine) = network.machines.get(machine) else { return Vec::new() };
    let Some(venue) = network.venues.get(&machine.venue) else { return Vec::new() };
    let counting = Counting { network, venue, person: facts };
    let met = |requirement: &Requirement| {
        let ask = Ask::requirement(requirement, machine);
        let counts = |award: &&tremen_rules::Award| counting.test(award, &ask, at).is_ok();
        facts.awards.iter().filter(counts).map(|award| award.id.clone()).collect()
    };
    machine.requires.iter().map(|requirement| (requirement.clone(), met(requirement))).collect()
}

fn people(
    tx: &Tx<'_>,
    incident: &IncidentRow,
    taps: &[TapLine],
    sessions: &[SessionRow],
) -> Result<Vec<Involved>, FlowError> {
    let named = tx.people_named_in(incident.incident)?;
    let mut people = Vec::new();
    for person in tx.people_of_incident(incident)? {
        let Some(row) = tx.person(&person)? else { continue };
        let mut awards = Vec::new();
        for stored in tx.awards_of(&person)? {
            let reference = tx.reference_version(&stored.award.reference, stored.award.version)?;
            let suspensions = tx.suspensions_of(&stored.award.id)?;
            awards.push(AwardLine { stored, reference, suspensions });
        }
        people.push(Involved {
            tapped: taps.iter().any(|it| it.decision.person.as_ref() == Some(&person)),
            used: sessions.iter().any(|it| it.person == person),
            named: named.contains(&person),
            awards,
            memberships: tx.memberships_of(&person)?,
            restrictions: tx.restrictions_of(&person)?,
            handovers: tx.handovers_of(&person)?,
            row,
        });
    }
    // first who was there, by name
    people.sort_by(|a, b| (!a.was_there(), &a.row.name).cmp(&(!b.was_there(), &b.row.name)));
    Ok(people)
}

/// Managers of the venue and referents of the machine whose roles covered some of the time.
fn responsible(tx: &Tx<'_>, machine: &Machine, span: Span) -> Result<Vec<(Role, PersonId)>, FlowError> {
    let scopes = [Scope::Venue(machine.venue.clone()), Scope::Machine(machine.id.clone())];
    let mut responsible = Vec::new();
    for held in tx.roles_over(&scopes)? {
        let end = held.ended_at.unwrap_or(Time::MAX).min(held.span.end());
        if matches!(held.role, Role::Manager | Role::Referent) && held.span.from < span.end() && end > span.from {
            responsible.push((held.role, held.person));
        }
    }
    Ok(responsible)
}

/// What the journal says of the machine around that time, of the incident until now, and of these people besides taps.
fn journal(tx: &Tx<'_>, incident: &IncidentRow, people: &[Involved]) -> Result<Vec<JournalLine>, FlowError> {
    const TAPS: [&str; 5] = ["access_granted", "access_denied", "access_done", "access_needs_more", "session_ended"];
    let around = incident.around();
    let there: Vec<&PersonId> = people.iter().filter(|it| it.was_there()).map(|it| &it.row.person).collect();
    let (mut lines, mut last) = (Vec::new(), 0);
    loop {
        let page = tx.journal_lines(last, Span::since(Time::from_millis(i64::MIN)), PAGE)?;
        let Some(end) = page.last() else { return Ok(lines) };
        last = end.entry;
        for line in page {
            let body: Json = line.body.as_deref().and_then(|it| serde_json::from_str(it).ok()).unwrap_or(Json::Null);
            let of_machine = body.get("machine").and_then(Json::as_str) == Some(incident.machine.as_str());
            let of_it = of_machine && (around.covers(line.at) || line.kind.starts_with("incident_"));
            let of_them = !TAPS.contains(&line.kind.as_str()) && there.iter().any(|person| is_about(&body, person));
            let of_clock = around.covers(line.at) && line.kind.starts_with("clock_");
            if of_it || of_them || of_clock {
                lines.push(line);
            }
        }
    }
}

/// An entry with its proof; without one where the journal's tree was tampered with: the dossier tells what it can.
fn proven(prover: &mut Prover<'_>, entry: i64) -> Result<ProvenEntry, FlowError> {
    match prover.prove(entry) {
        Err(FlowError::Store(StoreError::Unreadable(_))) => prover.unproven(entry),
        proven => proven,
    }
}

fn names(tx: &Tx<'_>, dossier: &IncidentDossier) -> Result<BTreeMap<PersonId, PersonRow>, FlowError> {
    let mut wanted: BTreeSet<PersonId> = dossier.responsible.iter().map(|it| it.1.clone()).collect();
    wanted.extend(dossier.notes.iter().filter_map(|it| it.by.clone()));
    wanted.extend(dossier.incident.opened_by.clone());
    for person in &dossier.people {
        wanted.insert(person.row.person.clone());
        wanted.extend(person.awards.iter().filter_map(|it| it.stored.awarded_by.clone()));
        wanted.extend(person.handovers.iter().filter_map(|it| it.2.clone()));
    }
    for line in &dossier.journal {
        let body: Option<Json> = line.body.as_deref().and_then(|it| serde_json::from_str(it).ok());
        let by = body.and_then(|body| PersonId::parse(body.pointer("/by/person")?.as_str()?).ok());
        wanted.extend(by);
    }
    let mut names = BTreeMap::new();
    for person in wanted {
        if let Some(row) = tx.person(&person)? {
            names.insert(person, row);
        }
    }
    Ok(names)
}
