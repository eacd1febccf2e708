//! Every vector gets its verdict, for the right reason.

use tremen_badges::verify::{About, Outcome, Person, Reason, Step, Verdict, Version};

use crate::world::{World, document, file, refused, valid};

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
