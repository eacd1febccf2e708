//! What every parser is fed with: a function for each, which takes any bytes and must come to an end without a panic. Start at
//! [`TARGETS`].
//!
//! Where a parser has a writer, what was read is written and read again: another result is a panic too.

use chrono_tz::Europe::Paris;
use tremen_badges::bake::{Form, bake_png, bake_svg, unbake};
use tremen_badges::contexts::Contexts;
use tremen_badges::keys::PublicKey;
use tremen_badges::proof::canonical_form;
use tremen_badges::status_list::StatusList;
use tremen_badges::verify::{Answer, Next, Options, Verdict, Verification, fetchable, to_bake};
use tremen_badges::{dates, json, multibase};
use tremen_files::table::{read_awards, read_cards, read_handovers, read_machines, read_memberships, read_people};
use tremen_wire::{Channel, ControllerId, Down, Protection, Up};

/// A parser under fire.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its binary in `fuzz_targets`.
pub const TARGETS: [(&str, Target); 9] = [
    ("badge_file", badge_file),
    ("badge_picture", badge_picture),
    ("badge_document", badge_document),
    ("badge_keys", badge_keys),
    ("status_list", status_list),
    ("network_file", network_file),
    ("tables", tables),
    ("wire_up", wire_up),
    ("wire_down", wire_down),
];

/// A whole verification, in a world where every address answers the file itself. Nothing that signed itself so is valid.
pub fn badge_file(bytes: &[u8]) {
    let contexts = Contexts::pinned();
    let options = Options { person: None, trust: None, now: dates::parse("2026-12-01T00:00:00Z").unwrap() };
    let mut verification = Verification::of(bytes, options, &contexts);
    for _round in 0..32 {
        match verification.next() {
            Next::Done(report) => {
                assert_eq!(report.verdict, Verdict::of(&report.checks));
                return;
            }
            Next::Fetch(addresses) => {
                for address in addresses {
                    assert_eq!(fetchable(&address).as_deref(), Some(address.as_str()));
                    verification.answer(&address, Answer::Document(bytes.to_vec()));
                }
            }
        }
    }
    panic!("it asks without end");
}

/// A picture: what was baked into it comes out again, and nothing else.
pub fn badge_picture(bytes: &[u8]) {
    let _ = unbake(bytes); // any answer will do
    if let Ok(baked) = bake_png(bytes, Form::V3, "{}") {
        assert_eq!(unbake(&baked).map(|baked| baked.text).as_deref(), Ok("{}"));
    }
    if let Some(Ok(baked)) = str::from_utf8(bytes).ok().map(|svg| bake_svg(svg, Form::V2, "{\"a\":\"]]>\"}", "a&b")) {
        assert_eq!(unbake(baked.as_bytes()).map(|baked| baked.text).as_deref(), Ok("{\"a\":\"]]>\"}"));
    }
}

/// JSON and its canonical form: the same document twice has the same.
pub fn badge_document(bytes: &[u8]) {
    let Ok(document) = json::parse(bytes, json::MAX_TEXT) else { return };
    assert_eq!(json::parse(document.to_string().as_bytes(), usize::MAX).as_ref(), Ok(&document));
    let contexts = Contexts::pinned();
    assert_eq!(canonical_form(&document, &contexts), canonical_form(&document, &contexts));
    let _ = str::from_utf8(bytes).map(to_bake); // any answer will do
}

/// Keys, dates and encodings.
pub fn badge_keys(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let _ = (PublicKey::from_multikey(text), PublicKey::from_pem(text), multibase::decode(text), fetchable(text));
    if let Some(decoded) = multibase::from_base58(text) {
        assert_eq!(multibase::encode(&decoded), format!("z{text}"));
    }
    if let Some(time) = dates::parse(text) {
        assert_eq!(dates::parse(&dates::format(time)).map(dates::format), Some(dates::format(time)));
    }
    if let Ok(value) = serde_json::from_str(text) {
        let _ = (PublicKey::from_jwk(&value), dates::parse_lenient(&value));
    }
}

/// A status list: what was read is written and read again.
pub fn status_list(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(list) = StatusList::decode(text) {
        assert_eq!(StatusList::decode(&list.encode()), Ok(list));
    }
}

/// The network file.
pub fn network_file(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let _ = tremen_files::network_file::read(text);
}

/// The CSV tables, each fed with the same bytes.
pub fn tables(bytes: &[u8]) {
    let _ = (read_awards(bytes, Paris), read_cards(bytes, Paris), read_handovers(bytes, Paris));
    let _ = (read_machines(bytes, Paris), read_memberships(bytes, Paris), read_people(bytes, Paris));
}

fn controller() -> ControllerId {
    ControllerId::parse("ubo-laser").unwrap()
}

/// What a controller says, in the plain profile; the sealed one lets nothing by that is not sealed.
pub fn wire_up(bytes: &[u8]) {
    for channel in [Channel::Hello, Channel::Ask, Channel::Report] {
        if let Ok(message) = Up::decode(&controller(), channel, bytes, Protection::Plain) {
            let again = message.encode(&controller(), Protection::Plain);
            assert_eq!(Up::decode(&controller(), channel, &again, Protection::Plain), Ok(message));
        }
    }
}

/// What the registry says, in the plain profile.
pub fn wire_down(bytes: &[u8]) {
    for channel in [Channel::Welcome, Channel::Answer, Channel::Lease, Channel::Order] {
        if let Ok(message) = Down::decode(&controller(), channel, bytes, Protection::Plain) {
            let again = message.encode(&controller(), Protection::Plain);
            assert_eq!(Down::decode(&controller(), channel, &again, Protection::Plain), Ok(message));
        }
    }
}
