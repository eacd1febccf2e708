//! `[[reference]]`: what can be learnt, and how long it counts.

use std::collections::BTreeMap;

use tremen_rules::flaws::Table;
use tremen_rules::network::{Criterion, Language, Prerequisite, Reference};
use tremen_rules::{IssuerId, Level, ReferenceId};

use super::entries::Entries;
use super::fields::{Fields, Value};
use super::sink::Sink;
use crate::words::{HAZARDS, LANGUAGES, REFERENCE_KINDS, listed};

const KEYS: [&str; 11] = [
    "id",
    "issuer",
    "kind",
    "hazard",
    "title",
    "version",
    "oldest_valid_version",
    "valid_months",
    "prerequisites",
    "criteria",
    "induction_level",
];

/// Reads all references.
pub(super) fn read(entries: &mut Entries<'_, '_>, sink: &mut Sink<'_>) -> BTreeMap<ReferenceId, Reference> {
    entries.with_ids(Table::Reference, &KEYS, sink, ReferenceId::parse, |fields, id| {
        let issuer = fields.needed("issuer", "the id of the [[issuer]] that keeps it", |fields, key, value| {
            fields.mention((key, value), Table::Issuer, "is kept by issuer", IssuerId::parse)
        });
        let kind = fields.needed("kind", &listed(&REFERENCE_KINDS), |fields, key, value| {
            fields.word(key, value, "a kind of reference", &REFERENCE_KINDS)
        });
        let hazard = fields.needed("hazard", &listed(&HAZARDS), |fields, key, value| {
            fields.word(key, value, "a hazard class", &HAZARDS)
        });
        let title = fields.needed("title", "its title by language, `{ fr = \"...\" }`", |fields, key, value| {
            let mut fields = fields.nested(key, value, &["fr", "en", "br"], "a table `{ fr = \"...\" }`")?;
            by_language(&mut fields)
        });
        let version = fields.needed("version", "its current version, a whole number of at least 1", Fields::count);
        let oldest_valid_version = fields.optional("oldest_valid_version", Fields::count).unwrap_or(1);
        let valid_months = fields.optional("valid_months", Fields::count);
        let prerequisites = fields.optional("prerequisites", |fields, key, value| {
            fields.list(key, value, "a list of `{ reference = \"...\", level = 1 }`", prerequisite)
        });
        let prerequisites = prerequisites.unwrap_or_default();
        let criteria = fields.optional("criteria", |fields, key, value| {
            fields.list(key, value, "a list of `{ id = \"...\", fr = \"...\" }`", criterion)
        });
        let criteria = criteria.unwrap_or_default();
        let induction_level = fields.optional("induction_level", |fields, key, value| {
            let allowed = "0 (no induction at the machine), or the level that an induction awards: 1, 2 or 3";
            fields.number(key, value, (0..=3, allowed))
        });
        let induction_level = induction_level.and_then(|number| Level::try_from(number).ok());
        Some(Reference {
            id,
            issuer: issuer?,
            kind: kind?,
            hazard: hazard?,
            title: title?,
            version: version?,
            oldest_valid_version,
            valid_months,
            prerequisites,
            criteria,
            induction_level,
        })
    })
}

/// The texts of a table by language; at least one.
fn by_language(fields: &mut Fields<'_, '_, '_, '_>) -> Option<BTreeMap<Language, String>> {
    let mut texts = BTreeMap::new();
    let mut named = false;
    for (word, language) in LANGUAGES {
        named |= fields.has(word);
        if let Some(text) = fields.optional(word, Fields::text) {
            texts.insert(language, text);
        }
    }
    if !named {
        fields.refuse_all(format!("has no text; at least one of {} is needed", listed(&LANGUAGES)));
    }
    if texts.is_empty() { None } else { Some(texts) }
}

fn prerequisite<'a, 't>(
    fields: &mut Fields<'_, 'a, 't, '_>,
    key: &'static str,
    value: &'a Value<'t>,
) -> Option<Prerequisite> {
    let wanted = "a table `{ reference = \"...\", level = 1 }`";
    let mut fields = fields.nested(key, value, &["reference", "level"], wanted)?;
    let reference = fields.needed("reference", "the id of a [[reference]]", |fields, _, value| {
        fields.mention(("prerequisites", value), Table::Reference, "has as prerequisite reference", ReferenceId::parse)
    });
    let level = fields.needed("level", "1, 2 or 3", Fields::level);
    Some(Prerequisite { reference: reference?, level: level? })
}

fn criterion<'a, 't>(
    fields: &mut Fields<'_, 'a, 't, '_>,
    key: &'static str,
    value: &'a Value<'t>,
) -> Option<Criterion> {
    let wanted = "a table `{ id = \"...\", fr = \"...\" }`";
    let mut fields = fields.nested(key, value, &["id", "fr", "en", "br"], wanted)?;
    // a criterion's id has no type of its own; its form is that of every id
    let id = fields
        .needed("id", "its id within the reference", |fields, key, value| fields.id(key, value, ReferenceId::parse));
    let text = by_language(&mut fields);
    Some(Criterion { id: id?.to_string(), text: text? })
}
