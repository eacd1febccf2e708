//! `[[venue]]`: where machines stand, and when it is open.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use toml::de::DeValue;
use tremen_rules::flaws::Table;
use tremen_rules::hours::{ClosedDays, ClosedRange, Shift, WeeklyHours};
use tremen_rules::network::Venue;
use tremen_rules::{IssuerId, VenueId};

use super::entries::Entries;
use super::fields::{Fields, Value};
use super::settings::zone;
use super::sink::Sink;
use crate::shorten::shortened;

const KEYS: [&str; 10] =
    ["id", "name", "address", "position", "time_zone", "issuer", "members_only", "reciprocal", "hours", "closed"];

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Reads all venues; one that names no time zone has the network's.
pub(super) fn read(entries: &mut Entries<'_, '_>, sink: &mut Sink<'_>, network_zone: Tz) -> BTreeMap<VenueId, Venue> {
    entries.with_ids(Table::Venue, &KEYS, sink, VenueId::parse, |fields, id| {
        let name = fields.needed("name", "its name for people", Fields::text);
        let address = fields.optional("address", Fields::text);
        let position = fields.optional("position", position);
        let time_zone = fields.optional("time_zone", zone).unwrap_or(network_zone);
        let issuer = fields.optional("issuer", |fields, key, value| {
            fields.mention((key, value), Table::Issuer, "has the issuer", IssuerId::parse)
        });
        let members_only = fields.optional("members_only", Fields::boolean).unwrap_or(false);
        let reciprocal = fields.optional("reciprocal", |fields, key, value| {
            fields.distinct(key, value, "a list of ids of venues", |fields, key, value| {
                fields.mention((key, value), Table::Venue, "is reciprocal with venue", VenueId::parse)
            })
        });
        let reciprocal = reciprocal.unwrap_or_default();
        let hours = fields.optional("hours", hours);
        let closed = fields.optional("closed", |fields, key, value| {
            fields.list(key, value, "a list of closed days", closed_range).map(ClosedDays)
        });
        let closed = closed.unwrap_or_default();
        Some(Venue { id, name: name?, address, position, time_zone, issuer, members_only, reciprocal, hours, closed })
    })
}

fn position<'a, 't>(fields: &mut Fields<'_, 'a, 't, '_>, key: &'static str, value: &'a Value<'t>) -> Option<[f64; 2]> {
    const WANTED: &str = "a list of two numbers, latitude and longitude in degrees,";
    let degrees = fields.list(key, value, WANTED, |fields, key, value| {
        let text = match value.get_ref() {
            DeValue::Float(number) => number.as_str(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            DeValue::Integer(_)
            | DeValue::String(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => {
                fields.wrong_type(key, value, "a number of degrees");
                return None;
            }
        };
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        if number.is_none() {
            fields.refuse(key, value.span().start, format!("`{}` is not a number of degrees", shortened(text)));
        }
        number
    })?;
    if let [latitude, longitude] = *degrees {
        return Some([latitude, longitude]);
    }
    let problem = "latitude and longitude are needed, two numbers, as in `[48.39, -4.49]`";
    fields.refuse(key, value.span().start, problem);
    None
}

fn hours<'a, 't>(fields: &mut Fields<'_, 'a, 't, '_>, key: &'static str, value: &'a Value<'t>) -> Option<WeeklyHours> {
    let mut fields = fields.nested(key, value, &DAYS, "a table of days, `{ mon = [\"09:00-18:00\"] }`,")?;
    let mut day = |name| {
        let shifts = fields.optional(name, |fields, key, value| {
            fields.list(key, value, "a list of shifts, `[\"09:00-18:00\"]`,", |fields, key, value| {
                fields.parsed(key, value, |text| {
                    Shift::parse(text).map_err(|mut error| {
                        error.0 = shortened(&error.0);
                        error
                    })
                })
            })
        });
        shifts.unwrap_or_default()
    };
    Some(WeeklyHours {
        mon: day("mon"),
        tue: day("tue"),
        wed: day("wed"),
        thu: day("thu"),
        fri: day("fri"),
        sat: day("sat"),
        sun: day("sun"),
    })
}

/// A closed day or a range of them, in quotes; a day also as a date of TOML.
fn closed_range<'a, 't>(
    fields: &mut Fields<'_, 'a, 't, '_>,
    key: &'static str,
    value: &'a Value<'t>,
) -> Option<ClosedRange> {
    let parse = |text: &str| {
        ClosedRange::parse(text).map_err(|mut error| {
            error.0 = shortened(&error.0);
            error
        })
    };
    if let DeValue::Datetime(date) = value.get_ref() {
        return parse(&date.to_string()).map_err(|problem| fields.refuse(key, value.span().start, problem)).ok();
    }
    fields.parsed(key, value, parse)
}
