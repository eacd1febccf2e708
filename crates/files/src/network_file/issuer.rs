//! `[[issuer]]`: who awards.

use std::collections::BTreeMap;

use tremen_rules::IssuerId;
use tremen_rules::flaws::Table;
use tremen_rules::network::Issuer;

use super::entries::Entries;
use super::fields::Fields;
use super::sink::Sink;
use crate::shorten::shortened;
use crate::words::{ISSUER_KINDS, email, listed};

const KEYS: [&str; 6] = ["id", "name", "kind", "url", "email", "did"];

/// Reads all issuers.
pub(super) fn read(entries: &mut Entries<'_, '_>, sink: &mut Sink<'_>) -> BTreeMap<IssuerId, Issuer> {
    entries.with_ids(Table::Issuer, &KEYS, sink, IssuerId::parse, |fields, id| {
        let name = fields.needed("name", "its name for people", Fields::text);
        let kind = fields.needed("kind", &listed(&ISSUER_KINDS), |fields, key, value| {
            fields.word(key, value, "a kind of issuer", &ISSUER_KINDS)
        });
        let url = fields.optional("url", Fields::web_address);
        let email = fields.optional("email", |fields, key, value| fields.parsed(key, value, email));
        let did = fields.optional("did", |fields, key, value| fields.parsed(key, value, did));
        Some(Issuer { id, name: name?, kind: kind?, url, email, did })
    })
}

/// A decentralised identifier (W3C DID Core, 3.1): `did:`, a method, `:`, a name without blanks.
fn did(text: &str) -> Result<String, String> {
    let parts = text.strip_prefix("did:").and_then(|rest| rest.split_once(':'));
    let well_formed = parts.is_some_and(|(method, name)| {
        let method_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let name_letter = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:%".contains(&byte);
        !method.is_empty() && method.bytes().all(method_letter) && !name.is_empty() && name.bytes().all(name_letter)
    });
    if well_formed {
        Ok(text.to_owned())
    } else {
        Err(format!("`{}` is not a decentralised identifier: for example `did:web:example.org`", shortened(text)))
    }
}
