//! A network as its file would have to be: readable, with the same text each time, defaults left out.

use std::fmt::{Display, Write as _};

use chrono_tz::Tz;
use tremen_rules::Level;
use tremen_rules::Network;
use tremen_rules::network::{
    Acceptance, AcceptedReferences, Controller, Issuer, Language, Machine, Offline, Reference, Settings, StopPolicy,
    Venue,
};

use super::machine::{DEFAULT_LEASE_SECONDS, DEFAULT_OFFLINE, DEFAULT_STOP_POLICY};
use super::settings::DEFAULT_ZONE;
use crate::words::{ASSURANCES, FOUR_EYES, HAZARDS, ISSUER_KINDS, LANGUAGES, PROFILES, REFERENCE_KINDS, word};

/// Writes a network file that [`read`](super::read) reads as this very network.
///
/// The tables come in the order issuers, venues, references, machines, acceptance rules, controllers; those with ids by
/// id, the rules as they are.
#[must_use]
pub fn write(network: &Network) -> String {
    let mut file = File { text: String::new() };
    file.settings(&network.settings);
    network.issuers.values().for_each(|issuer| file.issuer(issuer));
    network.venues.values().for_each(|venue| file.venue(venue, network.settings.time_zone));
    network.references.values().for_each(|reference| file.reference(reference));
    network.machines.values().for_each(|machine| file.machine(machine));
    network.acceptances.iter().for_each(|rule| file.acceptance(rule));
    network.controllers.values().for_each(|controller| file.controller(controller));
    file.text
}

struct File {
    text: String,
}

impl File {
    fn table(&mut self, header: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(header);
        self.text.push('\n');
    }

    fn key(&mut self, key: &str, value: impl Display) {
        let _ = writeln!(self.text, "{key} = {value}");
    }

    fn text(&mut self, key: &str, text: impl AsRef<str>) {
        self.key(key, quoted(text.as_ref()));
    }

    fn some_text(&mut self, key: &str, text: Option<impl AsRef<str>>) {
        if let Some(text) = text {
            self.text(key, text);
        }
    }

    fn some<T: Display>(&mut self, key: &str, value: Option<T>) {
        if let Some(value) = value {
            self.key(key, value);
        }
    }

    fn unless<T: Display + PartialEq>(&mut self, key: &str, value: T, default: T) {
        if value != default {
            self.key(key, value);
        }
    }

    fn settings(&mut self, settings: &Settings) {
        let Settings { name, languages, time_zone, address, four_eyes } = settings;
        self.table("[network]");
        self.text("name", name);
        self.key("languages", list(languages.iter().map(|language| word(language, &LANGUAGES))));
        if *time_zone != DEFAULT_ZONE {
            self.text("time_zone", time_zone.name());
        }
        self.some_text("address", address.as_ref());
        if !four_eyes.is_empty() {
            self.key("four_eyes", list(four_eyes.iter().map(|what| word(what, &FOUR_EYES))));
        }
    }

    fn issuer(&mut self, issuer: &Issuer) {
        let Issuer { id, name, kind, url, email, did } = issuer;
        self.table("[[issuer]]");
        self.text("id", id.as_str());
        self.text("name", name);
        self.text("kind", word(kind, &ISSUER_KINDS));
        self.some_text("url", url.as_ref());
        self.some_text("email", email.as_ref());
        self.some_text("did", did.as_ref());
    }

    fn venue(&mut self, venue: &Venue, network_zone: Tz) {
        let Venue { id, name, address, position, time_zone, issuer, members_only, reciprocal, hours, closed } = venue;
        self.table("[[venue]]");
        self.text("id", id.as_str());
        self.text("name", name);
        self.some_text("address", address.as_ref());
        if let Some([latitude, longitude]) = position {
            self.key("position", format!("[{latitude:?}, {longitude:?}]"));
        }
        if *time_zone != network_zone {
            self.text("time_zone", time_zone.name());
        }
        self.some_text("issuer", issuer.as_ref().map(|issuer| issuer.as_str()));
        self.unless("members_only", *members_only, false);
        if !reciprocal.is_empty() {
            self.key("reciprocal", list(reciprocal.iter().map(|venue| venue.as_str())));
        }
        if let Some(hours) = hours {
            let days = hours.days().into_iter().filter(|(_, shifts)| !shifts.is_empty());
            self.key("hours", inline(days.map(|(day, shifts)| (day, list(shifts.iter().map(ToString::to_string))))));
        }
        if !closed.0.is_empty() {
            self.key("closed", list(closed.0.iter().map(ToString::to_string)));
        }
    }

    fn reference(&mut self, reference: &Reference) {
        let Reference {
            id,
            issuer,
            kind,
            hazard,
            title,
            version,
            oldest_valid_version,
            valid_months,
            prerequisites,
            criteria,
            induction_level,
        } = reference;
        self.table("[[reference]]");
        self.text("id", id.as_str());
        self.text("issuer", issuer.as_str());
        self.text("kind", word(kind, &REFERENCE_KINDS));
        self.text("hazard", word(hazard, &HAZARDS));
        self.key("title", inline(title.iter().map(by_language)));
        self.key("version", version);
        self.unless("oldest_valid_version", *oldest_valid_version, 1);
        self.some("valid_months", *valid_months);
        let prerequisites = prerequisites.iter().map(|needed| {
            let reference = ("reference", quoted(needed.reference.as_str()));
            inline([reference, ("level", needed.level.number().to_string())])
        });
        self.tables("prerequisites", prerequisites.collect());
        self.some("induction_level", induction_level.map(Level::number));
        let criteria = criteria.iter().map(|criterion| {
            inline(std::iter::once(("id", quoted(&criterion.id))).chain(criterion.text.iter().map(by_language)))
        });
        self.tables("criteria", criteria.collect());
    }

    fn machine(&mut self, machine: &Machine) {
        let Machine {
            id,
            venue,
            name,
            kind,
            hazard,
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
        } = machine;
        self.table("[[machine]]");
        self.text("id", id.as_str());
        self.text("venue", venue.as_str());
        self.text("name", name);
        self.text("kind", kind);
        self.text("hazard", word(hazard, &HAZARDS));
        let requires = requires.iter().map(|required| {
            let references = ("reference", list(required.references.iter().map(|id| id.as_str())));
            let level = ("level", required.level.number().to_string());
            let min_version = required.min_version.map(|version| ("min_version", version.to_string()));
            inline([references, level].into_iter().chain(min_version))
        });
        self.tables("requires", requires.collect());
        self.unless("autonomous_from", autonomous_from.number(), Level::Discovery.number());
        self.unless("supervisor_level", supervisor_level.number(), Level::Trainer.number());
        self.unless("handover", *handover, false);
        self.some("members_only", *members_only);
        self.some("min_age", *min_age);
        if *min_assurance != tremen_rules::Assurance::A0 {
            self.text("min_assurance", word(min_assurance, &ASSURANCES));
        }
        if *stop_policy != DEFAULT_STOP_POLICY {
            match stop_policy {
                StopPolicy::Immediate => self.text("stop_policy", "immediate"),
                StopPolicy::Graceful(seconds) => self.key("stop_policy", format!("{{ graceful = {seconds} }}")),
                StopPolicy::FinishJob(seconds) => self.key("stop_policy", format!("{{ finish_job = {seconds} }}")),
            }
        }
        self.unless("lease_seconds", *lease_seconds, DEFAULT_LEASE_SECONDS);
        self.some("max_session_minutes", *max_session_minutes);
        self.some("idle_minutes", *idle_minutes);
        if *offline != DEFAULT_OFFLINE {
            match offline {
                Offline::Deny => self.text("offline", "deny"),
                Offline::AllowlistHours(hours) => self.key("offline", format!("{{ allowlist_hours = {hours} }}")),
            }
        }
        if !auxiliaries.is_empty() {
            self.key("auxiliaries", list(auxiliaries));
        }
    }

    fn acceptance(&mut self, rule: &Acceptance) {
        let Acceptance { venue, issuer, references, min_version, max_age_months, handover } = rule;
        self.table("[[acceptance]]");
        self.text("venue", venue.as_str());
        self.text("issuer", issuer.as_str());
        match references {
            AcceptedReferences::All => self.text("references", "all"),
            AcceptedReferences::These(ids) => self.key("references", list(ids.iter().map(|id| id.as_str()))),
        }
        self.some("min_version", *min_version);
        self.some("max_age_months", *max_age_months);
        self.unless("handover", *handover, false);
    }

    fn controller(&mut self, controller: &Controller) {
        let Controller { id, venue, machines, profile } = controller;
        self.table("[[controller]]");
        self.text("id", id.as_str());
        self.text("venue", venue.as_str());
        self.key("machines", list(machines.iter().map(|id| id.as_str())));
        self.text("profile", word(profile, &PROFILES));
    }

    /// A list of inline tables: on one line when there is one, else one a line; none when there is none.
    fn tables(&mut self, key: &str, tables: Vec<String>) {
        match tables.as_slice() {
            [] => {}
            [one] => self.key(key, format!("[{one}]")),
            many => {
                let _ = writeln!(self.text, "{key} = [");
                for table in many {
                    let _ = writeln!(self.text, "  {table},");
                }
                self.text.push_str("]\n");
            }
        }
    }
}

fn by_language((language, text): (&Language, &String)) -> (&'static str, String) {
    (word(language, &LANGUAGES), quoted(text))
}

fn list(texts: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let texts: Vec<String> = texts.into_iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", texts.join(", "))
}

fn inline(pairs: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let pairs: Vec<String> = pairs.into_iter().map(|(key, value)| format!("{key} = {value}")).collect();
    if pairs.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", pairs.join(", ")) }
}

/// A basic string (TOML 1.0, "String").
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
