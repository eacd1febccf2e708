//! Every vector gets its verdict for the right reason, and every way to cheat is refused.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests: a failure here is a failed test"
)]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tremen_badges::contexts::Contexts;
use tremen_badges::dates;
use tremen_badges::verify::{
    About, Answer, Next, Options, Outcome, Person, Reason, Report, Step, Trust, Verdict, Verification, Version,
};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/");
const NOW: &str = "2026-12-01T00:00:00Z";

/// A world of documents: folders of the vectors, and single answers that go before them.
#[derive(Clone, Default)]
struct World {
    folders: Vec<(&'static str, &'static str)>,
    answers: BTreeMap<String, Answer>,
}

impl World {
    fn ours() -> Self {
        Self { folders: vec![("https://tremen.example/", "tremen/site/")], ..Self::default() }
    }

    fn theirs() -> Self {
        let list = "https://raw.githubusercontent.com/1EdTech/digital-credentials-public-validator/refs/heads/main/\
                    inspector-vc/src/test/resources/ob30/bit-string-list/";
        Self {
            folders: vec![
                ("https://1edtech.edu/", "controllers/1edtech.edu/"),
                ("https://example.com/", "controllers/example.com/"),
                ("https://example.edu/", "controllers/example.edu/"),
                ("https://state.gov/", "controllers/state.gov/"),
                ("https://example.org/", "ob20/assets/"),
                (list, "ob30/bit-string-list/"),
            ],
            ..Self::default()
        }
    }

    fn with(mut self, url: &str, answer: Answer) -> Self {
        self.answers.insert(url.to_owned(), answer);
        self
    }

    fn serving(self, url: &str, document: &Value) -> Self {
        self.with(url, Answer::Document(document.to_string().into_bytes()))
    }

    fn get(&self, url: &str) -> Answer {
        if let Some(answer) = self.answers.get(url) {
            return answer.clone();
        }
        for (prefix, folder) in &self.folders {
            let Some(path) = url.strip_prefix(prefix) else { continue };
            for end in ["", ".json"] {
                if let Ok(bytes) = std::fs::read(format!("{VECTORS}{folder}{path}{end}")) {
                    return Answer::Document(bytes);
                }
            }
        }
        Answer::NotFound
    }

    fn verify_with(&self, file: &[u8], person: Option<Person>, trust: Option<Trust>) -> Report {
        let contexts = Contexts::pinned();
        let options = Options { person, trust, now: dates::parse(NOW).unwrap() };
        let mut verification = Verification::of(file, options, &contexts);
        for _round in 0..20 {
            match verification.next() {
                Next::Done(report) => return *report,
                Next::Fetch(addresses) => {
                    for address in addresses {
                        assert!(address.starts_with("https://"), "{address}");
                        verification.answer(&address, self.get(&address));
                    }
                }
            }
        }
        panic!("the verification asks without end");
    }

    fn verify(&self, file: &[u8]) -> Report {
        self.verify_with(file, None, None)
    }
}

fn file(path: &str) -> Vec<u8> {
    std::fs::read(format!("{VECTORS}{path}")).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn document(path: &str) -> Value {
    serde_json::from_slice(&file(path)).unwrap()
}

#[track_caller]
fn refused(report: &Report, reason: Reason) {
    assert_eq!(report.verdict, Verdict::Refused(reason), "{report:#?}");
}

#[track_caller]
fn valid(report: &Report) {
    assert_eq!(report.verdict, Verdict::Valid, "{report:#?}");
}

fn ada() -> Option<Person> {
    Some(Person { emails: vec![" Ada@Example.org".to_owned()], ..Person::default() })
}

#[test]
fn the_third_party_vectors_of_version_3_get_their_verdicts_for_the_right_reasons() {
    for (path, reason) in [
        ("ob30/simple.json", None),
        ("ob30/simple-json.png", None),
        ("ob30/simple-did-web-method.json", None),
        ("ob30/endorsement-valid.json", None),
        ("ob30/simple-err-context.json", Some(Reason::UndefinedTerm)),
        ("ob30/simple-err-credential-subject-type.json", Some(Reason::UndefinedTerm)),
        ("ob30/simple-err-expired.json", Some(Reason::Expired)),
        ("ob30/simple-err-proof-value.json", Some(Reason::BadSignature)),
        ("ob30/simple-err-type.json", Some(Reason::NotABadge)),
        ("ob30/simple-noproof.json", Some(Reason::Schema)),
        ("ob30/bit-string-list/credential-status-revoked.json", Some(Reason::Revoked)),
        ("dcc/bothSignatureTypes_didkey_legacy-noStatus-notExpired-endorsement.json", None),
        ("dcc/dataIntegrityProof_didKey_legacyRegistry-noStatus-noExpiry-basicOBv3.json", None),
        ("dcc/dataIntegrityProof_didKey_legacyRegistry-noStatus-noExpiry-identityHash.json", Some(Reason::Schema)),
        ("dcc/dataIntegrityProof_didKey_oidf-noStatus-notExpired-notYetValid.json", Some(Reason::NoSubject)),
        ("dcc/ed25519_didKey_legacy-noStatus-expired.json", Some(Reason::Expired)),
        ("dcc/ed25519_didKey_legacy-noStatus-noExpiry-tampered.json", Some(Reason::BadSignature)),
        ("w3c-eddsa/signedDataInt.json", Some(Reason::NotABadge)),
        ("w3c-eddsa/unsigned.json", Some(Reason::NotABadge)),
    ] {
        let report = World::theirs().verify(&file(path));
        let wanted = reason.map_or(Verdict::Valid, Verdict::Refused);
        assert_eq!(report.verdict, wanted, "{path}: {report:#?}");
    }
}

#[test]
fn a_badge_without_a_proof_is_told_so_whatever_else_it_lacks() {
    let report = World::theirs().verify(&file("ob30/simple-noproof.json"));
    let proof = report.checks.iter().find(|check| check.step == Step::Proof).unwrap();
    assert_eq!(proof.outcome, Outcome::Refused(Reason::ProofUnsupported));
    let mut unsigned = document("ob30/simple.json");
    unsigned.as_object_mut().unwrap().remove("proof");
    refused(&World::theirs().verify(unsigned.to_string().as_bytes()), Reason::ProofUnsupported);
}

#[test]
fn the_third_party_vectors_of_version_2_get_their_verdicts_for_the_right_reasons() {
    for (path, reason) in [
        ("ob20/basic-assertion.json", None),
        ("ob20/basic-assertion-expired.json", Some(Reason::Expired)),
        ("ob20/basic-assertion-expired-before-issued.json", Some(Reason::Dates)),
        ("ob20/basic-assertion-in-future.json", Some(Reason::NotYetValid)),
        ("ob20/basic-assertion-invalid-type.json", Some(Reason::NotABadge)),
    ] {
        // The vectors share one id: each is the hosted copy of itself.
        let world = World::theirs().serving("https://example.org/beths-robotics-badge.json", &document(path));
        let person = Person { emails: vec!["nobody@example.org".to_owned()], ..Person::default() };
        let report = world.verify_with(&file(path), Some(person), None);
        let wanted = reason.map_or(Verdict::Valid, Verdict::Refused);
        assert_eq!(report.verdict, wanted, "{path}: {report:#?}");
    }
    valid(&World::theirs().verify(&file("ob20/simple-badge.png")));
    let signed = World::theirs().verify(&file("ob20/simple-not-revoked.jwt"));
    valid(&signed);
    assert_eq!(signed.version, Some(Version::V2Signed));
    refused(&World::theirs().verify(&file("ob20/simple-revoked.jwt")), Reason::Revoked);
}

#[test]
fn a_revocation_list_of_exactly_one_entry_is_read_in_every_form() {
    let id = "https://example.org/beths-robotics-badge-revoked.json";
    for entries in [json!([id]), json!(id), json!([{"id": id}]), json!({"id": id, "revocationReason": "x"})] {
        let list = json!({"@context": "https://w3id.org/openbadges/v2", "type": "RevocationList",
            "id": "http://example.org/revocation-list.json", "revokedAssertions": entries});
        let world = World::theirs().serving("https://example.org/revocation-list.json", &list);
        refused(&world.verify(&file("ob20/simple-revoked.jwt")), Reason::Revoked);
    }
    let world = World::theirs().with("https://example.org/revocation-list.json", Answer::NotFound);
    let report = world.verify(&file("ob20/simple-revoked.jwt"));
    assert_eq!(report.verdict, Verdict::CannotSay(Reason::StatusUnreachable));
}

#[test]
fn a_signed_badge_of_version_2_holds_only_with_its_issuers_own_key() {
    let token = String::from_utf8(file("ob20/simple-not-revoked.jwt")).unwrap();
    let mut parts: Vec<&str> = token.trim().split('.').collect();
    let payload = parts[1].replacen("MjAxNi0xMi0z", "MjAxNS0xMi0z", 1);
    assert_ne!(payload, parts[1]);
    parts[1] = &payload;
    refused(&World::theirs().verify(parts.join(".").as_bytes()), Reason::BadSignature);

    let key = "https://example.org/key2.json";
    let mut foreign = document("ob20/assets/key2.json");
    foreign["owner"] = "https://evil.example/issuer".into();
    refused(&World::theirs().serving(key, &foreign).verify(token.as_bytes()), Reason::KeyOfAnother);

    let issuer = "https://example.org/organization-with-empty-revocation-list.json";
    let mut without = document("ob20/assets/organization-with-empty-revocation-list.json");
    without["publicKey"] = "http://example.org/key1.json".into();
    refused(&World::theirs().serving(issuer, &without).verify(token.as_bytes()), Reason::KeyNotListed);

    for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS256"}"#, r#"{"alg":"RS256","crit":["b64"],"b64":false}"#] {
        let header = tremen_badges::multibase::encode_base64url(header.as_bytes());
        let forged = format!(
            "{}.{}.{}",
            header.trim_start_matches('u'),
            token.split('.').nth(1).unwrap(),
            token.split('.').nth(2).unwrap()
        );
        refused(&World::theirs().verify(forged.trim().as_bytes()), Reason::ProofUnsupported);
    }
}

#[test]
fn our_published_badges_get_their_verdicts() {
    for (path, reason) in [
        ("site/badges/0191f2b0-laser-1.json", None),
        ("site/badges/0191f2b0-laser-2.json", None),
        ("site/badges/0191f2b0-laser-3.json", Some(Reason::Revoked)),
        ("site/badges/0191f2b0-laser-4.json", Some(Reason::Expired)),
        ("site/badges/0191f2b0-laser-5.json", None),
        ("site/badges/baked-3.0.png", None),
        ("site/recommandations/r-1.json", None),
        ("site/recommandations/r-4.json", Some(Reason::Revoked)),
    ] {
        let report = World::ours().verify(&file(&format!("tremen/{path}")));
        let wanted = reason.map_or(Verdict::Valid, Verdict::Refused);
        assert_eq!(report.verdict, wanted, "{path}: {report:#?}");
    }
    let report = World::ours().verify(&file("tremen/site/badges/0191f2b0-laser-5.json"));
    let endorsed: Vec<(About, Verdict)> = report.endorsements.seen.iter().map(|one| (one.about, one.verdict)).collect();
    assert_eq!(endorsed, [(About::Class, Verdict::Valid), (About::Issuer, Verdict::Valid)]);
    assert_eq!(report.claims.issuer.as_deref(), Some("did:web:tremen.example:lieux:port"));
    assert_eq!(report.claims.class.as_deref(), Some("https://tremen.example/moules/decoupe-laser/3"));
    assert_eq!(report.claims.level.as_deref(), Some("https://tremen.example/moules/decoupe-laser/3#n2"));
}

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
fn a_bad_endorsement_is_told_and_does_not_spoil_the_badge() {
    let did = "https://tremen.example/lieux/bourg/did.json";
    let world = World::ours().with(did, Answer::NotFound);
    let report = world.verify(&file("tremen/site/badges/0191f2b0-laser-5.json"));
    valid(&report);
    assert!(report.endorsements.seen.iter().all(|one| one.verdict == Verdict::Refused(Reason::IssuerUnreachable)));
}

#[test]
fn an_endorsement_of_something_else_does_not_count() {
    let r1 = document("tremen/site/recommandations/r-1.json");
    let report = changed(|badge| badge["credentialSubject"]["achievement"]["endorsement"] = json!([r1]));
    assert_eq!(report.endorsements.seen[0].verdict, Verdict::Refused(Reason::NotABadge));
}

/// The published 2.0 documents, each at its id.
fn ours_2() -> World {
    ["assertion", "badgeclass", "issuer"].iter().fold(World::default(), |world, name| {
        let document = document(&format!("tremen/ob2/{name}.json"));
        let id = document["id"].as_str().unwrap().to_owned();
        world.serving(&id, &document)
    })
}

#[test]
fn our_hosted_badge_of_version_2_is_valid_until_its_address_says_gone() {
    let baked = file("tremen/ob2/baked-2.0.png");
    let report = ours_2().verify_with(&baked, ada(), None);
    valid(&report);
    assert_eq!(report.version, Some(Version::V2Hosted));
    let address = "https://tremen.example/ob2/badges/0191f2b0-laser-1";
    valid(&ours_2().verify(address.as_bytes()));
    let body = file("tremen/ob2/revoked-410-body.json");
    let gone = ours_2().with(address, Answer::Gone(body.clone())).verify(&baked);
    refused(&gone, Reason::Revoked);
    assert!(gone.checks.iter().any(|check| check.detail.contains("Départ de feu")));
    let told = String::from_utf8(body).unwrap().replace("laser-3", "laser-1");
    refused(&ours_2().with(address, Answer::Document(told.into_bytes())).verify(&baked), Reason::Revoked);
    refused(&ours_2().with(address, Answer::NotFound).verify(&baked), Reason::DocumentUnreachable);
    let silent = ours_2().with(address, Answer::Unreachable("timeout".to_owned())).verify(&baked);
    assert_eq!(silent.verdict, Verdict::CannotSay(Reason::DocumentUnreachable));
}

#[test]
fn a_hosted_badge_counts_as_its_address_serves_it_and_only_at_its_issuers_own() {
    let mut in_hand = document("tremen/ob2/assertion.json");
    in_hand["expires"] = "2099-01-01T00:00:00Z".into();
    in_hand["badge"] = "https://tremen.example/ob2/moules/fraiseuse/1".into();
    let report = ours_2().verify(in_hand.to_string().as_bytes());
    valid(&report);
    assert_eq!(report.claims.class.as_deref(), Some("https://tremen.example/ob2/moules/decoupe-laser/3"));

    // Served elsewhere, with the class of the issuer: anybody can write that.
    let mut elsewhere = document("tremen/ob2/assertion.json");
    elsewhere["id"] = "https://evil.example/ob2/badges/1".into();
    let world = ours_2().serving("https://evil.example/ob2/badges/1", &elsewhere);
    refused(&world.verify(elsewhere.to_string().as_bytes()), Reason::WrongOrigin);

    // With an issuer written inside the badge that would allow it.
    let mut issuer = document("tremen/ob2/issuer.json");
    issuer["verification"] = json!({"startsWith": "https://evil.example/", "allowedOrigins": "evil.example"});
    let mut class = document("tremen/ob2/badgeclass.json");
    class["issuer"] = issuer;
    elsewhere["badge"] = class;
    let world = ours_2().serving("https://evil.example/ob2/badges/1", &elsewhere);
    refused(&world.verify(elsewhere.to_string().as_bytes()), Reason::WrongOrigin);
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
