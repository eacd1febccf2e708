//! The documents made from facts are the published examples, signature for signature.

use serde::Serialize;
use serde_json::{Value, json};
use tremen_badges::bake::{Form, bake_png, bake_svg};
use tremen_badges::contexts::Contexts;
use tremen_badges::facts::{
    AchievementType, Addresses, AwardFacts, EndorsementFacts, EvidenceFacts, IssuerFacts, LevelFacts, Recipient,
    ReferenceFacts, StatusPlace,
};
use tremen_badges::hash::sha256;
use tremen_badges::identity::HashedIdentity;
use tremen_badges::keys::SigningKey;
use tremen_badges::status_list::StatusList;
use tremen_badges::v3::{
    AchievementCredential, DidDocument, EndorsementCredential, FactsError, SignError, Signed, StatusListCredential,
};
use tremen_badges::{dates, v2};
use tremen_rules::{Level, Time};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/tremen/");
const SIGNED: &str = "2026-03-02T17:31:00Z";

fn at(text: &str) -> Time {
    dates::parse(text).unwrap_or(Time::MAX)
}

fn addresses() -> Addresses {
    Addresses::under("https://tremen.example").unwrap_or_else(|_| unreachable!())
}

fn key(venue: &str) -> SigningKey {
    let seed = sha256(format!("tremen-example-test-key:{venue}").as_bytes());
    SigningKey::from_seed(&format!("{}#cle-2026", addresses().venue_did(venue)), &seed)
}

fn network_key() -> SigningKey {
    SigningKey::from_seed("did:web:tremen.example#cle-2026", &sha256(b"tremen-example-test-key:reseau"))
}

fn venue(id: &str, name: &str) -> IssuerFacts {
    IssuerFacts { did: addresses().venue_did(id), name: name.to_owned(), url: addresses().venue(id), email: None }
}

fn reference() -> ReferenceFacts {
    let level = |level, name: &str, description: &str| LevelFacts {
        level,
        name: name.to_owned(),
        description: description.to_owned(),
    };
    ReferenceFacts {
        id: "decoupe-laser".to_owned(),
        version: 3,
        title: "Utilisation de la découpeuse laser".to_owned(),
        description: "Prépare, lance et surveille une découpe laser sans danger, et sait quoi faire en cas de départ de feu."
            .to_owned(),
        criteria: "Avoir suivi la formation du lieu (2 h), réussi le questionnaire de sécurité (8/10) et une découpe surveillée."
            .to_owned(),
        image_caption: "Badge « découpeuse laser »".to_owned(),
        kind: AchievementType::Certification,
        creator: IssuerFacts {
            did: addresses().network_did(),
            name: "Réseau Fab@brest (exemple)".to_owned(),
            url: "https://tremen.example".to_owned(),
            email: None,
        },
        language: "fr".to_owned(),
        human_code: Some("LASER".to_owned()),
        tags: ["sécurité", "laser", "fablab"].map(str::to_owned).to_vec(),
        scale: "Niveau d'autonomie".to_owned(),
        levels: vec![
            level(Level::Discovery, "Accompagné", "En présence d'un référent."),
            level(Level::Autonomous, "Autonome", "Seul pendant les heures d'ouverture."),
            level(Level::Trainer, "Référent", "Peut former et évaluer."),
        ],
        steps: Vec::new(),
    }
}

fn award(id: &str, index: u32) -> AwardFacts {
    let salt: [u8; 16] = core::array::from_fn(|i| sha256(format!("salt:{id}").as_bytes()).get(i).copied().unwrap_or(0));
    AwardFacts {
        id: id.to_owned(),
        name: "Utilisation de la découpeuse laser — niveau Autonome".to_owned(),
        issuer: IssuerFacts {
            email: Some("badges@port.tremen.example".to_owned()),
            ..venue("port", "Atelier du Port")
        },
        issuer_v2: "https://tremen.example/ob2/lieux/port".to_owned(),
        reference: reference(),
        level: Level::Autonomous,
        recipient: Recipient::Hashed(vec![HashedIdentity::email("Ada@example.org", salt)]),
        awarded_at: at("2026-03-02T17:30:00Z"),
        valid_from: at("2026-03-02T17:30:00Z"),
        valid_until: Some(at("2028-03-02T17:30:00Z")),
        evidence: vec![EvidenceFacts {
            url: format!("https://tremen.example/badges/{id}/preuves/1"),
            name: "Découpe surveillée".to_owned(),
            description: "Boîte en contreplaqué 3 mm, réglages relus avec le référent.".to_owned(),
            genre: Some("Épreuve pratique".to_owned()),
        }],
        status: StatusPlace { list: addresses().status_list("port", 1), index },
        class_endorsements: Vec::new(),
        issuer_endorsements: Vec::new(),
    }
}

fn endorsement(id: &str, about: &str, comment: &str, index: u32) -> EndorsementFacts {
    EndorsementFacts {
        id: id.to_owned(),
        name: "Recommandation du Fab du Bourg".to_owned(),
        issuer: venue("bourg", "Fab du Bourg"),
        issuer_v2: "https://tremen.example/ob2/lieux/bourg".to_owned(),
        about: about.to_owned(),
        comment: comment.to_owned(),
        valid_from: at("2026-03-10T09:00:00Z"),
        valid_until: Some(at("2028-03-10T09:00:00Z")),
        status: StatusPlace { list: addresses().status_list("bourg", 1), index },
    }
}

fn published(path: &str) -> Value {
    std::fs::read_to_string(format!("{VECTORS}{path}"))
        .map_or(Value::Null, |text| tremen_badges::json::parse(text.as_bytes(), 1 << 20).unwrap_or_default())
}

#[track_caller]
fn is_published(document: &impl Serialize, path: &str) {
    assert_eq!(serde_json::to_value(document).unwrap_or_default(), published(path), "{path}");
}

#[test]
fn every_published_award_comes_out_signature_for_signature() {
    let contexts = Contexts::pinned();
    let sign = |facts: &AwardFacts, when: &str| {
        let document = AchievementCredential::of(facts, &addresses()).unwrap();
        Signed::by(document, &key("port"), &contexts, at(when)).unwrap()
    };
    is_published(&sign(&award("0191f2b0-laser-1", 94_567), SIGNED), "site/badges/0191f2b0-laser-1.json");
    let urn = "urn:uuid:2b1d2c0a-6a53-4b5e-9f39-0d5f1a2e7c11".to_owned();
    let anonymous = AwardFacts { recipient: Recipient::Anonymous(urn), ..award("0191f2b0-laser-2", 12_001) };
    is_published(&sign(&anonymous, SIGNED), "site/badges/0191f2b0-laser-2.json");
    is_published(&sign(&award("0191f2b0-laser-3", 40_404), SIGNED), "site/badges/0191f2b0-laser-3.json");
    let long_ago = at("2023-01-10T10:00:00Z");
    let expired = AwardFacts {
        awarded_at: long_ago,
        valid_from: long_ago,
        valid_until: Some(at("2025-01-10T10:00:00Z")),
        ..award("0191f2b0-laser-4", 777)
    };
    is_published(&sign(&expired, "2023-01-10T10:00:00Z"), "site/badges/0191f2b0-laser-4.json");
    let rich = AwardFacts {
        valid_from: at("2026-03-11T08:00:00Z"),
        class_endorsements: vec![published("site/recommandations/r-2.json")],
        issuer_endorsements: vec![published("site/recommandations/r-3.json")],
        ..award("0191f2b0-laser-5", 31_313)
    };
    is_published(&sign(&rich, "2026-03-11T08:00:00Z"), "site/badges/0191f2b0-laser-5.json");
}

#[test]
fn every_published_endorsement_comes_out_signature_for_signature() {
    let contexts = Contexts::pinned();
    let class = addresses().class("decoupe-laser", 3);
    let about_award = addresses().award("0191f2b0-laser-5");
    for (id, about, comment, index) in [
        ("r-1", &about_award, "Nous avons vu cette personne travailler seule au Fab du Bourg.", 501),
        ("r-2", &class, "Ce moule vaut, chez nous, pour une découpeuse CO2 de 60 W.", 502),
        ("r-3", &addresses().venue_did("port"), "L'Atelier du Port forme sérieusement à la sécurité laser.", 503),
        ("r-4", &class, "Recommandation retirée.", 504),
    ] {
        let document = EndorsementCredential::of(&endorsement(id, about, comment, index), &addresses()).unwrap();
        let signed = Signed::by(document, &key("bourg"), &contexts, at("2026-03-10T09:00:00Z")).unwrap();
        is_published(&signed, &format!("site/recommandations/{id}.json"));
    }
}

#[test]
fn the_published_keys_and_status_lists_say_the_same() {
    let network = DidDocument::of("did:web:tremen.example", &[network_key().listed()], None);
    is_published(&network, "site/.well-known/did.json");
    for (id, list) in [("port", 40_404), ("bourg", 504)] {
        let did = DidDocument::of(&addresses().venue_did(id), &[key(id).listed()], Some(&addresses().venue(id)));
        is_published(&did, &format!("site/lieux/{id}/did.json"));
        let bits = StatusList::with(&[list]).unwrap();
        let theirs = published(&format!("site/lieux/{id}/statuts/1.json"));
        let encoded = theirs["credentialSubject"]["encodedList"].as_str().unwrap();
        // Two packers may write the same list in other bytes.
        assert_eq!(StatusList::decode(encoded).unwrap(), bits);
        let (address, did) = (addresses().status_list(id, 1), addresses().venue_did(id));
        let ours = StatusListCredential::of(&address, &did, &bits, at("2026-03-02T00:00:00Z"));
        let mut ours = serde_json::to_value(&ours).unwrap();
        ours["credentialSubject"]["encodedList"] = encoded.into();
        ours["proof"] = theirs["proof"].clone();
        assert_eq!(ours, theirs);
    }
}

#[test]
fn every_published_document_of_version_2_comes_out() {
    let places = addresses();
    let facts = award("0191f2b0-laser-1", 94_567);
    let assertion = v2::Assertion::of(&facts, &places);
    is_published(&assertion, "ob2/assertion.json");
    is_published(&v2::BadgeClass::of(&facts.reference, &facts.issuer_v2, &places), "ob2/badgeclass.json");
    is_published(&v2::Issuer::of(&facts.issuer, &facts.issuer_v2, &places), "ob2/issuer.json");
    let revoked = v2::Revoked::of("0191f2b0-laser-3", "Départ de feu le 11 mars : formation à refaire.", &places);
    is_published(&revoked, "ob2/revoked-410-body.json");
    let class = "https://tremen.example/ob2/moules/decoupe-laser/3";
    let about = endorsement("r-2", class, "Ce moule vaut, chez nous, pour une découpeuse CO2 de 60 W.", 502);
    is_published(&v2::Endorsement::of(&about, class, &places), "ob2/endorsement-class.json");
}

#[test]
fn a_text_is_written_in_the_order_of_the_norm() {
    let document = AchievementCredential::of(&award("0191f2b0-laser-1", 94_567), &addresses()).unwrap();
    let signed = Signed::by(document, &key("port"), &Contexts::pinned(), at(SIGNED)).unwrap();
    let text = signed.to_json().unwrap();
    let order = ["\"@context\"", "\"id\"", "\"type\"", "\"issuer\"", "\"credentialSubject\"", "\"proof\""];
    let places: Vec<usize> = order.iter().map(|name| text.find(name).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn facts_that_make_no_badge_are_refused() {
    let of = |facts: AwardFacts| AchievementCredential::of(&facts, &addresses()).unwrap_err();
    let nobody = AwardFacts { recipient: Recipient::Hashed(Vec::new()), ..award("a", 1) };
    assert_eq!(of(nobody), FactsError::NoRecipient);
    let named = AwardFacts { recipient: Recipient::Anonymous("did:web:ada.example".to_owned()), ..award("a", 1) };
    assert_eq!(of(named), FactsError::NotAnonymous("did:web:ada.example".to_owned()));
    let mut lower = award("a", 1);
    lower.reference.levels.truncate(1);
    assert_eq!(of(lower), FactsError::UnknownLevel { reference: "decoupe-laser".to_owned(), level: 2 });
    let backwards = AwardFacts { valid_until: Some(at("2020-01-01T00:00:00Z")), ..award("a", 1) };
    assert_eq!(of(backwards), FactsError::EndsBeforeItBegins);
}

#[test]
fn nobody_signs_for_another_issuer() {
    let document = AchievementCredential::of(&award("a", 1), &addresses()).unwrap();
    let error = Signed::by(document, &key("bourg"), &Contexts::pinned(), at(SIGNED)).unwrap_err();
    assert!(matches!(error, SignError::KeyOfAnother { .. }), "{error}");
}

#[test]
fn several_identities_stand_beside_each_other_in_version_3_and_the_first_alone_in_version_2() {
    let both =
        vec![HashedIdentity::email("ada@example.org", [1; 16]), HashedIdentity::email("ada@lab.example", [2; 16])];
    let facts = AwardFacts { recipient: Recipient::Hashed(both.clone()), ..award("a", 1) };
    let three = serde_json::to_value(AchievementCredential::of(&facts, &addresses()).unwrap()).unwrap();
    let hashes: Vec<&str> = three["credentialSubject"]["identifier"]
        .as_array()
        .unwrap()
        .iter()
        .map(|identity| identity["identityHash"].as_str().unwrap())
        .collect();
    assert_eq!(hashes, [both[0].hash(), both[1].hash()]);
    let two = serde_json::to_value(v2::Assertion::of(&facts, &addresses())).unwrap();
    assert_eq!(two["recipient"]["identity"], json!(both[0].hash()));
}

#[test]
fn an_anonymous_badge_tells_no_identity_and_no_evidence_in_either_version() {
    let urn = "urn:uuid:2b1d2c0a-6a53-4b5e-9f39-0d5f1a2e7c11".to_owned();
    let facts = AwardFacts { recipient: Recipient::Anonymous(urn), ..award("a", 1) };
    let three = serde_json::to_string(&AchievementCredential::of(&facts, &addresses()).unwrap()).unwrap();
    let two = serde_json::to_string(&v2::Assertion::of(&facts, &addresses())).unwrap();
    for text in [three, two] {
        assert!(!text.contains("identityHash") && !text.contains("evidence") && !text.contains("salt"), "{text}");
    }
}

/// The 2.0 form of an address below the folder of the 2.0 documents.
fn place_v2(address: &str) -> String {
    let path = address.strip_prefix("https://tremen.example/").unwrap_or(address);
    format!("ob2/{}.json", path.trim_start_matches("ob2/"))
}

/// Leaves every kind of document in the target folder, each at its address, for validators of other makes
/// (`tests/validators`), with the verdict that they should give where it is not `valid`.
#[test]
fn every_kind_of_document_is_written_for_other_validators() {
    const CLASS: &[u8] = include_bytes!("vectors/tremen/image-class.png");
    let contexts = Contexts::pinned();
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("emitted");
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    let (mut expected_3, mut expected_2) = (serde_json::Map::new(), serde_json::Map::new());
    let until = Some(at("2099-03-02T17:30:00Z")); // some of them read the real clock
    let class = addresses().class("decoupe-laser", 3);
    let about = |id: &str, about: &str, index| {
        let facts = EndorsementFacts { valid_until: until, ..endorsement(id, about, "Bien.", index) };
        let document = EndorsementCredential::of(&facts, &addresses()).unwrap();
        let signed = Signed::by(document, &key("bourg"), &contexts, at("2026-03-10T09:00:00Z")).unwrap();
        write(&format!("site/recommandations/{id}.json"), text(&signed).as_bytes());
        let page = if about.starts_with("did:") { addresses().venue("port") } else { about.to_owned() };
        let v2 = v2::Endorsement::of(&facts, &addresses().v2(&page), &addresses());
        write(&format!("ob2/recommandations/{id}.json"), text(&v2).as_bytes());
        serde_json::to_value(&signed).unwrap()
    };
    about("about-an-award", &addresses().award("plain"), 501);
    let of_class = about("about-a-class", &class, 502);
    let of_issuer = about("about-an-issuer", &addresses().venue_did("port"), 503);
    about("withdrawn", &class, 40_404);
    expected_3.insert("recommandations/withdrawn.json".to_owned(), "revoked".into());

    let plain = |id: &str, index| AwardFacts { valid_until: until, ..award(id, index) };
    let mut pathway = plain("pathway", 8);
    pathway.reference.id = "parcours".to_owned();
    pathway.reference.kind = AchievementType::LearningProgram;
    pathway.reference.levels.clear();
    pathway.reference.steps = vec![(class, "Découpe laser".to_owned())];
    let urn = "urn:uuid:2b1d2c0a-6a53-4b5e-9f39-0d5f1a2e7c11".to_owned();
    let two =
        vec![HashedIdentity::email("ada@example.org", [1; 16]), HashedIdentity::url("https://ada.example/", [2; 16])];
    let long_ago = at("2023-01-10T10:00:00Z");
    let ended = Some(at("2025-01-10T10:00:00Z"));
    for (facts, verdict) in [
        (plain("plain", 7), "valid"),
        (pathway, "valid"),
        (AwardFacts { recipient: Recipient::Anonymous(urn), ..plain("anonymous", 9) }, "valid"),
        (AwardFacts { recipient: Recipient::Hashed(two), valid_until: None, ..award("two-identities", 10) }, "valid"),
        (
            AwardFacts {
                class_endorsements: vec![of_class],
                issuer_endorsements: vec![of_issuer],
                ..plain("rich", 11)
            },
            "valid",
        ),
        (plain("revoked", 40_404), "revoked"),
        (
            AwardFacts { awarded_at: long_ago, valid_from: long_ago, valid_until: ended, ..award("expired", 777) },
            "expired",
        ),
    ] {
        let document = AchievementCredential::of(&facts, &addresses()).unwrap();
        let three = Signed::by(document, &key("port"), &contexts, at(SIGNED)).unwrap().to_json().unwrap();
        let two = text(&v2::Assertion::of(&facts, &addresses()));
        let address = addresses().award(&facts.id);
        for (ending, bytes) in pictures(CLASS, Form::V3, &three, &address) {
            write(&format!("site/badges/{}.{ending}", facts.id), &bytes);
            expected_3.insert(format!("badges/{}.{ending}", facts.id), verdict.into());
        }
        if verdict == "revoked" {
            write(
                "ob2/badges/revoked.json",
                text(&v2::Revoked::of(&facts.id, "Formation à refaire.", &addresses())).as_bytes(),
            );
            expected_2.insert("badges/revoked.json".to_owned(), "revoked".into());
        } else {
            for (ending, bytes) in pictures(CLASS, Form::V2, &two, &addresses().v2(&address)) {
                write(&format!("ob2/badges/{}.{ending}", facts.id), &bytes);
                expected_2.insert(format!("badges/{}.{ending}", facts.id), verdict.into());
            }
        }
        let class = v2::BadgeClass::of(&facts.reference, &facts.issuer_v2, &addresses());
        let at = addresses().v2(&addresses().class(&facts.reference.id, facts.reference.version));
        write(&place_v2(&at), text(&class).as_bytes());
    }
    for (id, name) in [("port", "Atelier du Port"), ("bourg", "Fab du Bourg")] {
        let (did, page) = (addresses().venue_did(id), addresses().v2(&addresses().venue(id)));
        let document = DidDocument::of(&did, &[key(id).listed()], Some(&addresses().venue(id)));
        write(&format!("site/lieux/{id}/did.json"), text(&document).as_bytes());
        let bits = StatusList::with(&[40_404]).unwrap();
        let list = StatusListCredential::of(&addresses().status_list(id, 1), &did, &bits, at("2026-03-02T00:00:00Z"));
        let list = Signed::by(list, &key(id), &contexts, at(SIGNED)).unwrap();
        write(&format!("site/lieux/{id}/statuts/1.json"), text(&list).as_bytes());
        write(&place_v2(&page), text(&v2::Issuer::of(&venue(id, name), &page, &addresses())).as_bytes());
    }
    write("class.png", CLASS);
    write("site/expected.json", text(&expected_3).as_bytes());
    write("ob2/expected.json", text(&expected_2).as_bytes());
}

/// A badge by itself, and inside a picture of each format.
fn pictures(png: &[u8], form: Form, badge: &str, id: &str) -> [(&'static str, Vec<u8>); 3] {
    let svg = r#"<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><circle r="30"/></svg>"#;
    [
        ("json", badge.as_bytes().to_vec()),
        ("png", bake_png(png, form, badge).unwrap_or_default()),
        ("svg", bake_svg(svg, form, badge, id).unwrap_or_default().into_bytes()),
    ]
}

fn text(document: &impl Serialize) -> String {
    serde_json::to_string_pretty(document).unwrap_or_default()
}
