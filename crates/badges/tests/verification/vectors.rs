//! Every vector gets its verdict, for the right reason, and no file of the vectors lies about unused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tremen_badges::verify::{About, Answer, Outcome, Person, Reason, Step, Verdict, Version};

use crate::world::{VECTORS, World, document, file, refused, valid};

/// A badge, and why it is refused, where it is.
type Case = (&'static str, Option<Reason>);

const THEIRS_3: [Case; 19] = [
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
];

/// Assertions that share one id: each is the hosted copy of itself.
const THEIRS_2: [Case; 5] = [
    ("ob20/basic-assertion.json", None),
    ("ob20/basic-assertion-expired.json", Some(Reason::Expired)),
    ("ob20/basic-assertion-expired-before-issued.json", Some(Reason::Dates)),
    ("ob20/basic-assertion-in-future.json", Some(Reason::NotYetValid)),
    ("ob20/basic-assertion-invalid-type.json", Some(Reason::NotABadge)),
];

const THEIRS_2_ELSEWHERE: [Case; 3] = [
    ("ob20/simple-badge.png", None),
    ("ob20/simple-not-revoked.jwt", None),
    ("ob20/simple-revoked.jwt", Some(Reason::Revoked)),
];

const OURS: [Case; 10] = [
    ("tremen/site/badges/0191f2b0-laser-1.json", None),
    ("tremen/site/badges/0191f2b0-laser-2.json", None),
    ("tremen/site/badges/0191f2b0-laser-3.json", Some(Reason::Revoked)),
    ("tremen/site/badges/0191f2b0-laser-4.json", Some(Reason::Expired)),
    ("tremen/site/badges/0191f2b0-laser-5.json", None),
    ("tremen/site/badges/baked-3.0.png", None),
    ("tremen/site/recommandations/r-1.json", None),
    ("tremen/site/recommandations/r-2.json", None),
    ("tremen/site/recommandations/r-3.json", None),
    ("tremen/site/recommandations/r-4.json", Some(Reason::Revoked)),
];

const OURS_2: [Case; 3] = [
    ("tremen/ob2/assertion.json", None),
    ("tremen/ob2/baked-2.0.png", None),
    ("tremen/ob2/revoked-410-body.json", Some(Reason::Revoked)),
];

/// What a badge links to or rests on, given in its place.
const BESIDE: [Case; 13] = [
    ("controllers/1edtech.edu/issuers/565049.json", Some(Reason::NotABadge)),
    ("ob20/assets/badgecriteria.json", Some(Reason::NotABadge)),
    ("ob20/assets/beths-robot-badge.png", Some(Reason::NoBadge)),
    ("ob20/assets/beths-robot-work.html", Some(Reason::Unreadable)),
    ("ob20/assets/key1.json", Some(Reason::NotABadge)),
    ("ob20/assets/key3.json", Some(Reason::NotABadge)),
    ("ob20/assets/revocation-list.json", Some(Reason::NotABadge)),
    ("ob20/assets/robotics-badge.json", Some(Reason::NotABadge)),
    ("ob20/assets/robotics-badge.png", Some(Reason::NoBadge)),
    ("ob30/bit-string-list/testlist", Some(Reason::NotABadge)),
    ("tremen/image-class.png", Some(Reason::NoBadge)),
    ("tremen/ob2/endorsement-award.json", Some(Reason::NotABadge)),
    ("tremen/site/lieux/port/did.json", Some(Reason::NotABadge)),
];

#[track_caller]
fn check(world: &World, (path, reason): Case, person: Option<Person>) {
    let report = world.verify_with(&file(path), person, None);
    let wanted = reason.map_or(Verdict::Valid, Verdict::Refused);
    assert_eq!(report.verdict, wanted, "{path}: {report:#?}");
}

/// Verifies every badge of the tables, and tells which files that took.
fn check_all() -> BTreeSet<String> {
    let theirs = World::theirs();
    for case in THEIRS_3.into_iter().chain(THEIRS_2_ELSEWHERE) {
        check(&theirs, case, None);
    }
    let nobody = Person { emails: vec!["nobody@example.org".to_owned()], ..Person::default() };
    for case in THEIRS_2 {
        let world = theirs.clone().serving("https://example.org/beths-robotics-badge.json", &document(case.0));
        check(&world, case, Some(nobody.clone()));
        world.hand_over(&theirs);
    }
    let ours = World::ours();
    for case in OURS {
        check(&ours, case, None);
    }
    let gone = Answer::Gone(file("tremen/ob2/revoked-410-body.json"));
    let ours_2 = ["tremen/ob2/assertion.json", "tremen/ob2/badgeclass.json", "tremen/ob2/issuer.json"];
    let ours_2 = ours_2
        .into_iter()
        .map(document)
        .fold(World::default(), |world, document| world.serving(document["id"].as_str().unwrap(), &document));
    let ours_2 = ours_2.with("https://tremen.example/ob2/badges/0191f2b0-laser-3", gone);
    for case in OURS_2 {
        check(&ours_2, case, None);
    }
    let others = World::others();
    for (name, wanted) in expected("others") {
        let report = others.verify(&file(&format!("others/badges/{name}")));
        let told = match report.verdict {
            Verdict::Valid => "valid",
            Verdict::Refused(reason) | Verdict::CannotSay(reason) => reason.code(),
        };
        assert_eq!(told, wanted, "{name}: {report:#?}");
    }
    theirs.read().into_iter().chain(ours.read()).chain(others.read()).collect()
}

/// The verdicts that are published beside vectors.
fn expected(folder: &str) -> BTreeMap<String, String> {
    serde_json::from_slice(&file(&format!("{folder}/expected.json"))).unwrap()
}

#[test]
fn every_badge_of_the_vectors_gets_its_verdict_for_the_right_reason() {
    check_all();
}

#[test]
fn what_lies_beside_a_badge_is_no_badge() {
    for case in BESIDE {
        check(&World::default(), case, None);
    }
}

#[test]
fn the_verdicts_are_those_that_are_published_beside_the_vectors() {
    let tables = [&THEIRS_3[..], &THEIRS_2, &THEIRS_2_ELSEWHERE, &OURS, &OURS_2].concat();
    for folder in ["ob20", "ob30", "dcc", "w3c-eddsa", "tremen/site", "tremen/ob2"] {
        let published = expected(folder);
        let here: BTreeMap<String, String> = tables
            .iter()
            .filter_map(|(path, reason)| Some((path.strip_prefix(folder)?.strip_prefix('/')?.to_owned(), *reason)))
            .filter_map(|(name, reason)| {
                let code = reason?.code();
                let word = if ["expired", "revoked"].contains(&code) { code } else { "invalid" };
                Some((name, word.to_owned()))
            })
            .collect();
        assert_eq!(here, published, "{folder}");
    }
}

#[test]
fn every_file_of_the_vectors_is_used_by_a_test() {
    let mut sources = String::new();
    let mut all = BTreeSet::new();
    walk(&Path::new(VECTORS).join(".."), &mut |path, relative| match relative.strip_prefix("vectors/") {
        Some(vector) => drop(all.insert(vector.to_owned())),
        None => sources.push_str(&std::fs::read_to_string(path).unwrap()),
    });
    let read = check_all();
    let is_named = |path: &str| {
        // The published documents are compared by their place in our folder, endings of 3.0 badges aside.
        sources.contains(path)
            || path.strip_prefix("tremen/").is_some_and(|own| sources.contains(&format!("\"{own}\"")))
    };
    let is_told = |path: &str| path.ends_with("/expected.json") || path.ends_with("README.md");
    let unused: Vec<&String> = all
        .iter()
        .filter(|path| {
            !path.starts_with("others/badges/") && !is_told(path) && !read.contains(*path) && !is_named(path)
        })
        .collect();
    assert!(all.len() > 80, "the vectors are not where they were: {}", all.len());
    assert_eq!(unused, Vec::<&String>::new());
    let badges = all.iter().filter_map(|path| path.strip_prefix("others/badges/"));
    assert_eq!(badges.map(str::to_owned).collect::<Vec<_>>(), expected("others").into_keys().collect::<Vec<_>>());
}

/// Visits every file below a folder, with its path from there.
fn walk(folder: &Path, visit: &mut impl FnMut(&Path, &str)) {
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for path in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                visit(&path, &path.strip_prefix(folder).unwrap().to_string_lossy());
            }
        }
    }
}

#[test]
fn what_is_taken_for_a_badge_is_told_by_its_kind() {
    for (path, kind) in [
        ("tremen/site/lieux/port/statuts/1.json", "a list of revoked badges"),
        ("tremen/site/lieux/port/did.json", "an issuer's document"),
        ("tremen/ob2/badgeclass.json", "a class"),
        ("tremen/ob2/issuer.json", "an issuer's profile"),
        ("tremen/ob2/endorsement-award.json", "an endorsement of 2.0"),
        ("ob20/assets/key1.json", "an issuer's key"),
        ("w3c-eddsa/signedDataInt.json", "a credential of another kind"),
        ("tremen/vector/hashes.json", "no badge of any version"),
        ("tremen/image-class.png", "the file that its issuer gave has it"),
        ("ob20/assets/beths-robot-work.html", "neither JSON, nor a token, nor a PNG or SVG picture"),
    ] {
        let report = World::default().verify(&file(path));
        let detail = report.checks.last().map(|check| check.detail.clone()).unwrap_or_default();
        assert!(detail.contains(kind), "{path}: {detail}");
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
fn what_a_vector_says_of_itself_is_told() {
    let signed = World::theirs().verify(&file("ob20/simple-not-revoked.jwt"));
    valid(&signed);
    assert_eq!(signed.version, Some(Version::V2Signed));
    let report = World::ours().verify(&file("tremen/site/badges/0191f2b0-laser-5.json"));
    let endorsed: Vec<(About, Verdict)> = report.endorsements.seen.iter().map(|one| (one.about, one.verdict)).collect();
    assert_eq!(endorsed, [(About::Class, Verdict::Valid), (About::Issuer, Verdict::Valid)]);
    assert_eq!(report.claims.issuer.as_deref(), Some("did:web:tremen.example:lieux:port"));
    assert_eq!(report.claims.class.as_deref(), Some("https://tremen.example/moules/decoupe-laser/3"));
    assert_eq!(report.claims.level.as_deref(), Some("https://tremen.example/moules/decoupe-laser/3#n2"));
    assert_eq!(report.claims.level_name.as_deref(), Some("Autonome"));
    let report = World::others().verify(&file("others/badges/bazaar-endorsed-in-tokens.json"));
    let endorsed: Vec<(About, Verdict)> = report.endorsements.seen.iter().map(|one| (one.about, one.verdict)).collect();
    assert_eq!(endorsed, [About::Class, About::Class, About::Issuer].map(|about| (about, Verdict::Valid)));
}
