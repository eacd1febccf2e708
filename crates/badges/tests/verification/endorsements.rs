//! Endorsements: inside a badge of 3.0 as documents and as tokens, and linked from one of 2.0. A bad one is told and refuses
//! nothing.

use serde_json::{Value, json};
use tremen_badges::verify::{About, Answer, EndorsementReport, Reason, Report, Verdict, Version};

use crate::school::{By, EVE, GUILD, OF_2018, SCHOOL, claims_with_vc, world};
use crate::world::{World, document, file, refused, valid};

const FORMS: [By; 2] = [By::Proof, By::Token];

/// What is changed in an endorsement before its endorser signs it.
type Change<'a> = &'a dyn Fn(&mut Value);

/// Puts an endorsement where it belongs: documents and tokens have members of their own.
fn put(carrier: &mut Value, endorsement: &str) {
    let (member, one) = match serde_json::from_str::<Value>(endorsement) {
        Ok(document) => ("endorsement", document),
        Err(_) => ("endorsementJwt", endorsement.into()),
    };
    match carrier[member].as_array_mut() {
        Some(all) => all.push(one),
        None => carrier[member] = json!([one]),
    }
}

/// The report on the school's award with these endorsements of its class.
fn carrying(world: &World, endorsements: &[String]) -> Report {
    let mut award = SCHOOL.award();
    for endorsement in endorsements {
        put(&mut award["credentialSubject"]["achievement"], endorsement);
    }
    let report = world.verify(SCHOOL.with_proof(&award).to_string().as_bytes());
    valid(&report);
    report
}

fn one(endorsement: String) -> EndorsementReport {
    let mut report = carrying(&world(), &[endorsement]);
    assert_eq!((report.endorsements.seen.len(), report.endorsements.unseen), (1, 0));
    report.endorsements.seen.remove(0)
}

#[test]
fn an_endorsement_of_the_award_its_class_or_its_issuer_stands_in_either_form() {
    for form in FORMS {
        let of = |target: &str| GUILD.sign(&GUILD.endorsement(target), form);
        let mut award = SCHOOL.award();
        let own = of(award["id"].as_str().unwrap());
        put(&mut award["credentialSubject"]["achievement"], &of(&SCHOOL.at("class")));
        put(&mut award["issuer"], &of(SCHOOL.id));
        put(&mut award, &own);
        // As a token: with a proof, an endorsement of the award would say more of the award in the same graph.
        let report = world().verify(SCHOOL.token(&award).as_bytes());
        valid(&report);
        let told: Vec<_> = report.endorsements.seen.iter().map(|one| (one.about, one.verdict)).collect();
        assert_eq!(told, [About::Award, About::Class, About::Issuer].map(|about| (about, Verdict::Valid)), "{form:?}");
        assert!(report.endorsements.seen.iter().all(|one| one.issuer.as_deref() == Some(GUILD.id)));
    }
}

#[test]
fn an_endorsement_in_the_claim_vc_stands() {
    let mut endorsement = GUILD.endorsement(&SCHOOL.at("class"));
    endorsement["@context"] = json!(OF_2018);
    endorsement["issuanceDate"] = endorsement["validFrom"].take();
    endorsement.as_object_mut().unwrap().remove("validFrom");
    assert_eq!(one(GUILD.token(&claims_with_vc(&endorsement))).verdict, Verdict::Valid);
}

#[test]
fn each_bad_endorsement_is_told_with_its_reason_in_either_form() {
    for form in FORMS {
        let changed = |change: Change<'_>| {
            let mut endorsement = GUILD.endorsement(&SCHOOL.at("class"));
            change(&mut endorsement);
            one(GUILD.sign(&endorsement, form)).verdict
        };
        assert_eq!(changed(&|_| ()), Verdict::Valid);
        let changes: [(Change<'_>, Reason); 7] = [
            // Honestly signed, about something else than what carries it.
            (&|e| e["credentialSubject"]["id"] = SCHOOL.id.into(), Reason::NotABadge),
            (&|e| drop(e["credentialSubject"].as_object_mut().unwrap().remove("id")), Reason::NotABadge),
            (&|e| e["type"] = json!(["VerifiableCredential"]), Reason::NotABadge),
            (&|e| e["validUntil"] = "2026-06-01T00:00:00Z".into(), Reason::Expired),
            (&|e| e["validFrom"] = "2027-06-01T00:00:00Z".into(), Reason::NotYetValid),
            (&|e| drop(e.as_object_mut().unwrap().remove("name")), Reason::Schema),
            // Its own issuer does not list the key of the guild.
            (&|e| e["issuer"]["id"] = EVE.id.into(), Reason::KeyOfAnother),
        ];
        for (i, (change, reason)) in changes.into_iter().enumerate() {
            // Without its type, the other terms have no meaning, and there is nothing to put a proof on.
            if !(form == By::Proof && i == 2) {
                assert_eq!(changed(change), Verdict::Refused(reason), "{form:?} {i}");
            }
        }
        // An award where an endorsement belongs, even an honest one.
        assert_eq!(one(GUILD.sign(&GUILD.award(), form)).verdict, Verdict::Refused(Reason::NotABadge));
    }
}

#[test]
fn an_endorsement_that_its_endorser_did_not_sign_is_told() {
    let honest = GUILD.endorsement(&SCHOOL.at("class"));
    let header = json!({"alg": "EdDSA", "kid": format!("{}#ed", GUILD.id)});
    let forged = one(EVE.token_under(&header, &honest));
    assert_eq!(forged.verdict, Verdict::Refused(Reason::BadSignature));
    let unsigned = one(EVE.token_under(&json!({"alg": "none"}), &honest));
    assert_eq!(unsigned.verdict, Verdict::Refused(Reason::ProofUnsupported));
    let borrowed = one(EVE.with_proof(&honest).to_string());
    assert_eq!(borrowed.verdict, Verdict::Refused(Reason::KeyOfAnother));
    let mut altered = GUILD.with_proof(&honest);
    altered["credentialSubject"]["endorsementComment"] = "The best.".into();
    assert_eq!(one(altered.to_string()).verdict, Verdict::Refused(Reason::BadSignature));
    let mut contradictory = honest.clone();
    contradictory["iss"] = EVE.id.into();
    assert_eq!(one(GUILD.token(&contradictory)).verdict, Verdict::Refused(Reason::Schema));
    assert_eq!(one("hello".to_owned()).verdict, Verdict::Refused(Reason::Unreadable));
    assert_eq!(one("eyJ.e30.x".to_owned()).verdict, Verdict::Refused(Reason::Unreadable));
}

#[test]
fn an_endorsement_that_was_taken_back_is_told() {
    for form in FORMS {
        let mut endorsement = GUILD.endorsement(&SCHOOL.at("class"));
        endorsement["credentialStatus"] = json!({"id": GUILD.at("list#7"), "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation", "statusListIndex": "7", "statusListCredential": GUILD.at("list")});
        let endorsement = GUILD.sign(&endorsement, form);
        let of = |set: &[u32]| {
            let list = GUILD.sign(&GUILD.list("revocation", set), form).into_bytes();
            let world = world().with(&GUILD.at("list"), Answer::Document(list));
            carrying(&world, std::slice::from_ref(&endorsement)).endorsements.seen[0].verdict
        };
        assert_eq!(of(&[]), Verdict::Valid);
        assert_eq!(of(&[7]), Verdict::Refused(Reason::Revoked));
    }
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
fn who_sends_the_verifier_around_is_given_up() {
    let mut badge = SCHOOL.award();
    let endorsement = |i: usize| {
        let mut endorsement = GUILD.endorsement(SCHOOL.id);
        endorsement["issuer"]["id"] = format!("https://a{i}.example/issuer").into();
        endorsement
    };
    badge["issuer"]["endorsement"] = (0..100).map(endorsement).collect();
    let (report, asked) = world().asked(badge.to_string().as_bytes(), None, None);
    assert_eq!((report.endorsements.seen.len(), report.endorsements.unseen), (8, 92));
    assert!(asked.len() <= 24, "{asked:?}");
}

#[test]
fn endorsements_of_endorsements_are_not_followed_in_a_circle_or_into_the_deep() {
    // Each of the two is endorsed by the other, in its issuer.
    let endorsement = |by: crate::school::Issuer, of: &str, inside: Option<String>| {
        let mut endorsement = by.endorsement(of);
        if let Some(inside) = inside {
            put(&mut endorsement["issuer"], &inside);
        }
        by.token(&endorsement)
    };
    let mut chain = endorsement(GUILD, EVE.id, None);
    for (by, of) in [(EVE, GUILD.id), (GUILD, EVE.id), (EVE, GUILD.id)] {
        chain = endorsement(by, of, Some(chain));
    }
    let mut award = SCHOOL.award();
    put(&mut award["credentialSubject"]["achievement"], &endorsement(GUILD, &SCHOOL.at("class"), Some(chain)));
    let (report, asked) = world().asked(SCHOOL.token(&award).as_bytes(), None, None);
    valid(&report);
    let told: Vec<_> = report.endorsements.seen.iter().map(|one| (one.issuer.clone(), one.verdict)).collect();
    assert_eq!(told, [(Some(GUILD.id.to_owned()), Verdict::Valid)]);
    assert_eq!(asked.into_iter().collect::<Vec<_>>(), [GUILD.id, SCHOOL.id], "whom the inner ones name was asked");

    // One within the other beyond what is read.
    let mut deep = GUILD.endorsement(SCHOOL.id);
    for _level in 0..20 {
        let mut outer = GUILD.endorsement(SCHOOL.id);
        outer["issuer"]["endorsement"] = deep;
        deep = outer;
    }
    let mut award = SCHOOL.award();
    award["issuer"]["endorsement"] = deep;
    refused(&world().verify(award.to_string().as_bytes()), Reason::Unreadable);
}

/// The published 2.0 documents with one endorsement of the award, its class and its issuer each, and links to them.
fn ours_2() -> World {
    let issuer = document("tremen/ob2/issuer-bourg.json");
    let world = World::default().serving(issuer["id"].as_str().unwrap(), &issuer);
    let endorsed = [
        ("tremen/ob2/assertion.json", "tremen/ob2/endorsement-award.json"),
        ("tremen/ob2/badgeclass.json", "tremen/ob2/endorsement-class.json"),
        ("tremen/ob2/issuer.json", "tremen/ob2/endorsement-issuer.json"),
    ];
    endorsed.into_iter().fold(world, |world, (carrier, endorsement)| {
        let (mut carrier, endorsement) = (document(carrier), document(endorsement));
        carrier["endorsement"] = endorsement["id"].clone();
        let at = |document: &Value| document["id"].as_str().unwrap().to_owned();
        world.serving(&at(&carrier), &carrier).serving(&at(&endorsement), &endorsement)
    })
}

const AWARD_2: &str = "https://tremen.example/ob2/badges/0191f2b0-laser-1";
const ENDORSEMENT_2: &str = "https://tremen.example/ob2/recommandations/r-1";

fn told_2(world: &World) -> Vec<(About, Verdict)> {
    let report = world.verify(AWARD_2.as_bytes());
    valid(&report);
    assert_eq!(report.version, Some(Version::V2Hosted));
    report.endorsements.seen.iter().map(|one| (one.about, one.verdict)).collect()
}

/// The verdict on the endorsement of the award, where its address answers this.
fn first_2(answer: Answer) -> Verdict {
    told_2(&ours_2().with(ENDORSEMENT_2, answer))[0].1
}

#[test]
fn hosted_endorsements_of_version_2_stand_where_their_endorser_hosts_them() {
    let all = [About::Award, About::Class, About::Issuer].map(|about| (about, Verdict::Valid));
    assert_eq!(told_2(&ours_2()), all);
    // Written inside, it only tells its address.
    let mut assertion = document("tremen/ob2/assertion.json");
    let mut inside = document("tremen/ob2/endorsement-award.json");
    inside["claim"]["endorsementComment"] = "The best.".into();
    inside["issuer"] = EVE.id.into();
    assertion["endorsement"] = json!([inside]);
    let report = ours_2().serving(AWARD_2, &assertion).verify(AWARD_2.as_bytes());
    assert_eq!(report.endorsements.seen[0].verdict, Verdict::Valid);
    assert_eq!(report.endorsements.seen[0].issuer.as_deref(), Some("https://tremen.example/ob2/lieux/bourg"));
}

#[test]
fn each_bad_endorsement_of_version_2_is_told_with_its_reason() {
    let changed = |change: Change<'_>| {
        let mut endorsement = document("tremen/ob2/endorsement-award.json");
        change(&mut endorsement);
        first_2(Answer::Document(endorsement.to_string().into_bytes()))
    };
    assert_eq!(changed(&|_| ()), Verdict::Valid);
    let changes: [(Change<'_>, Reason); 8] = [
        (&|e| e["claim"]["id"] = "https://tremen.example/ob2/badges/another".into(), Reason::NotABadge),
        (&|e| e["claim"] = json!({"endorsementComment": "Good."}), Reason::NotABadge),
        (&|e| e["type"] = "Assertion".into(), Reason::NotABadge),
        (&|e| drop(e.as_object_mut().unwrap().remove("verification")), Reason::Schema),
        (&|e| e["issuedOn"] = "soon".into(), Reason::Schema),
        (&|e| e["issuedOn"] = "2027-03-10T09:00:00Z".into(), Reason::NotYetValid),
        (&|e| e["revoked"] = true.into(), Reason::Revoked),
        // Its address has to serve it under its own name.
        (&|e| e["id"] = "https://tremen.example/ob2/recommandations/r-9".into(), Reason::DocumentUnreachable),
    ];
    for (i, (change, reason)) in changes.into_iter().enumerate() {
        assert_eq!(changed(change), Verdict::Refused(reason), "{i}");
    }
    let gone = document("tremen/ob2/revoked-410-body.json").to_string().into_bytes();
    assert_eq!(first_2(Answer::Gone(gone)), Verdict::Refused(Reason::Revoked));
    assert_eq!(first_2(Answer::NotFound), Verdict::Refused(Reason::DocumentUnreachable));
    let silent = first_2(Answer::Unreachable("timeout".to_owned()));
    assert_eq!(silent, Verdict::CannotSay(Reason::DocumentUnreachable));
}

#[test]
fn an_endorsement_of_version_2_in_the_name_of_another_or_in_a_token_is_told() {
    // Eve hosts it, and writes that the Fab du Bourg endorses.
    let mut assertion = document("tremen/ob2/assertion.json");
    let mut forged = document("tremen/ob2/endorsement-award.json");
    forged["id"] = EVE.at("r-1").into();
    assertion["endorsement"] = forged["id"].clone();
    let world = ours_2().serving(AWARD_2, &assertion).serving(&EVE.at("r-1"), &forged);
    assert_eq!(told_2(&world)[0].1, Verdict::Refused(Reason::WrongOrigin));
    // Below the very prefix that the endorser allows, and up again.
    let climbing = "https://tremen.example/ob2/../users/eve/r-1";
    forged["id"] = climbing.into();
    assertion["endorsement"] = climbing.into();
    let world = ours_2().serving(AWARD_2, &assertion).serving(climbing, &forged);
    assert_eq!(told_2(&world)[0].1, Verdict::Refused(Reason::DocumentUnreachable));
    assertion["endorsement"] = GUILD.token(&forged).into();
    let world = ours_2().serving(AWARD_2, &assertion);
    assert_eq!(told_2(&world)[0].1, Verdict::Refused(Reason::ProofUnsupported));
}

#[test]
fn endorsements_of_version_2_that_link_to_each_other_are_not_followed() {
    let mut endorsement = document("tremen/ob2/endorsement-award.json");
    endorsement["endorsement"] = json!([ENDORSEMENT_2, "https://far.example/r-1"]);
    let world = ours_2().serving(ENDORSEMENT_2, &endorsement);
    assert!(told_2(&world).iter().all(|(_, verdict)| *verdict == Verdict::Valid));
    let (_, asked) = world.asked(AWARD_2.as_bytes(), None, None);
    assert!(!asked.contains("https://far.example/r-1"), "{asked:?}");

    let mut assertion = document("tremen/ob2/assertion.json");
    assertion["endorsement"] = (0..100).map(|i| format!("https://a{i}.example/r")).collect();
    let (report, asked) = ours_2().serving(AWARD_2, &assertion).asked(AWARD_2.as_bytes(), None, None);
    assert_eq!((report.endorsements.seen.len(), report.endorsements.unseen), (8, 94));
    assert!(asked.len() <= 24, "{asked:?}");
}
