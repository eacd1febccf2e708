//! `[[controller]]`: which device serves which machines.

use std::collections::BTreeMap;

use tremen_rules::flaws::Table;
use tremen_rules::network::Controller;
use tremen_rules::{ControllerId, MachineId, VenueId};

use super::entries::Entries;
use super::sink::Sink;
use crate::words::{PROFILES, listed};

const KEYS: [&str; 4] = ["id", "venue", "machines", "profile"];

/// Reads all controllers.
pub(super) fn read(entries: &mut Entries<'_, '_>, sink: &mut Sink<'_>) -> BTreeMap<ControllerId, Controller> {
    entries.with_ids(Table::Controller, &KEYS, sink, ControllerId::parse, |fields, id| {
        let venue = fields.needed("venue", "the id of the [[venue]] where it hangs", |fields, key, value| {
            fields.mention((key, value), Table::Venue, "hangs in venue", VenueId::parse)
        });
        let machines = fields.needed("machines", "a list of ids of [[machine]]", |fields, key, value| {
            fields.distinct(key, value, "a list of ids of machines", |fields, key, value| {
                fields.mention((key, value), Table::Machine, "serves machine", MachineId::parse)
            })
        });
        let profile = fields.needed("profile", &listed(&PROFILES), |fields, key, value| {
            fields.word(key, value, "a profile", &PROFILES)
        });
        Some(Controller { id, venue: venue?, machines: machines?, profile: profile? })
    })
}
