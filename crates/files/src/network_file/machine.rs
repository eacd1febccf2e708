//! `[[machine]]`: what starts, and what it asks of people.

use std::collections::BTreeMap;

use toml::de::DeValue;
use tremen_rules::flaws::Table;
use tremen_rules::network::{Machine, Offline, Requirement, StopPolicy};
use tremen_rules::{Assurance, Level, MachineId, ReferenceId, VenueId};

use super::entries::Entries;
use super::fields::{AT_LEAST_ONE, Fields, Value, found};
use super::sink::Sink;
use crate::nearest::did_you_mean;
use crate::shorten::shortened;
use crate::words::{ASSURANCES, HAZARDS, listed};

const KEYS: [&str; 18] = [
    "id",
    "venue",
    "name",
    "kind",
    "hazard",
    "requires",
    "autonomous_from",
    "supervisor_level",
    "handover",
    "members_only",
    "min_age",
    "min_assurance",
    "stop_policy",
    "lease_seconds",
    "max_session_minutes",
    "idle_minutes",
    "offline",
    "auxiliaries",
];

const STOP_POLICIES: &str = "`\"immediate\"`, `{ graceful = seconds }` or `{ finish_job = longest seconds }`";
const OFFLINE: &str = "`\"deny\"` or `{ allowlist_hours = 1 to 24 }`";

/// What holds for a machine that does not say.
pub(super) const DEFAULT_LEASE_SECONDS: u32 = 60;
pub(super) const DEFAULT_STOP_POLICY: StopPolicy = StopPolicy::Immediate;
pub(super) const DEFAULT_OFFLINE: Offline = Offline::Deny;

/// Reads all machines.
pub(super) fn read(entries: &mut Entries<'_, '_>, sink: &mut Sink<'_>) -> BTreeMap<MachineId, Machine> {
    entries.with_ids(Table::Machine, &KEYS, sink, MachineId::parse, |fields, id| {
        let venue = fields.needed("venue", "the id of the [[venue]] where it stands", |fields, key, value| {
            fields.mention((key, value), Table::Venue, "stands in venue", VenueId::parse)
        });
        let name = fields.needed("name", "its name for people", Fields::text);
        let kind = fields.needed("kind", "what it is, for search, for example \"laser-cutter\"", Fields::text);
        let hazard = fields.needed("hazard", &listed(&HAZARDS), |fields, key, value| {
            fields.word(key, value, "a hazard class", &HAZARDS)
        });
        let requires = fields.optional("requires", |fields, key, value| {
            fields.list(key, value, "a list of `{ reference = [\"...\"], level = 1 }`", requirement)
        });
        let requires = requires.unwrap_or_default();
        let autonomous_from = fields.optional("autonomous_from", Fields::level).unwrap_or(Level::Discovery);
        let supervisor_level = fields.optional("supervisor_level", Fields::level).unwrap_or(Level::Trainer);
        let handover = fields.optional("handover", Fields::boolean).unwrap_or(false);
        let members_only = fields.optional("members_only", Fields::boolean);
        let min_age = fields.optional("min_age", Fields::count);
        let min_assurance =
            fields.optional("min_assurance", |fields, key, value| fields.word(key, value, "an assurance", &ASSURANCES));
        let min_assurance = min_assurance.unwrap_or(Assurance::A0);
        let stop_policy = fields.optional("stop_policy", stop_policy).unwrap_or(DEFAULT_STOP_POLICY);
        let lease_seconds = fields.optional("lease_seconds", |fields, key, value| {
            fields.number(key, value, (10..=3600, "10 to 3600 seconds"))
        });
        let lease_seconds = lease_seconds.unwrap_or(DEFAULT_LEASE_SECONDS);
        let max_session_minutes = fields.optional("max_session_minutes", Fields::count);
        let idle_minutes = fields.optional("idle_minutes", Fields::count);
        let offline = fields.optional("offline", offline).unwrap_or(DEFAULT_OFFLINE);
        let auxiliaries = fields
            .optional("auxiliaries", |fields, key, value| fields.distinct(key, value, "a list of texts", Fields::text));
        let auxiliaries = auxiliaries.unwrap_or_default();
        Some(Machine {
            id,
            venue: venue?,
            name: name?,
            kind: kind?,
            hazard: hazard?,
            requires,
            autonomous_from,
            supervisor_level,
            handover,
            members_only,
            min_age,
            min_assurance,
            stop_policy,
            lease_seconds,
            max_session_minutes,
            idle_minutes,
            offline,
            auxiliaries,
        })
    })
}

fn requirement<'a, 't>(
    fields: &mut Fields<'_, 'a, 't, '_>,
    key: &'static str,
    value: &'a Value<'t>,
) -> Option<Requirement> {
    let wanted = "a table `{ reference = [\"...\"], level = 1 }`";
    let mut fields = fields.nested(key, value, &["reference", "level", "min_version"], wanted)?;
    let what = "a list of ids of [[reference]], any one of which suffices";
    let references = fields.needed("reference", what, |fields, key, value| {
        fields.distinct(key, value, "a list of ids, `[\"...\"]`,", |fields, _, value| {
            fields.mention(("requires", value), Table::Reference, "requires reference", ReferenceId::parse)
        })
    });
    let level = fields.needed("level", "1, 2 or 3", Fields::level);
    let min_version = fields.optional("min_version", Fields::count);
    Some(Requirement { references: references?, level: level?, min_version })
}

fn stop_policy<'a, 't>(
    fields: &mut Fields<'_, 'a, 't, '_>,
    key: &'static str,
    value: &'a Value<'t>,
) -> Option<StopPolicy> {
    match word_or_table(fields, key, value, "immediate", &["graceful", "finish_job"], STOP_POLICIES)? {
        None => Some(StopPolicy::Immediate),
        Some((name, number)) => {
            let (range, _) = AT_LEAST_ONE;
            let seconds = fields.number(key, number, (range, "a whole number of seconds of at least 1"))?;
            Some(if name == "graceful" { StopPolicy::Graceful(seconds) } else { StopPolicy::FinishJob(seconds) })
        }
    }
}

fn offline<'a, 't>(fields: &mut Fields<'_, 'a, 't, '_>, key: &'static str, value: &'a Value<'t>) -> Option<Offline> {
    match word_or_table(fields, key, value, "deny", &["allowlist_hours"], OFFLINE)? {
        None => Some(Offline::Deny),
        Some((_, hours)) => fields.number(key, hours, (1..=24, "1 to 24 hours")).map(Offline::AllowlistHours),
    }
}

/// Reads what is either one word (none), or a table with exactly one of some keys (its name and value).
fn word_or_table<'a, 't>(
    fields: &mut Fields<'_, 'a, 't, '_>,
    key: &str,
    value: &'a Value<'t>,
    word: &str,
    keys: &[&'static str],
    allowed: &str,
) -> Option<Option<(&'static str, &'a Value<'t>)>> {
    let problem = match value.get_ref() {
        DeValue::String(text) if text.as_ref() == word => return Some(None),
        DeValue::String(text) => {
            let meant = did_you_mean(text, std::iter::once(word).chain(keys.iter().copied()));
            format!("`{}` is not allowed: {allowed}{meant}", shortened(text))
        }
        DeValue::Table(table) => {
            let mut one = table.iter();
            match (one.next(), one.next()) {
                (Some((name, number)), None) => {
                    if let Some(known) = keys.iter().find(|known| **known == name.get_ref().as_ref()) {
                        return Some(Some((known, number)));
                    }
                    let meant = did_you_mean(name.get_ref(), keys.iter().copied());
                    format!("`{}` is not allowed: {allowed}{meant}", shortened(name.get_ref()))
                }
                (None, _) => format!("the table is empty: {allowed}"),
                (Some(_), Some(_)) => format!("only one of these is allowed: {allowed}"),
            }
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Array(_) => {
            format!("{} is not allowed: {allowed}", found(value))
        }
    };
    fields.refuse(key, value.span().start, problem);
    None
}
