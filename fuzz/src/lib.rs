//! What every parser is fed with: a function for each, which takes any bytes, must come to an end without a panic, and tells
//! whether they were read. Start at [`TARGETS`].
//!
//! Where a parser has a writer, what was read is written and read again: another result is a panic too.

use std::sync::LazyLock;

use chrono_tz::Europe::Paris;
use tremen_badges::bake::{Form, bake_png, bake_svg, unbake};
use tremen_badges::contexts::Contexts;
use tremen_badges::keys::PublicKey;
use tremen_badges::proof::canonical_form;
use tremen_badges::status_list::StatusList;
use tremen_badges::verify::{Answer, Next, Options, Outcome, Report, Verdict, Verification, fetchable, to_bake};
use tremen_badges::{dates, json, multibase};
use tremen_files::table::{
    read_awards, read_cards, read_handovers, read_machines, read_memberships, read_people, read_restrictions,
    read_roles,
};
use tremen_wire::{Channel, ControllerId, Down, Key, Protection, Up};

/// A parser under fire; true where it read the bytes.
pub type Target = fn(&[u8]) -> bool;

/// Every target by its name, which is also that of its binary in `fuzz_targets`.
pub const TARGETS: [(&str, Target); 10] = [
    ("badge_file", badge_file),
    ("badge_answer", badge_answer),
    ("badge_picture", badge_picture),
    ("badge_document", badge_document),
    ("badge_keys", badge_keys),
    ("status_list", status_list),
    ("network_file", network_file),
    ("tables", tables),
    ("wire_up", wire_up),
    ("wire_down", wire_down),
];

/// The contexts, read once: a target runs thousands of times.
static CONTEXTS: LazyLock<Contexts> = LazyLock::new(Contexts::pinned);

/// Verifies a file in a world where every address answers the same.
fn verified(file: &[u8], answer: &[u8]) -> Report {
    let options = Options { person: None, trust: None, now: dates::parse("2026-12-01T00:00:00Z").unwrap() };
    let mut verification = Verification::of(file, options, &CONTEXTS);
    for _round in 0..32 {
        match verification.next() {
            Next::Done(report) => {
                assert_eq!(report.verdict, Verdict::of(&report.checks));
                return *report;
            }
            Next::Fetch(addresses) => {
                for address in addresses {
                    assert_eq!(fetchable(&address).as_deref(), Some(address.as_str()));
                    verification.answer(&address, Answer::Document(answer.to_vec()));
                }
            }
        }
    }
    panic!("it asks without end");
}

/// A whole verification of a file that also answers for whatever it names.
pub fn badge_file(bytes: &[u8]) -> bool {
    verified(bytes, bytes).checks.first().is_some_and(|read| read.outcome == Outcome::Passed)
}

/// Good badges of each form, whose every address answers these bytes: as an issuer's document, a list, a class, an endorsement.
/// No bytes are all of them at once, so no badge is valid.
pub fn badge_answer(bytes: &[u8]) -> bool {
    let badges: [&[u8]; 3] = [
        include_bytes!("../../crates/badges/tests/vectors/tremen/site/badges/0191f2b0-laser-5.json"),
        include_bytes!("../../crates/badges/tests/vectors/others/badges/jose-on-a-revocation-list.jwt"),
        include_bytes!("../../crates/badges/tests/vectors/tremen/ob2/assertion.json"),
    ];
    for badge in badges {
        assert_ne!(verified(badge, bytes).verdict, Verdict::Valid);
    }
    json::parse(bytes, json::MAX_FETCHED).is_ok() || bytes.starts_with(b"ey")
}

/// A picture: what was baked into it comes out again, and nothing else.
pub fn badge_picture(bytes: &[u8]) -> bool {
    let mut was_read = unbake(bytes).is_ok();
    if let Ok(baked) = bake_png(bytes, Form::V3, "{}") {
        assert_eq!(unbake(&baked).map(|baked| baked.text).as_deref(), Ok("{}"));
        was_read = true;
    }
    if let Some(Ok(baked)) = str::from_utf8(bytes).ok().map(|svg| bake_svg(svg, Form::V2, "{\"a\":\"]]>\"}", "a&b")) {
        assert_eq!(unbake(baked.as_bytes()).map(|baked| baked.text).as_deref(), Ok("{\"a\":\"]]>\"}"));
        was_read = true;
    }
    was_read
}

/// JSON and its canonical form: the same document twice has the same.
pub fn badge_document(bytes: &[u8]) -> bool {
    let Ok(document) = json::parse(bytes, json::MAX_TEXT) else { return false };
    assert_eq!(json::parse(document.to_string().as_bytes(), usize::MAX).as_ref(), Ok(&document));
    let form = canonical_form(&document, &CONTEXTS);
    assert_eq!(form, canonical_form(&document, &CONTEXTS));
    let _ = str::from_utf8(bytes).map(to_bake); // any answer will do
    form.is_ok()
}

/// Keys, dates and encodings.
pub fn badge_keys(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else { return false };
    let key = PublicKey::from_multikey(text).or_else(|| PublicKey::from_pem(text));
    let _ = multibase::decode(text); // any answer will do
    if let Some(decoded) = multibase::from_base58(text) {
        assert_eq!(multibase::encode(&decoded), format!("z{text}"));
    }
    let date = dates::parse(text);
    if let Some(time) = date {
        assert_eq!(dates::parse(&dates::format(time)).map(dates::format), Some(dates::format(time)));
    }
    let value = serde_json::from_str(text).ok();
    let jwk = value.as_ref().is_some_and(|value| PublicKey::from_jwk(value).is_some());
    let lenient = value.as_ref().is_some_and(|value| dates::parse_lenient(value).is_some());
    key.is_some() || date.is_some() || jwk || lenient || fetchable(text).is_some()
}

/// A status list: what was read is written and read again.
pub fn status_list(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else { return false };
    let Ok(list) = StatusList::decode(text) else { return false };
    assert_eq!(StatusList::decode(&list.encode()), Ok(list));
    true
}

/// The network file.
pub fn network_file(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(|text| tremen_files::network_file::read(text).is_ok())
}

/// The CSV tables, each fed with the same bytes.
pub fn tables(bytes: &[u8]) -> bool {
    let was_read = [
        read_awards(bytes, Paris).is_ok(),
        read_cards(bytes, Paris).is_ok(),
        read_handovers(bytes, Paris).is_ok(),
        read_machines(bytes, Paris).is_ok(),
        read_memberships(bytes, Paris).is_ok(),
        read_people(bytes, Paris).is_ok(),
        read_restrictions(bytes, Paris).is_ok(),
        read_roles(bytes, Paris).is_ok(),
    ];
    was_read.contains(&true)
}

/// Whose messages these are, and the key of its seal: those of the vectors of `crates/wire`.
fn controller() -> (ControllerId, Key) {
    let key = Key::from_hex("2a5c66678ebeea61c4a70ef207cd20651bdeb8d518cfd5b1f81a63bce79fa627").unwrap();
    (ControllerId::parse("ubo-laser").unwrap(), key)
}

/// What a controller says, in both profiles. Nobody makes a seal up; what stands before it is read all the same.
pub fn wire_up(bytes: &[u8]) -> bool {
    let (from, key) = controller();
    let mut was_read = false;
    for channel in [Channel::Hello, Channel::Ask, Channel::Report] {
        for protection in [Protection::Plain, Protection::Sealed(&key)] {
            if let Ok(message) = Up::decode(&from, channel, bytes, protection) {
                let again = message.encode(&from, protection);
                assert_eq!(Up::decode(&from, channel, &again, protection), Ok(message));
                was_read = true;
            }
        }
    }
    was_read
}

/// What the registry says, in both profiles.
pub fn wire_down(bytes: &[u8]) -> bool {
    let (to, key) = controller();
    let mut was_read = false;
    for channel in [Channel::Welcome, Channel::Answer, Channel::Lease, Channel::Order] {
        for protection in [Protection::Plain, Protection::Sealed(&key)] {
            if let Ok(message) = Down::decode(&to, channel, bytes, protection) {
                let again = message.encode(&to, protection);
                assert_eq!(Down::decode(&to, channel, &again, protection), Ok(message));
                was_read = true;
            }
        }
    }
    was_read
}
