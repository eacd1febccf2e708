//! Status lists: of today and of the draft of 2021, with a proof inside and as a token; and the lists of ids of older 3.0.

use serde_json::{Value, json};
use tremen_badges::multibase::encode_base64url;
use tremen_badges::status_list::StatusList;
use tremen_badges::verify::{Answer, Reason, Report, Verdict};

use crate::school::{By, EVE, GUILD, OF_2018, SCHOOL, TODAY, claims_with_vc, world};
use crate::world::{refused, valid};

/// Which norm a list follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Norm {
    Today,
    Of2021,
}

const NORMS: [Norm; 2] = [Norm::Today, Norm::Of2021];
const FORMS: [By; 2] = [By::Proof, By::Token];

fn entry(norm: Norm, purpose: &str) -> Value {
    let kind = match norm {
        Norm::Today => "BitstringStatusListEntry",
        Norm::Of2021 => "StatusList2021Entry",
    };
    json!({"id": SCHOOL.at("list#94567"), "type": kind, "statusPurpose": purpose, "statusListIndex": "94567",
        "statusListCredential": SCHOOL.at("list")})
}

fn list(norm: Norm, purpose: &str, set: &[u32]) -> Value {
    match norm {
        Norm::Today => SCHOOL.list(purpose, set),
        Norm::Of2021 => SCHOOL.list_of_2021(purpose, set),
    }
}

/// A signed award with this entry.
fn award(entry: &Value) -> String {
    let mut award = SCHOOL.award();
    if entry["type"] == "StatusList2021Entry" {
        award["@context"].as_array_mut().unwrap().push("https://w3id.org/vc/status-list/2021/v1".into());
    }
    award["credentialStatus"] = entry.clone();
    SCHOOL.with_proof(&award).to_string()
}

/// The report on an award with this entry, where the list's address answers this.
fn told(entry: &Value, answer: &str) -> Report {
    let answer = Answer::Document(answer.as_bytes().to_vec());
    world().with(&SCHOOL.at("list"), answer).verify(award(entry).as_bytes())
}

#[test]
fn a_list_of_either_norm_in_either_form_says_who_is_revoked_or_suspended() {
    for (norm, form) in NORMS.into_iter().flat_map(|norm| FORMS.map(|form| (norm, form))) {
        for (purpose, reason) in [("revocation", Reason::Revoked), ("suspension", Reason::Suspended)] {
            let of = |set: &[u32]| told(&entry(norm, purpose), &SCHOOL.sign(&list(norm, purpose, set), form));
            valid(&of(&[]));
            valid(&of(&[94_566, 94_568, 0]));
            let report = of(&[94_567]);
            assert_eq!(report.verdict, Verdict::Refused(reason), "{norm:?} {form:?}: {report:#?}");
        }
    }
    // A purpose that says nothing about holding.
    valid(&told(&entry(Norm::Today, "refresh"), &SCHOOL.sign(&list(Norm::Today, "refresh", &[94_567]), By::Proof)));
}

#[test]
fn a_list_of_2021_comes_in_the_claim_vc_too() {
    let of = |set: &[u32]| {
        let claims = claims_with_vc(&list(Norm::Of2021, "revocation", set));
        told(&entry(Norm::Of2021, "revocation"), &SCHOOL.token(&claims))
    };
    valid(&of(&[]));
    refused(&of(&[94_567]), Reason::Revoked);
}

#[test]
fn a_token_may_name_a_list_and_a_token_may_be_revoked() {
    let mut award = SCHOOL.award();
    award["credentialStatus"] = entry(Norm::Today, "revocation");
    let token = SCHOOL.token(&award);
    let of = |set: &[u32]| {
        let list = SCHOOL.token(&list(Norm::Today, "revocation", set));
        world().with(&SCHOOL.at("list"), Answer::Document(list.into_bytes())).verify(token.as_bytes())
    };
    valid(&of(&[]));
    refused(&of(&[94_567]), Reason::Revoked);
}

#[test]
fn a_list_is_believed_only_from_the_issuer_for_this_purpose_and_in_its_time() {
    for (norm, form) in NORMS.into_iter().flat_map(|norm| FORMS.map(|form| (norm, form))) {
        let changed = |change: &dyn Fn(&mut Value)| {
            let mut list = list(norm, "revocation", &[]);
            change(&mut list);
            told(&entry(norm, "revocation"), &SCHOOL.sign(&list, form))
        };
        valid(&changed(&|_| ()));
        let date = if norm == Norm::Today { "validUntil" } else { "expirationDate" };
        let other = if norm == Norm::Today { "StatusList2021" } else { "BitstringStatusList" };
        let untrusted: [&dyn Fn(&mut Value); 8] = [
            &|list| list["credentialSubject"]["statusPurpose"] = "suspension".into(),
            &|list| list["credentialSubject"]["statusPurpose"] = json!(["suspension", "message"]),
            &|list| list["credentialSubject"]["encodedList"] = "uH4sIAAAAAAAAA".into(),
            &|list| list["credentialSubject"]["encodedList"] = bomb().into(),
            &|list| {
                list["@context"] = json!([TODAY[0], "https://w3id.org/vc/status-list/2021/v1"]);
                list["validFrom"] = "2026-03-02T00:00:00Z".into();
                list["credentialSubject"]["type"] = other.into();
            },
            &|list| list["type"] = json!(["VerifiableCredential"]),
            &|list| list[date] = "2026-06-01T00:00:00Z".into(),
            &|list| list["issuer"] = GUILD.id.into(),
        ];
        for (i, change) in untrusted.into_iter().enumerate() {
            // What has no meaning under its contexts can't be signed with a proof at all.
            if form == By::Proof && i == 4 {
                continue;
            }
            let report = changed(change);
            assert_eq!(report.verdict, Verdict::Refused(Reason::StatusUntrusted), "{norm:?} {form:?} {i}: {report:#?}");
        }
        // Another's own list, honest in itself.
        let theirs = GUILD.sign(&GUILD.list("revocation", &[]), form);
        refused(&told(&entry(norm, "revocation"), &theirs), Reason::StatusUntrusted);
        // One that names the issuer, made by another.
        let forged = match form {
            By::Proof => EVE.with_proof(&list(norm, "revocation", &[])).to_string(),
            By::Token => {
                let header = json!({"alg": "EdDSA", "kid": format!("{}#ed", SCHOOL.id)});
                EVE.token_under(&header, &list(norm, "revocation", &[]))
            }
        };
        refused(&told(&entry(norm, "revocation"), &forged), Reason::StatusUntrusted);
        // And one of the other norm.
        let other = if norm == Norm::Today { Norm::Of2021 } else { Norm::Today };
        let other = SCHOOL.sign(&list(other, "revocation", &[]), form);
        refused(&told(&entry(norm, "revocation"), &other), Reason::StatusUntrusted);
    }
}

/// Some kilobytes that unpack to sixteen megabytes.
fn bomb() -> String {
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    gzip.extend(miniz_oxide::deflate::compress_to_vec(&vec![0; 16 << 20], 9));
    gzip.extend([0; 8]);
    encode_base64url(&gzip)
}

#[test]
fn what_is_no_list_is_not_believed_and_one_that_cannot_be_had_leaves_it_open() {
    let asks = entry(Norm::Today, "revocation");
    let unsigned = list(Norm::Today, "revocation", &[]);
    for answer in [
        unsigned.to_string(),
        SCHOOL.token_under(&json!({"alg": "none"}), &unsigned),
        SCHOOL.sign(&SCHOOL.award(), By::Token),
        "hello".to_owned(),
        "eyJ.e30.x".to_owned(),
        "{}".to_owned(),
    ] {
        refused(&told(&asks, &answer), Reason::StatusUntrusted);
    }
    let answered = |answer| world().with(&SCHOOL.at("list"), answer).verify(award(&asks).as_bytes()).verdict;
    let open = Verdict::CannotSay(Reason::StatusUnreachable);
    assert_eq!(answered(Answer::NotFound), open);
    assert_eq!(answered(Answer::Unreachable("timeout".to_owned())), open);
    assert_eq!(answered(Answer::Document(b"{\"cut\":".to_vec())), open);
    assert_eq!(answered(Answer::Gone(Vec::new())), Verdict::Refused(Reason::StatusUntrusted));
    // The list's issuer is the award's: where that is silent, the award is open for that reason already.
    let silent = world().with(SCHOOL.id, Answer::Unreachable("timeout".to_owned()));
    assert_eq!(silent.verify(award(&asks).as_bytes()).verdict, Verdict::CannotSay(Reason::IssuerUnreachable));
}

#[test]
fn an_entry_that_leads_nowhere_refuses_the_badge() {
    for norm in NORMS {
        let list = SCHOOL.sign(&list(norm, "revocation", &[]), By::Proof);
        let with = |member: &str, value: Value| {
            let mut entry = entry(norm, "revocation");
            entry[member] = value;
            // In a token, what the contexts would make of the entry does not stand in the way.
            let mut award = SCHOOL.award();
            award["@context"].as_array_mut().unwrap().push("https://w3id.org/vc/status-list/2021/v1".into());
            award["credentialStatus"] = entry;
            let answer = Answer::Document(list.clone().into_bytes());
            world().with(&SCHOOL.at("list"), answer).verify(SCHOOL.token(&award).as_bytes())
        };
        valid(&with("statusListIndex", "131071".into()));
        valid(&with("statusListIndex", 0.into()));
        for (member, value) in [
            ("statusListIndex", json!("131072")),
            ("statusListIndex", json!("18446744073709551616")),
            ("statusListIndex", json!("-1")),
            ("statusListIndex", json!(-1)),
            ("statusListIndex", json!(1.5)),
            ("statusListIndex", json!("")),
            ("statusListIndex", Value::Null),
            ("statusPurpose", Value::Null),
            ("statusListCredential", Value::Null),
        ] {
            let report = with(member, value.clone());
            assert_eq!(report.verdict, Verdict::Refused(Reason::StatusUntrusted), "{member} {value}: {report:#?}");
        }
        let inside = with("statusListCredential", "https://169.254.169.254/list".into());
        assert_eq!(inside.verdict, Verdict::CannotSay(Reason::StatusUnreachable));
    }
}

#[test]
fn a_status_of_a_kind_that_is_not_known_refuses_the_badge() {
    let mut award = SCHOOL.award();
    award["@context"][1] = OF_2018[1].into();
    award["credentialStatus"] = json!({"id": SCHOOL.at("list"), "type": "1EdTechCredentialRefresh"});
    refused(&world().verify(SCHOOL.token(&award).as_bytes()), Reason::StatusUntrusted);
}

#[test]
fn a_list_of_few_entries_hides_nobody_and_is_not_believed() {
    let few = StatusList::with(&[]).unwrap().encode();
    assert!(StatusList::decode(&few).is_ok());
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    gzip.extend(miniz_oxide::deflate::compress_to_vec(&[0; 16], 9));
    gzip.extend([0x6f, 0x64, 0xbb, 0xec, 16, 0, 0, 0]);
    let mut list = list(Norm::Today, "revocation", &[]);
    list["credentialSubject"]["encodedList"] = encode_base64url(&gzip).into();
    refused(&told(&entry(Norm::Today, "revocation"), &SCHOOL.sign(&list, By::Proof)), Reason::StatusUntrusted);
}

#[test]
fn a_list_of_ids_of_older_version_3_is_read() {
    let list = SCHOOL.at("revoked");
    let badge = award(&json!({"id": list, "type": "1EdTechRevocationList"}));
    let answers = |revoked: Value| {
        let body = json!({"id": list, "issuer": SCHOOL.id, "revokedCredential": revoked});
        world().serving(&list, &body).verify(badge.as_bytes()).verdict
    };
    assert_eq!(answers(json!([])), Verdict::Valid);
    assert_eq!(answers(json!([{"id": "https://school.example/badges/2"}])), Verdict::Valid);
    let revoked = Verdict::Refused(Reason::Revoked);
    assert_eq!(answers(json!([{"id": SCHOOL.at("badges/1"), "revocationReason": "x"}])), revoked);
    assert_eq!(answers(json!({"id": SCHOOL.at("badges/1")})), revoked);
    assert_eq!(answers(json!([SCHOOL.at("badges/1")])), revoked);
    assert_eq!(answers(json!([{"id": SCHOOL.at("badges/1"), "revoked": false}])), Verdict::Valid);
    let silent = world().verify(badge.as_bytes()).verdict;
    assert_eq!(silent, Verdict::CannotSay(Reason::StatusUnreachable));
    let serving = |answer: Answer| world().with(&list, answer).verify(badge.as_bytes());
    let foreign = json!({"id": list, "issuer": EVE.id, "revokedCredential": []}).to_string();
    refused(&serving(Answer::Document(foreign.into_bytes())), Reason::StatusUntrusted);
    refused(&serving(Answer::Document(b"{\"hello\": \"world\"}".to_vec())), Reason::StatusUntrusted);
    let token = SCHOOL.token(&json!({"id": list, "issuer": SCHOOL.id, "revokedCredential": []}));
    refused(&serving(Answer::Document(token.into_bytes())), Reason::StatusUntrusted);
}
