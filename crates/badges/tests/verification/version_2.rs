//! Open Badges 2.0: what the address serves counts, and only where the issuer hosts or with a key that it lists.

use serde_json::json;
use tremen_badges::verify::{Answer, Reason, Verdict, Version};

use crate::world::{World, ada, document, file, refused, valid};

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
