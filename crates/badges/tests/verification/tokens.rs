//! VC-JWT: a credential in a signed token, whole or in the claim `vc`.

use serde_json::{Value, json};
use tremen_badges::verify::{Reason, Report, Verdict, Version};

use crate::school::{EVE, OF_2018, SCHOOL, base64, claims_with_vc, world};
use crate::world::{refused, valid};

fn verify(token: &str) -> Report {
    world().verify(token.as_bytes())
}

/// An award with the registered claims beside it.
fn claims() -> Value {
    let mut claims = SCHOOL.award();
    claims["iss"] = SCHOOL.id.into();
    claims["jti"] = claims["id"].clone();
    claims["sub"] = "did:web:ada.example".into();
    claims["nbf"] = 1_772_472_600.into();
    claims
}

/// The claims of an award in the words of 2018, for the claim `vc`.
fn claims_of_2018() -> Value {
    let mut award = SCHOOL.award();
    award["@context"] = json!(OF_2018);
    award["issuanceDate"] = award["validFrom"].take();
    award.as_object_mut().unwrap().remove("validFrom");
    award["expirationDate"] = "2028-03-02T17:30:00Z".into();
    claims_with_vc(&award)
}

#[test]
fn a_token_is_valid_when_a_key_that_the_issuer_lists_signed_it() {
    for header in [
        json!({"alg": "EdDSA", "kid": format!("{}#ed", SCHOOL.id)}),
        json!({"alg": "Ed25519", "kid": "#ed", "typ": "vc+jwt"}),
        json!({"alg": "ES256", "kid": "#ec"}),
        json!({"alg": "ES256", "kid": "ec", "typ": "JWT"}),
        json!({"alg": "ES256"}),
    ] {
        for claims in [SCHOOL.award(), claims(), claims_of_2018()] {
            let report = verify(&SCHOOL.token_under(&header, &claims));
            valid(&report);
            assert_eq!(report.version, Some(Version::V3Jwt));
            assert_eq!(report.claims.issuer.as_deref(), Some(SCHOOL.id));
            assert_eq!(report.claims.id, Some(SCHOOL.at("badges/1")));
        }
    }
}

#[test]
fn what_only_the_registered_claims_say_counts_for_the_credential() {
    let report = verify(&SCHOOL.token(&claims_of_2018()));
    valid(&report);
    let date = |time: Option<tremen_rules::Time>| tremen_badges::dates::format(time.unwrap());
    assert_eq!(date(report.claims.awarded_at), "2026-03-02T17:30:00Z");
    assert_eq!(date(report.claims.valid_until), "2028-03-02T17:30:00Z");

    let with = |claim: &str, value: Value| {
        let mut claims = claims_of_2018();
        claims[claim] = value;
        verify(&SCHOOL.token(&claims))
    };
    refused(&with("exp", 1_790_000_000.into()), Reason::Expired);
    refused(&with("nbf", 1_798_000_000.into()), Reason::NotYetValid);
    refused(&with("exp", 1_772_472_599.into()), Reason::Dates);
    let mut nameless = claims_of_2018();
    nameless.as_object_mut().unwrap().remove("iss");
    refused(&verify(&SCHOOL.token(&nameless)), Reason::Schema);
}

#[test]
fn of_several_dates_the_narrowest_counts() {
    // The words of 2018 know both pairs.
    let with = |dates: &[(&str, &str)]| {
        let mut award = SCHOOL.award();
        award["@context"] = json!(OF_2018);
        award["issuanceDate"] = "2026-03-02T17:30:00Z".into();
        award["expirationDate"] = "2028-03-02T17:30:00Z".into();
        award.as_object_mut().unwrap().remove("validFrom");
        for (name, date) in dates {
            award[*name] = (*date).into();
        }
        verify(&SCHOOL.token(&award))
    };
    valid(&with(&[]));
    valid(&with(&[("validFrom", "2026-04-01T00:00:00Z"), ("validUntil", "2027-01-01T00:00:00Z")]));
    refused(&with(&[("validUntil", "2026-06-01T00:00:00Z")]), Reason::Expired);
    refused(
        &with(&[("expirationDate", "2026-06-01T00:00:00Z"), ("validUntil", "2027-01-01T00:00:00Z")]),
        Reason::Expired,
    );
    refused(&with(&[("validFrom", "2027-06-01T00:00:00Z")]), Reason::NotYetValid);
    refused(
        &with(&[("issuanceDate", "2027-06-01T00:00:00Z"), ("validFrom", "2026-04-01T00:00:00Z")]),
        Reason::NotYetValid,
    );
}

#[test]
fn a_key_that_only_the_header_brings_signs_nothing() {
    let stranger = &EVE.document()["verificationMethod"][1]["publicKeyJwk"];
    let own = format!("{}#ed", SCHOOL.id);
    for (header, reason) in [
        (json!({"alg": "ES256", "jwk": stranger}), Reason::BadSignature),
        (json!({"alg": "EdDSA", "jku": EVE.id, "kid": format!("{}#ed", EVE.id)}), Reason::KeyOfAnother),
        (json!({"alg": "EdDSA", "kid": format!("{}#unknown", SCHOOL.id)}), Reason::KeyNotListed),
        (json!({"alg": "EdDSA", "kid": own}), Reason::BadSignature),
        // The key is listed, but for another algorithm.
        (json!({"alg": "ES256", "kid": own}), Reason::BadSignature),
        (json!({"alg": "RS256", "kid": own}), Reason::BadSignature),
        (json!({"alg": "none"}), Reason::ProofUnsupported),
        (json!({"alg": "None", "kid": own}), Reason::ProofUnsupported),
        (json!({"alg": "HS256", "kid": own}), Reason::ProofUnsupported),
        (json!({"alg": ["EdDSA"], "kid": own}), Reason::ProofUnsupported),
        (json!({"alg": "EdDSA", "kid": own, "crit": ["exp"]}), Reason::ProofUnsupported),
        (json!({"alg": "EdDSA", "kid": own, "b64": false}), Reason::ProofUnsupported),
        (json!({"kid": own}), Reason::ProofUnsupported),
    ] {
        for claims in [claims(), claims_of_2018()] {
            let report = verify(&EVE.token_under(&header, &claims));
            assert_eq!(report.verdict, Verdict::Refused(reason), "{header}: {report:#?}");
        }
    }
}

#[test]
fn a_token_without_its_signature_or_with_that_of_another_is_refused() {
    let (one, other) = (SCHOOL.token(&claims()), SCHOOL.token(&claims_of_2018()));
    let part = |token: &str, i: usize| token.split('.').nth(i).unwrap().to_owned();
    let (header, claims) = (part(&one, 0), part(&one, 1));
    refused(&verify(&format!("{header}.{claims}.")), Reason::BadSignature);
    refused(&verify(&format!("{header}.{claims}.{}", part(&other, 2))), Reason::BadSignature);
    refused(&verify(&format!("{header}.{}.{}", part(&other, 1), part(&one, 2))), Reason::BadSignature);
    refused(&verify(&format!("{header}.{claims}.{}====", part(&one, 2))), Reason::Unreadable);
    refused(&verify(&format!("{header}.{claims}")), Reason::Unreadable);
    refused(&verify(&format!("{one}.{claims}")), Reason::Unreadable);
}

#[test]
fn a_key_listed_for_another_purpose_or_taken_back_signs_no_token() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut document = SCHOOL.document();
        change(&mut document);
        world().serving(SCHOOL.id, &document).verify(SCHOOL.token(&claims()).as_bytes())
    };
    valid(&with(&|_| ()));
    refused(&with(&|d| d["assertionMethod"] = json!(["#ec"])), Reason::KeyNotListed);
    refused(&with(&|d| d["authentication"] = d["assertionMethod"].take()), Reason::KeyNotListed);
    refused(&with(&|d| d["verificationMethod"][0]["revoked"] = "2026-06-01T00:00:00Z".into()), Reason::KeyNotListed);
    refused(&with(&|d| d["verificationMethod"][0]["controller"] = EVE.id.into()), Reason::KeyOfAnother);
}

#[test]
fn a_token_that_says_one_thing_in_two_ways_is_refused() {
    for (claim, value) in [
        ("iss", json!(EVE.id)),
        ("iss", json!({"id": SCHOOL.id})),
        ("jti", json!("https://school.example/badges/2")),
        ("sub", json!("did:web:eve.example")),
        ("nbf", json!(1)),
        ("nbf", json!("yesterday")),
        ("exp", json!(4_000_000_000_u64)),
        ("exp", json!(9_007_199_254_740_991_u64)),
        ("vc", json!({"name": "Another"})),
        ("vc", json!([])),
        ("vc", json!("eyJhbGciOiJub25lIn0.e30.")),
        ("vc", Value::Null),
    ] {
        let mut payload = claims();
        payload["name"] = "Laser".into();
        payload["validUntil"] = "2028-03-02T17:30:00Z".into();
        payload[claim] = value;
        let report = verify(&SCHOOL.token(&payload));
        assert_eq!(report.verdict, Verdict::Refused(Reason::Schema), "{claim}: {report:#?}");
    }
    for (member, value) in [
        ("issuer", json!(EVE.id)),
        ("id", json!("https://school.example/badges/2")),
        ("issuanceDate", json!("2026-03-02T17:31:00Z")),
        ("expirationDate", json!("2029-03-02T17:30:00Z")),
    ] {
        let mut payload = claims_of_2018();
        payload["vc"][member] = value;
        let report = verify(&SCHOOL.token(&payload));
        assert_eq!(report.verdict, Verdict::Refused(Reason::Schema), "{member}: {report:#?}");
        assert!(report.checks.iter().any(|check| check.detail.contains("is not what the credential says")));
    }
    let mut payload = claims_of_2018();
    payload["vc"]["credentialSubject"]["id"] = "did:web:eve.example".into();
    refused(&verify(&SCHOOL.token(&payload)), Reason::Schema);
    // A member beside `vc` that `vc` also has, with the same value, is said twice and in one way.
    let mut payload = claims_of_2018();
    payload["type"] = payload["vc"]["type"].clone();
    valid(&verify(&SCHOOL.token(&payload)));
    payload["type"] = json!(["VerifiableCredential", "EndorsementCredential"]);
    refused(&verify(&SCHOOL.token(&payload)), Reason::Schema);
}

#[test]
fn a_proof_inside_a_token_helps_nothing() {
    let mut payload = SCHOOL.with_proof(&SCHOOL.award());
    valid(&verify(&SCHOOL.token(&payload)));
    let header = json!({"alg": "EdDSA", "kid": format!("{}#ed", SCHOOL.id)});
    refused(&verify(&EVE.token_under(&header, &payload)), Reason::BadSignature);
    payload["proof"]["proofValue"] = "z1".into();
    valid(&verify(&SCHOOL.token(&payload)));
}

#[test]
fn a_token_is_read_as_strictly_as_a_document() {
    let own = base64(json!({"alg": "EdDSA"}).to_string().as_bytes());
    let of = |claims: &str| format!("{own}.{}.AAAA", base64(claims.as_bytes()));
    refused(&verify(&of(r#"{"iss": "a", "iss": "b"}"#)), Reason::Unreadable);
    refused(&verify(&of(&format!("{}{}", "[".repeat(33), "]".repeat(33)))), Reason::Unreadable);
    refused(&verify(&of("17")), Reason::NotABadge);
    refused(&verify(&of("[]")), Reason::NotABadge);
    refused(&verify(&of("{}")), Reason::NotABadge);
    refused(&verify(&of(&format!("\"{}\"", "x".repeat(300_000)))), Reason::TooBig);
    let twice = base64(br#"{"alg":"none","alg":"EdDSA"}"#);
    refused(&verify(&format!("{twice}.e30.AAAA")), Reason::Unreadable);
}
