//! `[[acceptance]]`: who recognises whom, and under what conditions.

use tremen_rules::flaws::Table;
use tremen_rules::network::{Acceptance, AcceptedReferences};
use tremen_rules::{IssuerId, ReferenceId, VenueId};

use super::entries::Entries;
use super::fields::{Fields, Value};
use super::sink::Sink;
use crate::nearest::did_you_mean;
use crate::shorten::shortened;

const KEYS: [&str; 6] = ["venue", "issuer", "references", "min_version", "max_age_months", "handover"];

const REFERENCES: &str = "`\"all\"`, or a list of ids of [[reference]]";

/// Reads all acceptance rules.
pub(super) fn read(entries: &mut Entries<'_, '_>, sink: &mut Sink<'_>) -> Vec<Acceptance> {
    entries.without_ids(Table::Acceptance, &KEYS, sink, |fields| {
        let venue = fields.needed("venue", "the id of the [[venue]] whose rule it is", |fields, key, value| {
            fields.mention((key, value), Table::Venue, "is of venue", VenueId::parse)
        });
        let issuer = fields.needed("issuer", "the id of the [[issuer]] that is recognised", |fields, key, value| {
            fields.mention((key, value), Table::Issuer, "recognises issuer", IssuerId::parse)
        });
        if let (Some(venue), Some(issuer)) = (&venue, &issuer) {
            fields.who = format!("acceptance rule of `{venue}` for `{issuer}`");
        }
        let references = fields.needed("references", REFERENCES, references);
        let min_version = fields.optional("min_version", Fields::count);
        let max_age_months = fields.optional("max_age_months", Fields::count);
        let handover = fields.optional("handover", Fields::boolean).unwrap_or(false);
        Some(Acceptance {
            venue: venue?,
            issuer: issuer?,
            references: references?,
            min_version,
            max_age_months,
            handover,
        })
    })
}

fn references<'a, 't>(
    fields: &mut Fields<'_, 'a, 't, '_>,
    key: &'static str,
    value: &'a Value<'t>,
) -> Option<AcceptedReferences> {
    match value.get_ref().as_str() {
        Some("all") => return Some(AcceptedReferences::All),
        Some(text) => {
            let hint = match did_you_mean(text, ["all"]) {
                hint if hint.is_empty() => "; an id stands in a list, `[\"...\"]`".to_owned(),
                hint => hint,
            };
            fields.refuse(key, value.span().start, format!("`{}` is not allowed: {REFERENCES}{hint}", shortened(text)));
            return None;
        }
        None => {}
    }
    let ids = fields.distinct(key, value, REFERENCES, |fields, key, value| {
        fields.mention((key, value), Table::Reference, "names reference", ReferenceId::parse)
    })?;
    Some(AcceptedReferences::These(ids))
}
