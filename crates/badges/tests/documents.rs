//! The documents made from facts are the published examples, signature for signature.

use serde::Serialize;
use serde_json::{Value, json};
use tremen_badges::bake::{Form, bake_svg};
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

/// Leaves one document of every kind in the target folder, for the third-party validators.
#[test]
fn every_kind_of_document_is_written_for_other_validators() {
    let contexts = Contexts::pinned();
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("emitted");
    let write = |path: &str, value: &dyn erased::Json| {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, value.text()).unwrap();
    };
    let mut pathway = award("pathway", 8);
    pathway.reference.id = "parcours".to_owned();
    pathway.reference.kind = AchievementType::LearningProgram;
    pathway.reference.levels.clear();
    pathway.reference.steps = vec![(addresses().class("decoupe-laser", 3), "Découpe laser".to_owned())];
    let urn = "urn:uuid:2b1d2c0a-6a53-4b5e-9f39-0d5f1a2e7c11".to_owned();
    let anonymous = AwardFacts { recipient: Recipient::Anonymous(urn), ..award("anonymous", 9) };
    let two_identities = AwardFacts {
        recipient: Recipient::Hashed(vec![
            HashedIdentity::email("ada@example.org", [1; 16]),
            HashedIdentity::url("https://ada.example/", [2; 16]),
        ]),
        valid_until: None,
        ..award("two", 10)
    };
    let class = addresses().class("decoupe-laser", 3);
    let about = EndorsementCredential::of(&endorsement("r-2", &class, "Bien.", 502), &addresses()).unwrap();
    let about = Signed::by(about, &key("bourg"), &contexts, at("2026-03-10T09:00:00Z")).unwrap();
    let rich = AwardFacts { class_endorsements: vec![serde_json::to_value(&about).unwrap()], ..award("rich", 11) };
    for facts in [award("plain", 7), pathway, anonymous, two_identities, rich] {
        let document = AchievementCredential::of(&facts, &addresses()).unwrap();
        let signed = Signed::by(document, &key("port"), &contexts, at(SIGNED)).unwrap();
        write(&format!("site/badges/{}.json", facts.id), &signed);
        let svg = r#"<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><circle r="30"/></svg>"#;
        let text = signed.to_json().unwrap();
        let baked = bake_svg(svg, Form::V3, &text, "").unwrap();
        std::fs::write(folder.join(format!("site/badges/{}.svg", facts.id)), baked).unwrap();
        write(&format!("ob2/{}.json", facts.id), &v2::Assertion::of(&facts, &addresses()));
        let text = serde_json::to_string(&v2::Assertion::of(&facts, &addresses())).unwrap();
        let id = addresses().v2(&addresses().award(&facts.id));
        std::fs::write(folder.join(format!("ob2/{}.svg", facts.id)), bake_svg(svg, Form::V2, &text, &id).unwrap())
            .unwrap();
        let class = v2::BadgeClass::of(&facts.reference, &facts.issuer_v2, &addresses());
        write(&format!("ob2/class-{}.json", facts.reference.id), &class);
        write("ob2/issuer.json", &v2::Issuer::of(&facts.issuer, &facts.issuer_v2, &addresses()));
    }
    write("site/recommandations/r-2.json", &about);
    for id in ["port", "bourg"] {
        let did = addresses().venue_did(id);
        write(&format!("site/lieux/{id}/did.json"), &DidDocument::of(&did, &[key(id).listed()], None));
        let bits = StatusList::with(&[40_404]).unwrap();
        let list = StatusListCredential::of(&addresses().status_list(id, 1), &did, &bits, at("2026-03-02T00:00:00Z"));
        let list = Signed::by(list, &key(id), &contexts, at(SIGNED)).unwrap();
        write(&format!("site/lieux/{id}/statuts/1.json"), &list);
    }
}

mod erased {
    //! Any document as JSON text.
    pub(super) trait Json {
        fn text(&self) -> String;
    }
    impl<T: serde::Serialize> Json for T {
        fn text(&self) -> String {
            serde_json::to_string_pretty(self).unwrap_or_default()
        }
    }
}
