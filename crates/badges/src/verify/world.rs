//! What the verification knows of the outside: answers that the caller fetched, and addresses still to be asked.
//!
//! Start at [`World::get`]. Nothing is fetched here; which addresses may be asked at all is decided here.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::json::{MAX_FETCHED, parse};
use crate::keys::PublicKey;

/// How many addresses one verification may ask.
pub(super) const MAX_ADDRESSES: usize = 24;

/// What an address answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A document, status 200.
    Document(Vec<u8>),
    /// Status 410, with its body.
    Gone(Vec<u8>),
    /// Any other status of refusal, 404 among them.
    NotFound,
    /// No answer: the network, a timeout, a limit. Another day it may be there.
    Unreachable(String),
}

/// What the verification makes of it.
pub(super) enum Got {
    /// JSON.
    Json(Value),
    /// Other text, perhaps a signed token.
    Text(String),
    /// Status 410; the reason that its body gives.
    Gone(Option<String>),
    /// It has no such document, or none that can be read: that is final.
    Nothing(String),
    /// Not now.
    Later(String),
}

pub(super) struct World<'a> {
    answers: &'a BTreeMap<String, Answer>,
    missing: RefCell<BTreeSet<String>>,
}

impl<'a> World<'a> {
    pub(super) fn new(answers: &'a BTreeMap<String, Answer>) -> Self {
        Self { answers, missing: RefCell::new(BTreeSet::new()) }
    }

    /// The addresses that were needed and not answered yet.
    pub(super) fn missing(self) -> BTreeSet<String> {
        self.missing.into_inner()
    }

    /// What an address answers; an unanswered one is noted, and told as [`Got::Later`].
    pub(super) fn get(&self, address: &str) -> Got {
        if let Some(multikey) = address.strip_prefix("did:key:") {
            return did_key(address, multikey);
        }
        let Some(url) = url_of(address) else {
            return Got::Nothing(format!("`{address}` is not an address that is asked"));
        };
        match self.answers.get(&url) {
            Some(Answer::Document(bytes)) => match parse(bytes, MAX_FETCHED) {
                Ok(value) => Got::Json(value),
                Err(error) => match core::str::from_utf8(bytes) {
                    Ok(text) if bytes.len() <= MAX_FETCHED && !text.trim_start().starts_with('{') => {
                        Got::Text(text.trim().to_owned())
                    }
                    Ok(_) | Err(_) => Got::Nothing(format!("`{url}`: {error}")),
                },
            },
            Some(Answer::Gone(body)) => Got::Gone(
                parse(body, MAX_FETCHED).ok().and_then(|body| Some(body.get("revocationReason")?.as_str()?.to_owned())),
            ),
            Some(Answer::NotFound) => Got::Nothing(format!("`{url}` has no document")),
            Some(Answer::Unreachable(why)) => Got::Later(format!("`{url}` does not answer: {why}")),
            None => {
                let mut missing = self.missing.borrow_mut();
                if self.answers.len() + missing.len() >= MAX_ADDRESSES {
                    return Got::Nothing(format!("the badge asks for more than {MAX_ADDRESSES} addresses"));
                }
                missing.insert(url.clone());
                Got::Later(format!("`{url}` was not asked yet"))
            }
        }
    }
}

/// The HTTPS address behind a URL or a `did:web`, without its fragment; none for all that may not be asked.
#[must_use]
pub fn url_of(address: &str) -> Option<String> {
    let address = address.split('#').next()?;
    if let Some(did) = address.strip_prefix("did:web:") {
        let mut parts = did.split(':').map(str::to_owned);
        let host = parts.next()?;
        let path: Vec<String> = parts.collect();
        let sound = |part: &String| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '%'))
        };
        let path = if path.is_empty() { ".well-known".to_owned() } else { path.join("/") };
        let all_sound = path.split('/').all(|part| sound(&part.to_owned()));
        let url = format!("{host}/{path}/did.json");
        return (is_public_host(&host) && all_sound && !climbs(&url)).then(|| format!("https://{url}"));
    }
    // Older badges name `http:` addresses; they are asked over HTTPS all the same.
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"))?;
    let host = rest.split(['/', '?']).next()?;
    let clean = rest
        .chars()
        .all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '\\' | '^' | '`' | '{' | '|' | '}'));
    (is_public_host(host) && clean && !climbs(rest) && rest.len() <= 2048).then(|| format!("https://{rest}"))
}

/// True for a path with a step up or on the spot, however it is spelt: a server walks it, so an address below a prefix
/// could lie elsewhere.
fn climbs(url: &str) -> bool {
    let path = url
        .split('?')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
        .replace("%2e", ".")
        .replace("%2f", "/")
        .replace("%5c", "/");
    path.split(['/', ';']).any(|part| matches!(part, "." | ".."))
}

/// The host of an address in lower case, without `www.`-like guesses.
pub(super) fn host_of(address: &str) -> Option<String> {
    let url = url_of(address)?;
    Some(url.strip_prefix("https://")?.split(['/', '?']).next()?.to_ascii_lowercase())
}

/// A name of the public DNS: no number, no port, no user, nothing that means this computer or this network.
fn is_public_host(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let labels: Vec<&str> = host.split('.').collect();
    let label_is_sound = |label: &&str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = labels.last().copied().unwrap_or_default();
    labels.len() >= 2
        && host.len() <= 253
        && labels.iter().all(label_is_sound)
        && last.chars().any(|c| c.is_ascii_alphabetic())
        && !last.starts_with("0x")
        && !["localhost", "local", "internal", "lan", "home", "intranet", "arpa", "onion"].contains(&last)
}

fn did_key(did: &str, multikey: &str) -> Got {
    let multikey = multikey.split('#').next().unwrap_or_default();
    let did = did.split('#').next().unwrap_or_default();
    if PublicKey::from_multikey(multikey).is_none() {
        return Got::Nothing(format!("`{did}` is not a key that is known"));
    }
    let id = format!("{did}#{multikey}");
    Got::Json(json!({
        "id": did,
        "verificationMethod": [{"id": id, "type": "Multikey", "controller": did, "publicKeyMultibase": multikey}],
        "assertionMethod": [id],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decentralised_identifier_is_asked_where_its_method_says() {
        assert_eq!(url_of("did:web:tremen.example").unwrap(), "https://tremen.example/.well-known/did.json");
        let venue = "https://tremen.example/lieux/port/did.json";
        assert_eq!(url_of("did:web:tremen.example:lieux:port#cle-2026").unwrap(), venue);
        assert_eq!(url_of("http://example.org/key#1").unwrap(), "https://example.org/key");
        let dotted = "https://example.org/.well-known/a..b/c.json?up=../..";
        assert_eq!(url_of(dotted).unwrap(), dotted);
    }

    #[test]
    fn nothing_inside_the_network_is_ever_asked() {
        for address in [
            "https://localhost/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://10.0.0.1/",
            "https://printer.local/",
            "https://metadata.google.internal/",
            "https://router/",
            "https://user@example.org/",
            "https://example.org:8443/",
            "ftp://example.org/",
            "file:///etc/passwd",
            "did:web:localhost",
            "did:web:example.org%3A8443",
            "did:web:example.org:..:x",
            "did:web:example.org:%2E%2e:x",
            "https://example.org/badges/../users/eve/1",
            "https://example.org/badges/%2e%2E/users/eve/1",
            "https://example.org/badges%2f..%2Fusers/eve/1",
            "https://example.org/badges/.;x/../1",
            "https://example.org/.",
            "https://example.org/a b",
            "did:web:127.0.0.1",
            "https://example.0x7f/",
        ] {
            assert_eq!(url_of(address), None, "{address}");
        }
    }
}
