//! VC-JWT, and the revocation lists of older 3.0: made here, for no published vector has them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests: a failure here is a failed test")]

use std::collections::BTreeMap;

use p256::ecdsa::signature::Signer as _;
use serde_json::{Value, json};
use tremen_badges::contexts::Contexts;
use tremen_badges::dates;
use tremen_badges::keys::{PublicKey, SigningKey};
use tremen_badges::multibase::encode_base64url;
use tremen_badges::proof::sign;
use tremen_badges::verify::{Answer, Next, Options, Reason, Report, Verdict, Verification, Version};

const ISSUER: &str = "https://school.example/issuer";
const NOW: &str = "2026-12-01T00:00:00Z";

fn base64(bytes: &[u8]) -> String {
    encode_base64url(bytes).trim_start_matches('u').to_owned()
}

fn credential() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
            "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"],
        "id": "https://school.example/badges/1", "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": ISSUER, "type": ["Profile"], "name": "School"}, "validFrom": "2026-03-02T17:30:00Z",
        "credentialSubject": {"id": "did:web:ada.example", "type": ["AchievementSubject"], "achievement": {
            "id": "https://school.example/class", "type": ["Achievement"], "name": "Laser", "description": "Laser",
            "criteria": {"narrative": "Shown."}}},
    })
}

fn ed25519() -> SigningKey {
    SigningKey::from_seed(&format!("{ISSUER}#ed"), &[9; 32])
}

fn p256_key() -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap_or_else(|_| unreachable!())
}

/// The issuer's document, with an Ed25519 and a P-256 key.
fn issuer() -> Value {
    let point = p256_key().verifying_key().to_sec1_point(false);
    let (x, y) = (point.x().map(|x| base64(x)), point.y().map(|y| base64(y)));
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
    json!({
        "id": ISSUER, "assertionMethod": [format!("{ISSUER}#ed"), "#ec"],
        "verificationMethod": [
            {"id": format!("{ISSUER}#ed"), "type": "Multikey", "controller": ISSUER,
                "publicKeyMultibase": ed25519().public_multikey()},
            {"id": "#ec", "type": "JsonWebKey", "controller": ISSUER, "publicKeyJwk": jwk},
        ],
    })
}

fn token(header: &Value, payload: &Value, signer: &dyn Fn(&[u8]) -> Vec<u8>) -> String {
    let signed = format!("{}.{}", base64(header.to_string().as_bytes()), base64(payload.to_string().as_bytes()));
    let signature = signer(signed.as_bytes());
    format!("{signed}.{}", base64(&signature))
}

fn with_ed25519(message: &[u8]) -> Vec<u8> {
    ed25519().sign(message).to_vec()
}

fn with_p256(message: &[u8]) -> Vec<u8> {
    let signature: p256::ecdsa::Signature = p256_key().sign(message);
    signature.to_bytes().to_vec()
}

fn verify(file: &str, more: &[(&str, Value)]) -> Report {
    let contexts = Contexts::pinned();
    let options = Options { person: None, trust: None, now: dates::parse(NOW).unwrap() };
    let mut verification = Verification::of(file.as_bytes(), options, &contexts);
    let mut world: BTreeMap<&str, Value> = [(ISSUER, issuer())].into();
    world.extend(more.iter().cloned());
    loop {
        match verification.next() {
            Next::Done(report) => return *report,
            Next::Fetch(addresses) => {
                for address in addresses {
                    let answer = world.get(address.as_str());
                    let answer =
                        answer.map_or(Answer::NotFound, |value| Answer::Document(value.to_string().into_bytes()));
                    verification.answer(&address, answer);
                }
            }
        }
    }
}

fn claims() -> Value {
    let mut payload = credential();
    payload["iss"] = ISSUER.into();
    payload["jti"] = payload["id"].clone();
    payload["sub"] = "did:web:ada.example".into();
    payload["nbf"] = 1_772_472_600.into();
    payload
}

#[test]
fn a_token_is_valid_when_a_key_that_the_issuer_lists_signed_it() {
    for (header, signer) in [
        (json!({"alg": "EdDSA", "kid": format!("{ISSUER}#ed")}), &with_ed25519 as &dyn Fn(&[u8]) -> Vec<u8>),
        (json!({"alg": "ES256", "kid": "#ec"}), &with_p256),
        (json!({"alg": "ES256", "kid": "ec"}), &with_p256),
        (json!({"alg": "ES256"}), &with_p256),
    ] {
        let report = verify(&token(&header, &claims(), signer), &[]);
        assert_eq!(report.verdict, Verdict::Valid, "{header}: {report:#?}");
        assert_eq!(report.version, Some(Version::V3Jwt));
    }
}

#[test]
fn a_key_that_only_the_header_brings_signs_nothing() {
    let stranger = SigningKey::from_seed("did:key:x#x", &[1; 32]);
    let by_stranger = |message: &[u8]| stranger.sign(message).to_vec();
    let public = PublicKey::from_multikey(&stranger.public_multikey());
    assert!(public.is_some());
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"});
    for (header, reason) in [
        (json!({"alg": "EdDSA", "jwk": jwk}), Reason::BadSignature),
        (
            json!({"alg": "EdDSA", "jku": "https://evil.example/keys", "kid": "https://evil.example/keys#1"}),
            Reason::KeyOfAnother,
        ),
        (json!({"alg": "EdDSA", "kid": format!("{ISSUER}#unknown")}), Reason::KeyNotListed),
        (json!({"alg": "EdDSA", "kid": format!("{ISSUER}#ed")}), Reason::BadSignature),
        (json!({"alg": "ES256", "kid": format!("{ISSUER}#ed")}), Reason::BadSignature),
        (json!({"alg": "none"}), Reason::ProofUnsupported),
        (json!({"alg": "HS256", "kid": format!("{ISSUER}#ed")}), Reason::ProofUnsupported),
    ] {
        let report = verify(&token(&header, &claims(), &by_stranger), &[]);
        assert_eq!(report.verdict, Verdict::Refused(reason), "{header}: {report:#?}");
    }
}

#[test]
fn the_claims_of_a_token_say_what_its_credential_says() {
    let header = json!({"alg": "EdDSA", "kid": format!("{ISSUER}#ed")});
    for (claim, value) in [
        ("iss", json!("https://evil.example/issuer")),
        ("jti", json!("https://school.example/badges/2")),
        ("sub", json!("did:web:eve.example")),
        ("nbf", json!(1)),
        ("nbf", json!("yesterday")),
        ("exp", json!(4_000_000_000_u64)),
    ] {
        let mut payload = claims();
        payload["validUntil"] = "2028-03-02T17:30:00Z".into();
        payload[claim] = value;
        let report = verify(&token(&header, &payload, &with_ed25519), &[]);
        assert_eq!(report.verdict, Verdict::Refused(Reason::BadSignature), "{claim}");
    }
}

#[test]
fn a_revocation_list_of_older_version_3_is_read() {
    let contexts = Contexts::pinned();
    let list = "https://school.example/revoked";
    let mut badge = credential();
    badge["credentialStatus"] = json!({"id": list, "type": "1EdTechRevocationList"});
    let proof = sign(&badge, &ed25519(), &contexts, dates::parse("2026-03-02T17:31:00Z").unwrap()).unwrap();
    badge["proof"] = Value::Object(proof);
    let text = badge.to_string();
    let answers = |revoked: Value| {
        let body = json!({"id": list, "issuer": ISSUER, "revokedCredential": revoked});
        verify(&text, &[(list, body)]).verdict
    };
    assert_eq!(answers(json!([])), Verdict::Valid);
    assert_eq!(answers(json!([{"id": "https://school.example/badges/2"}])), Verdict::Valid);
    let revoked = Verdict::Refused(Reason::Revoked);
    assert_eq!(answers(json!([{"id": "https://school.example/badges/1", "revocationReason": "x"}])), revoked);
    assert_eq!(answers(json!({"id": "https://school.example/badges/1"})), revoked);
    assert_eq!(answers(json!(["https://school.example/badges/1"])), revoked);
    assert_eq!(verify(&text, &[]).verdict, Verdict::CannotSay(Reason::StatusUnreachable));
    let foreign = json!({"id": list, "issuer": "https://evil.example/", "revokedCredential": []});
    assert_eq!(verify(&text, &[(list, foreign)]).verdict, Verdict::Refused(Reason::StatusUntrusted));
    let none = json!({"hello": "world"});
    assert_eq!(verify(&text, &[(list, none)]).verdict, Verdict::Refused(Reason::StatusUntrusted));
}

#[test]
fn a_badge_that_sends_the_verifier_around_is_given_up() {
    let mut badge = credential();
    let endorsement = |i: usize| {
        json!({"@context": badge["@context"], "id": format!("https://a{i}.example/e"), "name": "x",
            "type": ["VerifiableCredential", "EndorsementCredential"], "issuer": format!("https://a{i}.example/issuer"),
            "validFrom": "2026-03-02T17:30:00Z",
            "credentialSubject": {"id": ISSUER, "type": ["EndorsementSubject"]}})
    };
    badge["issuer"]["endorsement"] = (0..100).map(endorsement).collect();
    let report = verify(&badge.to_string(), &[]);
    assert_eq!((report.endorsements.seen.len(), report.endorsements.unseen), (8, 92));
}
