//! An award of 3.0: every step refuses for its own reason, and every way to cheat is refused.

use serde_json::{Value, json};
use tremen_badges::verify::{Answer, Person, Reason, Report, Trust, Verdict, Version};

use crate::world::{World, ada, document, file, refused, valid};

#[test]
fn one_changed_byte_of_a_signed_text_refuses_the_badge() {
    let good = String::from_utf8(file("tremen/site/badges/0191f2b0-laser-1.json")).unwrap();
    for (from, to) in [
        (
            "\"achievedLevel\": \"https://tremen.example/moules/decoupe-laser/3#n2\"",
            "\"achievedLevel\": \"https://tremen.example/moules/decoupe-laser/3#n3\"",
        ),
        ("2028-03-02", "2029-03-02"),
        ("b70120455580", "b70120455581"),
        ("94567", "94568"),
        ("Atelier du Port", "Atelier du Fort"),
        ("2026-03-02T17:31:00Z", "2026-03-02T17:31:01Z"),
        ("proofValue\": \"zX", "proofValue\": \"zY"),
    ] {
        assert!(good.contains(from), "{from}");
        refused(&World::ours().verify(good.replacen(from, to, 1).as_bytes()), Reason::BadSignature);
    }
}

/// A change of the first badge; what it needs is still served as published.
fn changed(change: impl Fn(&mut Value)) -> Report {
    let mut badge = document("tremen/site/badges/0191f2b0-laser-1.json");
    change(&mut badge);
    World::ours().verify(badge.to_string().as_bytes())
}

#[test]
fn every_step_has_its_own_reason() {
    refused(&changed(|b| b["@context"][1] = "https://evil.example/c".into()), Reason::UnknownContext);
    refused(&changed(|b| b["@context"][1] = json!({"x": "https://evil.example/"})), Reason::UnknownContext);
    refused(&changed(|b| b["rightsOnMachine"] = "all".into()), Reason::UndefinedTerm);
    refused(&changed(|b| b["credentialSubject"]["@reverse"] = json!({})), Reason::UndefinedTerm);
    refused(&changed(|b| b["credentialSubject"]["achievement"]["criteria"] = json!([])), Reason::Schema);
    refused(&changed(|b| b["credentialStatus"] = json!([b["credentialStatus"]])), Reason::Schema);
    refused(&changed(|b| b["credentialSubject"]["identifier"] = json!([])), Reason::NoSubject);
    refused(&changed(|b| b["validUntil"] = "2020-01-01T00:00:00Z".into()), Reason::Dates);
    refused(&changed(|b| b["validFrom"] = "2026-03-02T17:30:00".into()), Reason::Schema);
    refused(&changed(|b| b["proof"]["cryptosuite"] = "eddsa-jcs-2022".into()), Reason::ProofUnsupported);
    refused(&changed(|b| b["proof"]["proofPurpose"] = "authentication".into()), Reason::BadSignature);
    let foreign = "did:web:tremen.example:lieux:bourg#cle-2026";
    refused(&changed(|b| b["proof"]["verificationMethod"] = foreign.into()), Reason::KeyOfAnother);
    let unknown = "did:web:tremen.example:lieux:port#cle-2019";
    refused(&changed(|b| b["proof"]["verificationMethod"] = unknown.into()), Reason::KeyNotListed);
    let inside = "https://192.168.1.1/issuer";
    refused(&changed(|b| b["issuer"]["id"] = inside.into()), Reason::IssuerUnreachable);
}

#[test]
fn a_second_proof_by_a_stranger_neither_helps_nor_harms() {
    let stranger = json!({"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "created": "2026-03-02T17:31:00Z",
        "proofPurpose": "assertionMethod", "verificationMethod": "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2#x",
        "proofValue": "z2YwC8z3ap7yx1nZYCg4L3j3ApHsF8kgPdSb5xoS1VR7vPG3F561B52hYnQF9iseabecm3ijx4K1FBTQsCZahKZme"});
    valid(&changed(|b| b["proof"] = json!([stranger, b["proof"]])));
    refused(&changed(|b| b["proof"] = json!([stranger])), Reason::KeyOfAnother);
    // Four are looked at: who sends thousands has the verifier work for nothing.
    let crowd = |b: &Value, strangers: usize| -> Value {
        let strangers = std::iter::repeat_n(stranger.clone(), strangers);
        strangers.chain([b["proof"].clone()]).chain(std::iter::repeat_n(stranger.clone(), 500)).collect()
    };
    valid(&changed(|b| b["proof"] = crowd(b, 3)));
    refused(&changed(|b| b["proof"] = crowd(b, 4)), Reason::KeyOfAnother);
}

#[test]
fn an_issuer_that_does_not_answer_leaves_it_open_and_one_that_lists_another_key_refuses() {
    let badge = file("tremen/site/badges/0191f2b0-laser-1.json");
    let did = "https://tremen.example/lieux/port/did.json";
    let silent = World::ours().with(did, Answer::Unreachable("timeout".to_owned()));
    assert_eq!(silent.verify(&badge).verdict, Verdict::CannotSay(Reason::IssuerUnreachable));
    let mut other = document("tremen/site/lieux/port/did.json");
    other["assertionMethod"] = json!([]);
    refused(&World::ours().serving(did, &other).verify(&badge), Reason::KeyNotListed);
    let mut controlled = document("tremen/site/lieux/port/did.json");
    controlled["verificationMethod"][0]["controller"] = "did:web:evil.example".into();
    refused(&World::ours().serving(did, &controlled).verify(&badge), Reason::KeyOfAnother);
    let mut retired = document("tremen/site/lieux/port/did.json");
    retired["verificationMethod"][0]["revoked"] = "2026-05-01T00:00:00Z".into();
    refused(&World::ours().serving(did, &retired).verify(&badge), Reason::KeyNotListed);
    let mut named = document("tremen/site/lieux/port/did.json");
    named["id"] = "did:web:evil.example".into();
    refused(&World::ours().serving(did, &named).verify(&badge), Reason::IssuerUnreachable);
}

#[test]
fn a_status_list_is_believed_only_when_it_is_signed_by_the_same_issuer_for_this_purpose() {
    let badge = file("tremen/site/badges/0191f2b0-laser-1.json");
    let list = "https://tremen.example/lieux/port/statuts/1";
    let gone = World::ours().with(list, Answer::NotFound);
    assert_eq!(gone.verify(&badge).verdict, Verdict::CannotSay(Reason::StatusUnreachable));
    let served = |change: &dyn Fn(&mut Value)| {
        let mut changed = document("tremen/site/lieux/port/statuts/1.json");
        change(&mut changed);
        World::ours().serving(list, &changed).verify(&badge)
    };
    valid(&served(&|_| ()));
    refused(&served(&|l| l["issuer"] = "did:web:tremen.example:lieux:bourg".into()), Reason::StatusUntrusted);
    refused(&served(&|l| l["credentialSubject"]["statusPurpose"] = "suspension".into()), Reason::StatusUntrusted);
    refused(&served(&|l| l["validFrom"] = "2026-03-01T00:00:00Z".into()), Reason::StatusUntrusted);
    refused(&served(&|l| l["credentialSubject"]["encodedList"] = "uH4sIAAAAAAAAA".into()), Reason::StatusUntrusted);
    refused(&served(&|l| drop(l.as_object_mut().unwrap().remove("proof"))), Reason::StatusUntrusted);
    let bourg = document("tremen/site/lieux/bourg/statuts/1.json");
    refused(&World::ours().serving(list, &bourg).verify(&badge), Reason::StatusUntrusted);
}

#[test]
fn a_badge_is_for_whom_its_hash_says() {
    let badge = file("tremen/site/badges/0191f2b0-laser-1.json");
    valid(&World::ours().verify_with(&badge, ada(), None));
    let eve = Some(Person { emails: vec!["eve@example.org".to_owned()], ..Person::default() });
    refused(&World::ours().verify_with(&badge, eve, None), Reason::OtherRecipient);
    let anonymous = file("tremen/site/badges/0191f2b0-laser-2.json");
    refused(&World::ours().verify_with(&anonymous, ada(), None), Reason::RecipientUnproven);
    let urn = "urn:uuid:2b1d2c0a-6a53-4b5e-9f39-0d5f1a2e7c11".to_owned();
    let holder = Some(Person { ids: vec![urn], ..Person::default() });
    valid(&World::ours().verify_with(&anonymous, holder, None));
}

#[test]
fn trust_goes_by_exact_ids() {
    let badge = file("tremen/site/badges/0191f2b0-laser-1.json");
    let trust = |issuer: &str, class: Option<&str>| {
        let classes = class.map(|class| [class.to_owned()].into());
        Some(Trust { issuers: [(issuer.to_owned(), classes)].into() })
    };
    let port = "did:web:tremen.example:lieux:port";
    valid(&World::ours().verify_with(&badge, None, trust(port, None)));
    valid(&World::ours().verify_with(&badge, None, trust(port, Some("https://tremen.example/moules/decoupe-laser/3"))));
    let older = trust(port, Some("https://tremen.example/moules/decoupe-laser/2"));
    refused(&World::ours().verify_with(&badge, None, older), Reason::ClassNotRecognised);
    refused(&World::ours().verify_with(&badge, None, trust("Atelier du Port", None)), Reason::IssuerNotTrusted);
}

#[test]
fn older_badges_are_named_and_not_verified() {
    for (badge, version, name) in [
        (
            json!({"@context": "https://w3id.org/openbadges/v1", "type": "Assertion", "id": "https://e.org/1"}),
            Version::V1,
            "1.1",
        ),
        (
            json!({"uid": "1", "recipient": {"type": "email"}, "badge": "https://e.org/b", "verify": {"type": "hosted", "url": "https://e.org/1"}}),
            Version::V1,
            "1.0",
        ),
        (
            json!({"recipient": "sha256$00", "badge": {"version": "0.5.0", "name": "x", "issuer": {"origin": "https://e.org"}}}),
            Version::V05,
            "0.5",
        ),
    ] {
        let report = World::default().verify(badge.to_string().as_bytes());
        refused(&report, Reason::VersionUnsupported);
        assert_eq!(report.version, Some(version));
        assert!(report.checks.iter().any(|check| check.detail.contains(name)));
    }
}

#[test]
fn what_is_no_badge_is_said_to_be_none() {
    let world = World::default();
    for (bytes, reason) in [
        (&b"{}"[..], Reason::NotABadge),
        (b"[]", Reason::NotABadge),
        (b"{\"a\":1,\"a\":2}", Reason::Unreadable),
        (b"", Reason::Unreadable),
        (b"\x00\x01", Reason::Unreadable),
        (b"hello", Reason::Unreadable),
        (b"eyJ.x.y", Reason::Unreadable),
        (b"https://127.0.0.1/badge", Reason::DocumentUnreachable),
    ] {
        refused(&world.verify(bytes), reason);
    }
    refused(&world.verify(&file("tremen/image-class.png")), Reason::NoBadge);
    refused(&world.verify(&[b"{\"a\":\"", "x".repeat(300_000).as_bytes(), b"\"}"].concat()), Reason::TooBig);
}

#[test]
fn no_letter_or_digit_of_a_badge_can_be_changed() {
    let good = file("tremen/site/badges/0191f2b0-laser-1.json");
    // Every fifth one keeps the test short; the others are no different.
    for at in (0..good.len()).filter(|at| good[*at].is_ascii_alphanumeric()).step_by(5) {
        let mut bad = good.clone();
        bad[at] = if bad[at] == b'x' { b'y' } else { b'x' };
        let report = World::ours().verify(&bad);
        assert_ne!(report.verdict, Verdict::Valid, "byte {at}");
    }
}
