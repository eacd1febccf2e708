//! `[network]`: what holds for the whole network.

use chrono_tz::{Europe, TZ_VARIANTS, Tz};
use tremen_rules::network::{Language, Settings};

use super::entries::Entries;
use super::fields::{Fields, Value};
use super::sink::Sink;
use crate::nearest::did_you_mean;
use crate::shorten::shortened;
use crate::words::{FOUR_EYES, LANGUAGES, listed};

const KEYS: [&str; 5] = ["name", "languages", "time_zone", "address", "four_eyes"];

/// The zone of a network that names none.
pub(super) const DEFAULT_ZONE: Tz = Europe::Paris;

/// Reads `[network]`. Where it has a fault, something stands in for it: the file is refused anyway.
pub(super) fn read(entries: &mut Entries<'_, '_>, sink: &mut Sink<'_>) -> Settings {
    let stand_in = || Settings {
        name: String::new(),
        languages: vec![Language::Fr],
        time_zone: DEFAULT_ZONE,
        address: None,
        four_eyes: Vec::new(),
    };
    let Some((table, at)) = entries.only(sink) else { return stand_in() };
    let mut mentions = Vec::new();
    let mut fields = Fields::open(sink, &mut mentions, table, at, "[network]".to_owned(), "[network]", &KEYS);
    let name = fields.needed("name", "its name for people", Fields::text);
    let languages =
        fields.needed("languages", "a list of `fr`, `en`, `br`, the default first", |fields, key, value| {
            let languages = fields.distinct(key, value, "a list of languages", |fields, key, value| {
                fields.word(key, value, "a language of Tremen", &LANGUAGES)
            })?;
            if languages.is_empty() {
                fields.refuse(
                    key,
                    value.span().start,
                    format!("the list is empty; name one or more of {}", listed(&LANGUAGES)),
                );
                return None;
            }
            Some(languages)
        });
    let time_zone = fields.optional("time_zone", zone);
    let address = fields.optional("address", Fields::web_address);
    let four_eyes = fields.optional("four_eyes", |fields, key, value| {
        fields.distinct(key, value, "a list of `level-3` and `red`", |fields, key, value| {
            fields.word(key, value, "something that four eyes look at", &FOUR_EYES)
        })
    });
    let (Some(name), Some(languages)) = (name, languages) else { return stand_in() };
    Settings {
        name,
        languages,
        time_zone: time_zone.unwrap_or(DEFAULT_ZONE),
        address,
        four_eyes: four_eyes.unwrap_or_default(),
    }
}

/// A time zone by its name in the IANA list.
pub(super) fn zone<'a, 't>(fields: &mut Fields<'_, 'a, 't, '_>, key: &'static str, value: &'a Value<'t>) -> Option<Tz> {
    fields.parsed(key, value, |text| {
        text.parse::<Tz>().map_err(|_| {
            let meant = did_you_mean(text, TZ_VARIANTS.iter().map(|zone| zone.name()));
            let text = shortened(text);
            format!("`{text}` is not a time zone: a name of the IANA list, for example `Europe/Paris`{meant}")
        })
    })
}
