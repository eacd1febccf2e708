//! Hostile files: whatever is in them, an answer comes, soon, without a panic.

use miniz_oxide::deflate::compress_to_vec_zlib;
use serde_json::{Value, json};
use tremen_badges::bake::unbake;
use tremen_badges::contexts::Contexts;
use tremen_badges::dates;
use tremen_badges::proof::canonical_form;
use tremen_badges::verify::{Answer, Next, Options, Reason, Report, Verdict, Verification};

const AWARD: &[u8] = include_bytes!("vectors/tremen/site/badges/0191f2b0-laser-5.json");
const BAKED: &[u8] = include_bytes!("vectors/tremen/site/badges/baked-3.0.png");
const BAKED_2: &[u8] = include_bytes!("vectors/tremen/ob2/baked-2.0.png");
const TOKEN: &[u8] = include_bytes!("vectors/ob20/simple-revoked.jwt");
const SVG: &[u8] = br#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:o="http://openbadges.org"><o:assertion verify="x"><![CDATA[{"a":1}]]></o:assertion></svg>"#;

/// Numbers that look random and are the same at every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit.max(1)).unwrap_or(1)).unwrap_or(0)
    }
}

/// Verifies a file in a world where every address answers the file itself.
fn verify(file: &[u8], contexts: &Contexts) -> Option<Report> {
    let options = Options { person: None, trust: None, now: dates::parse("2026-12-01T00:00:00Z")? };
    let mut verification = Verification::of(file, options, contexts);
    for _round in 0..30 {
        match verification.next() {
            Next::Done(report) => return Some(*report),
            Next::Fetch(addresses) => {
                for address in addresses {
                    verification.answer(&address, Answer::Document(file.to_vec()));
                }
            }
        }
    }
    None
}

#[test]
fn changed_cut_and_mixed_files_always_get_an_answer() {
    let contexts = Contexts::pinned();
    let mut dice = Dice(0x5eed);
    for file in [AWARD, BAKED, BAKED_2, TOKEN, SVG] {
        for _case in 0..150 {
            let mut bad = file.to_vec();
            for _change in 0..=dice.below(3) {
                let at = dice.below(bad.len());
                match dice.below(4) {
                    0 => bad.truncate(at),
                    1 => bad.insert(at, b"{}[]\"<>&\0\xff"[dice.below(10)]),
                    2 if !bad.is_empty() => bad[at] ^= 1 << dice.below(8),
                    _ => bad.extend_from_slice(&file[at.min(file.len())..]),
                }
            }
            let report = verify(&bad, &contexts).expect("an answer");
            assert_ne!(report.verdict, Verdict::Valid);
            let _ = unbake(&bad);
        }
    }
}

fn award(change: impl Fn(&mut Value)) -> Vec<u8> {
    let mut award: Value = serde_json::from_slice(AWARD).unwrap_or_default();
    change(&mut award);
    award.to_string().into_bytes()
}

#[test]
fn poisoned_documents_are_given_up_early() {
    let contexts = Contexts::pinned();
    let many: Value = (0..10_000).map(|_| json!({"type": ["Result"]})).collect();
    let knot: Value = (0..14)
        .map(|i| {
            let others: Value = (0..14).filter(|j| *j != i).map(|j| json!({"id": format!("_:b{j}")})).collect();
            json!({"id": format!("_:b{i}"), "type": ["Result"], "alignment": others})
        })
        .collect();
    for results in [many, knot] {
        let bytes = award(|badge| badge["credentialSubject"]["result"] = results.clone());
        let report = verify(&bytes, &contexts).unwrap();
        assert_eq!(report.verdict, Verdict::Refused(Reason::TooBig));
    }
    let contexts_again: Value = (0..2000).map(|_| json!("https://www.w3.org/ns/credentials/v2")).collect();
    let bytes = award(|badge| badge["@context"] = contexts_again.clone());
    assert_eq!(verify(&bytes, &contexts).unwrap().verdict, Verdict::Refused(Reason::TooBig));
}

#[test]
fn nodes_that_look_alike_under_one_that_does_not_are_no_poison() {
    let twins: Value = (0..200).map(|_| json!({"type": ["Result"]})).collect();
    let badge: Value =
        serde_json::from_slice(&award(|badge| badge["credentialSubject"]["result"] = twins.clone())).unwrap();
    assert!(canonical_form(&badge, &Contexts::pinned()).is_ok());
}

#[test]
fn a_document_that_names_itself_everywhere_does_not_go_round_for_ever() {
    let contexts = Contexts::pinned();
    let did = "https://tremen.example/self";
    let bytes = award(|badge| {
        badge["id"] = did.into();
        badge["issuer"] = json!({"id": did, "type": ["Profile"], "endorsement": [badge["issuer"]["endorsement"][0]]});
        badge["credentialStatus"]["statusListCredential"] = did.into();
    });
    let report = verify(&bytes, &contexts).unwrap();
    assert!(matches!(report.verdict, Verdict::Refused(_)));
}

#[test]
fn an_svg_with_very_many_attributes_or_elements_is_given_up_early() {
    let attributes: String = (0..200_000).map(|i| format!(" a{i}=\"\"")).collect();
    assert!(unbake(format!("<svg xmlns=\"http://www.w3.org/2000/svg\"{attributes}/>").as_bytes()).is_err());
    let elements = "<g/>".repeat(200_000);
    assert!(unbake(format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{elements}</svg>").as_bytes()).is_err());
}

#[test]
fn a_term_hidden_under_another_spelling_of_a_keyword_is_refused() {
    let contexts = Contexts::pinned();
    for (name, value) in [
        ("@id", json!("https://evil.example/")),
        ("@type", json!(["Marvel"])),
        ("https://schema.org/name extra", json!("x")),
        ("_:name", json!("x")),
        ("", json!("x")),
    ] {
        let mut badge: Value = serde_json::from_slice(AWARD).unwrap();
        badge[name] = value;
        assert!(canonical_form(&badge, &contexts).is_err(), "{name}");
    }
}

/// A chunk of a PNG with its right checksum.
fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [&kind[..], data].concat();
    let crc = !body.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 })
    });
    [&u32::try_from(data.len()).unwrap_or(0).to_be_bytes()[..], &body, &crc.to_be_bytes()].concat()
}

/// The baked picture with a chunk after its header.
fn picture(chunk: &[u8]) -> Vec<u8> {
    let (head, tail) = BAKED.split_at(33);
    [head, chunk, tail].concat()
}

#[test]
fn each_hostile_file_gets_the_refusal_that_it_deserves() {
    let contexts = Contexts::pinned();
    let text = String::from_utf8_lossy(AWARD).into_owned();
    let badge = "openbadgecredential\0";
    let mut endless = picture(&chunk(*b"iTXt", b"openbadgecredential\0\0\0\0\0{}"));
    endless.splice(33..37, u32::MAX.to_be_bytes());
    let bomb = [&b"openbadgecredential\0\x01\0\0\0"[..], &compress_to_vec_zlib(&vec![b' '; 64 << 20], 9)].concat();
    let long = [&b"openbadgecredential\0\0\0\0\0"[..], &vec![b'x'; 1 << 20]].concat();
    let unbaked = include_bytes!("vectors/tremen/image-class.png");
    let long_alone = [&unbaked[..33], &chunk(*b"iTXt", &long), &unbaked[33..]].concat();
    let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let laughs: String = (0..9).map(|i| format!("<!ENTITY l{} \"{}\">", i + 1, format!("&l{i};").repeat(10))).collect();
    for (what, file, reason) in [
        ("nested 100,000 deep", "[".repeat(100_000).into_bytes(), Reason::Unreadable),
        (
            "a key twice",
            text.replacen("\"id\"", "\"id\": \"https://evil.example/\", \"id\"", 1).into_bytes(),
            Reason::Unreadable,
        ),
        ("a number beyond what is exact", br#"{"a": 9007199254740993}"#.to_vec(), Reason::Unreadable),
        ("half a surrogate", br#"{"a": "\ud800"}"#.to_vec(), Reason::Unreadable),
        ("two megabytes of text", format!("{{\"a\": \"{}\"}}", "x".repeat(2 << 20)).into_bytes(), Reason::TooBig),
        ("six megabytes of picture", vec![0x89; 6 << 20], Reason::TooBig),
        ("a second badge", picture(&chunk(*b"iTXt", b"openbadgecredential\0\0\0\0\0{}")), Reason::BakedTwice),
        ("a compressed chunk", picture(&chunk(*b"zTXt", format!("{badge}\0x").as_bytes())), Reason::BakedCompressed),
        ("a bomb in a chunk", picture(&chunk(*b"iTXt", &bomb)), Reason::BakedCompressed),
        ("a badge of a megabyte in a chunk", picture(&chunk(*b"iTXt", &long)), Reason::BakedTwice),
        ("a badge of a megabyte alone in its chunk", long_alone, Reason::TooBig),
        ("a chunk of four gigabytes", endless, Reason::Unreadable),
        (
            "a billion laughs",
            format!("<!DOCTYPE svg [<!ENTITY l0 \"l\">{laughs}]><svg>&l9;</svg>").into_bytes(),
            Reason::Unreadable,
        ),
        ("two bytes for each letter", utf_16, Reason::Unreadable),
        ("a mark before the text", [b"\xef\xbb\xbf", AWARD].concat(), Reason::Unreadable),
        ("two documents", [AWARD, AWARD].concat(), Reason::Unreadable),
        ("entities", b" <!DOCTYPE svg [<!ENTITY a \"&a;&a;\">]><svg>&a;</svg>".to_vec(), Reason::Unreadable),
        (
            "a context from elsewhere",
            award(|b| b["@context"][1] = json!("https://evil.example/v1")),
            Reason::UnknownContext,
        ),
        (
            "a context inside",
            award(|b| b["@context"][1] = json!({"name": "https://evil.example/"})),
            Reason::UnknownContext,
        ),
        (
            "a context further in",
            award(|b| b["credentialSubject"]["@context"] = json!([{"id": "@type"}])),
            Reason::UnknownContext,
        ),
        ("no context further in", award(|b| b["credentialSubject"]["@context"] = Value::Null), Reason::UnknownContext),
        ("no context at all", award(|b| b["@context"] = Value::Null), Reason::UnknownContext),
        (
            "a reversed member",
            award(|b| b["@reverse"] = json!({"issuer": {"id": "https://evil.example/"}})),
            Reason::UndefinedTerm,
        ),
        (
            "the contexts in another order",
            award(|b| b["@context"] = json!([b["@context"][1], b["@context"][0]])),
            Reason::Schema,
        ),
        ("a term of nobody's", award(|b| b["opensEverything"] = json!(true)), Reason::UndefinedTerm),
        ("an alias of a keyword", award(|b| b["@type"] = json!("Marvel")), Reason::UndefinedTerm),
        (
            "a host that looks alike",
            award(|b| b["issuer"]["id"] = json!("https://trеmen.example/")),
            Reason::IssuerUnreachable,
        ),
        (
            "a dot of another script",
            award(|b| b["issuer"]["id"] = json!("https://tremen。example/")),
            Reason::IssuerUnreachable,
        ),
        (
            "a host that looks alike in a DID",
            award(|b| b["issuer"]["id"] = json!("did:web:tremеn.example")),
            Reason::IssuerUnreachable,
        ),
        (
            "a path that climbs",
            award(|b| b["issuer"]["id"] = json!("https://tremen.example/a/%2e%2e/b")),
            Reason::IssuerUnreachable,
        ),
        ("a host inside", award(|b| b["issuer"]["id"] = json!("https://169.254.169.254/")), Reason::IssuerUnreachable),
        (
            "a host with a user",
            award(|b| b["issuer"]["id"] = json!("https://tremen.example@evil.example/")),
            Reason::IssuerUnreachable,
        ),
        (
            "a DID that climbs",
            award(|b| b["issuer"]["id"] = json!("did:web:tremen.example:..:..")),
            Reason::IssuerUnreachable,
        ),
    ] {
        let report = verify(&file, &contexts).unwrap();
        assert_eq!(report.verdict, Verdict::Refused(reason), "{what}: {:#?}", report.checks);
    }
}

#[test]
fn a_badge_that_lies_at_a_host_that_looks_alike_is_not_its_issuers() {
    // In the spelling that a browser shows as `tremen.example` with a letter of another script.
    let contexts = Contexts::pinned();
    let options = Options { person: None, trust: None, now: dates::parse("2026-12-01T00:00:00Z").unwrap() };
    let lookalike = "https://xn--trmen-3ve.example/ob2/badges/1";
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let assertion = text(include_bytes!("vectors/tremen/ob2/assertion.json"));
    let assertion = assertion.replacen("https://tremen.example/ob2/badges/0191f2b0-laser-1", lookalike, 1);
    let mut verification = Verification::of(assertion.as_bytes(), options, &contexts);
    let report = loop {
        match verification.next() {
            Next::Done(report) => break report,
            Next::Fetch(addresses) => {
                for address in addresses {
                    let body = match address.as_str() {
                        "https://tremen.example/ob2/moules/decoupe-laser/3" => {
                            text(include_bytes!("vectors/tremen/ob2/badgeclass.json"))
                        }
                        "https://tremen.example/ob2/lieux/port" => {
                            text(include_bytes!("vectors/tremen/ob2/issuer.json"))
                        }
                        _own => assertion.clone(),
                    };
                    verification.answer(&address, Answer::Document(body.into_bytes()));
                }
            }
        }
    };
    assert_eq!(report.verdict, Verdict::Refused(Reason::WrongOrigin), "{report:#?}");
}
