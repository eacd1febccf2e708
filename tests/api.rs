//! The API as scripts use it: awards from the first to the last verb, previews, what a refusal says, who sees what.

use serde_json::json;
use tremen_rules::dossier::Role;
use tremen_rules::{Level, PersonId};
use tremen_server::flows::token_scope::TokenScope;
use tremen_wire::{Action, Intent};

use crate::client::{Client, served, token_for};
use crate::raw::{Raw, granted, uid};
use crate::world::{World, id};

const LASER: &str = "trotec-speedy";
const ANNA: [u8; 7] = [4, 1, 2, 3, 4, 5, 6];

async fn manager(world: &World) -> PersonId {
    let manager = world.person("maiwenn", &[9, 9, 9, 1], false).await;
    world.role(&manager, Role::Manager, "venue:ubo").await;
    manager
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_awards_renews_suspends_resumes_and_revokes_and_each_is_told_as_it_is() {
    let world = served().await;
    let (manager, _) = (manager(&world).await, world.person("yann", &[8, 8, 8, 1], false).await);
    let script = Client::of(&world, &manager).await;
    let award = json!({ "person": "yann", "reference": "decoupe-laser", "level": 2, "issuer": "ubo-open-factory",
                        "id": "a-1", "reason": "atelier" });
    let made = script.post("/awards", &award).await;
    assert_eq!((made.status, made.header("location")), (201, Some("/api/v1/awards/a-1")));
    assert_eq!(made.json()["id"], "a-1");
    let state = async |award: &str| script.get(&format!("/awards/{award}")).await.done()["state"].clone();
    assert_eq!(state("a-1").await, "standing");
    let why = json!({ "reason": "à revoir" });
    script.post("/awards/a-1/suspend", &json!({ "reason": "à revoir", "until": "2026-12-24" })).await.done();
    assert_eq!(state("a-1").await, "suspended");
    script.post("/awards/a-1/suspend", &why).await.problem(409, "refused");
    script.post("/awards/a-1/resume", &why).await.done();
    world.later(1).await;
    let renewal = script.post("/awards/a-1/renew", &json!({ "reason": "revu", "id": "a-2", "level": 1 })).await;
    assert_eq!((renewal.status, renewal.json()["id"].as_str()), (201, Some("a-2")));
    assert_eq!((state("a-1").await, state("a-2").await), (json!("superseded"), json!("standing")));
    script.post("/awards/a-2/revoke", &why).await.done();
    assert_eq!(state("a-2").await, "revoked");
    script.post("/awards/a-9/revoke", &why).await.problem(404, "not-found");
    let list = script.get("/awards?person=yann").await.done();
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    // The journal tells that it was a script, and whose.
    let entry = world.look(|tx| tx.last_entry()).unwrap();
    assert_eq!(entry.kind, "award_revoked");
    assert_eq!(entry.body.unwrap()["by"], json!({ "person": "maiwenn", "token": 1 }));
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_tells_what_a_revocation_would_do_and_then_it_does_it() {
    let world = served().await;
    let manager = manager(&world).await;
    world.laser_user("anna", &ANNA, false, Level::Autonomous).await;
    let script = Client::of(&world, &manager).await;
    let mut raw = Raw::linked(&world, "ponant-laser", false).await;
    let session = granted(&raw.tap("laser-ponant", uid(&ANNA), Intent::Use).await);
    let seen = script.get("/sessions").await.done();
    assert_eq!(seen["items"], json!([]), "the machine is another venue's");
    let path = "/awards/anna.decoupe-laser.2/revoke";
    let why = json!({ "reason": "erreur de saisie" });
    let look = script.post(&format!("{path}?preview=true"), &why).await.done();
    assert_eq!(look["preview"], true);
    assert_eq!(look["stopped"][0]["session"], session.to_string());
    assert!(look["closed"].as_array().unwrap().contains(&json!("laser-ponant")), "{look}");
    assert!(world.session(session).stop_order.is_none(), "a look changes nothing");
    let done = script.post(path, &why).await.done();
    assert_eq!(done["stopped"][0]["machine"], "laser-ponant");
    assert_eq!(raw.order().await.action, Action::Stop);
    let entry = done["entry"].as_i64().unwrap();
    assert_eq!(world.look(|tx| tx.orders_of_entry(entry)).len(), 1);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_is_locked_and_unlocked_by_its_venues_manager() {
    let world = served().await;
    let script = Client::of(&world, &manager(&world).await).await;
    let machine = format!("/machines/{LASER}");
    let locked = script.post(&format!("{machine}/lock"), &json!({ "reason": "extraction en panne" })).await.done();
    let shown = script.get(&machine).await.done();
    assert_eq!(
        (&shown["state"]["is"], &shown["state"]["why"]),
        (&json!("out_of_service"), &json!("extraction en panne"))
    );
    let orders = script.get(&format!("/orders?entry={}", locked["entry"])).await.done();
    assert_eq!(orders["items"][0]["action"], "lock");
    script.post(&format!("{machine}/unlock"), &json!({ "reason": "réparée" })).await.done();
    script.post(&format!("{machine}/unlock"), &json!({ "reason": "réparée" })).await.problem(409, "refused");
    script.post("/machines/laser-ponant/lock", &json!({ "reason": "non" })).await.problem(403, "forbidden");
    script.post("/machines/nothing/lock", &json!({ "reason": "non" })).await.problem(404, "not-found");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_says_what_where_and_what_to_do() {
    let world = served().await;
    let manager = manager(&world).await;
    let script = Client::of(&world, &manager).await;
    let stranger = Client::stranger(&world);
    let refused = stranger.get("/people").await;
    assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"tremen\""));
    refused.problem(401, "unauthenticated");
    Client::with(&world, "tremen_aaaa").get("/people").await.problem(401, "unauthenticated");
    stranger.get("/people?access_token=tremen_aaaa").await.problem(401, "unauthenticated");
    let reader = Client::with(&world, &token_for(&world, &manager, &[TokenScope::Read]).await);
    let problem = reader.post(&format!("/machines/{LASER}/lock"), &json!({ "reason": "x" })).await;
    assert!(problem.problem(403, "out-of-scope")["detail"].as_str().unwrap().contains("`machines`"));
    reader.get("/journal").await.problem(403, "out-of-scope");
    script.get("/nothing").await.problem(404, "not-found");
    script.get("/people/nobody-of-this-name").await.problem(404, "not-found");
    let wrong = script.ask("DELETE", "/people", None).await;
    assert!(wrong.header("allow").unwrap().contains("GET"), "{}", wrong.head);
    wrong.problem(405, "wrong-method");
    script.saying("Accept", "text/html").get("/people").await.problem(406, "not-acceptable");
    script.saying("Accept", "text/html, */*;q=0.1").get("/people").await.done();
    script.ask("POST", "/awards", Some("{}")).await.problem(415, "wrong-type");
    let typed = script.saying("Content-Type", "application/json; charset=utf-8");
    typed.ask("POST", "/awards", Some("{")).await.problem(400, "malformed");
    let large = format!("\"{}\"", "x".repeat(300 * 1024));
    typed.ask("POST", "/awards", Some(&large)).await.problem(413, "too-large");
    let slips = json!({ "person": "yann", "refrence": "decoupe-laser", "level": 9, "issuer": "Ubo", "until": "x" });
    let problem = script.post("/awards", &slips).await.problem(422, "invalid");
    let places: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|it| it["pointer"].as_str().unwrap()).collect();
    assert_eq!(places, ["#/reference", "#/reason", "#/issuer", "#/level", "#/refrence", "#/until"]);
    assert!(problem["errors"][4]["detail"].as_str().unwrap().ends_with("did you mean `reference`?"), "{problem}");
    let nobody = json!({ "person": "nobody", "scope": "venue:ubo", "reason": "x" });
    let problem = script.post("/restrictions", &nobody).await.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["pointer"], "#/person");
    let nowhere = json!({ "person": "maiwenn", "scope": "venue:uboo", "reason": "x" });
    let problem = script.post("/restrictions", &nowhere).await.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["pointer"], "#/scope");
    assert!(problem["detail"].as_str().unwrap().ends_with("did you mean `ubo`?"), "{problem}");
    let problem = script.get("/people?limt=3").await.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["parameter"], "limt");
    assert!(problem["detail"].as_str().unwrap().ends_with("did you mean `limit`?"), "{problem}");
    let kinds = script.get("/problems/invalid").await.done();
    assert_eq!(kinds["status"], 422);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_asks_300_times_at_once_and_then_waits() {
    let world = served().await;
    let anna = world.person("anna", &ANNA, false).await;
    let script = Client::of(&world, &anna).await;
    script.get("/venues").await.done(); // it is known from now on, and the clock stands still
    for _ in 0..300 {
        script.get("/venues").await.done();
    }
    let refused = script.get("/venues").await;
    assert_eq!(refused.header("retry-after"), Some("1"));
    refused.problem(429, "too-many");
    world.later(1000).await;
    script.get("/venues").await.done();
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_ends_with_its_role_in_the_same_transaction_and_the_journal_says_so() {
    let world = served().await;
    let manager = manager(&world).await;
    let admin = world.person("zoe", &[7, 7, 7, 1], false).await;
    world.role(&admin, Role::NetworkAdmin, "network").await;
    let (script, by) = (Client::of(&world, &manager).await, Client::of(&world, &admin).await);
    script.get("/people").await.done();
    let roles = by.get("/roles?person=maiwenn").await.done();
    let path = format!("/roles/{}/end", roles["items"][0]["id"]);
    by.post(&path, &json!({ "reason": "départ" })).await.done();
    script.get("/people").await.problem(401, "unauthenticated");
    let lock = json!({ "reason": "une dernière fois" });
    script.post(&format!("/machines/{LASER}/lock"), &lock).await.problem(401, "unauthenticated");
    let entries = world.look(|tx| tx.entries_after(0, tremen_rules::Time::from_millis(0), 100));
    let kinds: Vec<&str> = entries.iter().rev().take(2).map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["role_ended", "token_ended"]);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_sees_themself_an_auditor_all_but_contact_details_a_manager_both() {
    let world = served().await;
    let manager = manager(&world).await;
    let anna = world.laser_user("anna", &ANNA, false, Level::Autonomous).await;
    let auditor = world.person("ann-audit", &[6, 6, 6, 1], false).await;
    world.role(&auditor, Role::Auditor, "network").await;
    let [member, manager, auditor] =
        [Client::of(&world, &anna).await, Client::of(&world, &manager).await, Client::of(&world, &auditor).await];
    let people = async |script: &Client| script.get("/people").await.done()["items"].as_array().unwrap().len();
    assert_eq!((people(&member).await, people(&manager).await, people(&auditor).await), (1, 3, 3));
    let about = async |script: &Client| script.get("/people/anna").await.done();
    assert_eq!(about(&member).await["contact"]["birth_date"], "1990-04-02");
    assert_eq!(about(&manager).await["contact"]["birth_date"], "1990-04-02");
    assert_eq!(about(&auditor).await.get("contact"), None);
    member.get("/people/maiwenn").await.problem(403, "forbidden");
    member.get("/people/nobody").await.problem(403, "forbidden");
    assert_eq!(member.get("/awards").await.done()["items"].as_array().unwrap().len(), 2);
    member.get("/awards?person=maiwenn").await.problem(403, "forbidden");
    assert_eq!(member.get("/cards").await.done()["items"][0]["kind"], "uid");
    assert!(!member.get("/cards").await.body.contains("04010203040506"));
    assert_eq!(member.get("/controllers").await.done()["items"], json!([]));
    assert_eq!(manager.get("/controllers").await.done()["items"][0]["venue"], "ubo");
    manager.get("/decisions?machine=laser-ponant").await.problem(403, "forbidden");
    auditor.get("/decisions?machine=laser-ponant").await.done();
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_are_answered_in_their_order_with_what_to_do() {
    let world = served().await;
    let manager = manager(&world).await;
    let anna = world.laser_user("anna", &ANNA, false, Level::Autonomous).await;
    let script = Client::of(&world, &manager).await;
    let ask = |machine: &str, person: &str| json!({ "machine": machine, "person": person });
    let one = script.post("/explain", &ask("laser-ponant", "anna")).await.done();
    assert_eq!((&one["verdict"], &one["reasons"]), (&json!("grant"), &json!([])));
    assert!(one["until"].is_string(), "{one}");
    let several = [ask("prusa-1", "anna"), ask("laser-ponant", "anna"), ask("nothing", "anna")];
    let answers = script.post("/explain", &json!(several)).await.done();
    assert_eq!(answers[0]["verdict"], "deny");
    assert!(answers[0]["reasons"][0]["next_step"].is_string(), "{}", answers[0]);
    assert_eq!(answers[1]["verdict"], "grant");
    assert_eq!(answers[2]["reason"], "unknown_machine");
    let wrong = json!([ask("prusa-1", "anna"), { "machine": "prusa-1" }]);
    assert_eq!(script.post("/explain", &wrong).await.problem(422, "invalid")["errors"][0]["pointer"], "#/1");
    let nobody = script.post("/explain", &ask("prusa-1", "nobody")).await.problem(422, "invalid");
    assert_eq!(nobody["errors"][0]["pointer"], "#/person");
    let by_card = json!({ "machine": "laser-ponant", "uid": "04 01 02 03 04 05 06" });
    script.post("/explain", &by_card).await.done();
    let member = Client::of(&world, &anna).await;
    member.post("/explain", &ask("prusa-1", "anna")).await.done();
    member.post("/explain", &ask("prusa-1", "maiwenn")).await.problem(403, "forbidden");
    let unknown = json!({ "machine": "laser-ponant", "uid": "04FFFFFFFFFF01" });
    member.post("/explain", &unknown).await.problem(403, "forbidden");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restrictions_handovers_roles_cards_and_controllers_are_done_and_undone() {
    let world = served().await;
    let manager = manager(&world).await;
    world.person("yann", &[8, 8, 8, 1], false).await;
    let script = Client::of(&world, &manager).await;
    let why = json!({ "reason": "essai" });
    let restriction = json!({ "person": "yann", "scope": "venue:ubo", "until": "2026-12-01", "reason": "essai" });
    let made = script.post("/restrictions", &restriction).await.done();
    let path = format!("/restrictions/{}/end", made["id"].as_str().unwrap());
    script.post(&path, &why).await.done();
    let list = script.get("/restrictions?person=yann").await.done();
    assert_eq!(list["items"][0]["scope"], "venue:ubo");
    assert!(list["items"][0]["ended_at"].is_string());
    script.post("/handovers", &json!({ "person": "yann", "machine": LASER, "reason": "visite" })).await.done();
    assert_eq!(script.get("/handovers").await.done()["items"][0]["by"], "maiwenn");
    let role = json!({ "person": "yann", "role": "trainer", "scope": "venue:ubo", "reason": "formé" });
    script.post("/roles", &role).await.done();
    let slip = json!({ "person": "yann", "role": "trainr", "scope": "venue:ubo", "reason": "formé" });
    let problem = script.post("/roles", &slip).await.problem(422, "invalid");
    assert!(problem["detail"].as_str().unwrap().ends_with("did you mean `trainer`?"), "{problem}");
    let roles = script.get("/roles?person=yann").await.done();
    script.post(&format!("/roles/{}/end", roles["items"][0]["id"]), &why).await.done();
    let card = script.get("/cards?person=yann").await.done()["items"][0]["id"].as_str().unwrap().to_owned();
    script.post(&format!("/cards/{card}/block"), &why).await.done();
    assert_eq!(script.get("/cards?person=yann").await.done()["items"][0]["blocked"], true);
    script.post(&format!("/cards/{card}/unblock"), &why).await.done();
    let secrets = script.post("/controllers/ubo-laser/rotate", &why).await.done();
    assert_eq!((secrets["key"].as_str().unwrap().len(), secrets["password"].as_str().unwrap().len()), (64, 32));
    script.post("/controllers/ubo-laser/retire", &why).await.done();
    script.post("/controllers/ponant-laser/rotate", &why).await.problem(403, "forbidden");
    script.post("/sessions/0102030405060708/stop", &why).await.problem(404, "not-found");
    let member: PersonId = id("yann");
    let member = Client::of(&world, &member).await;
    assert_eq!(member.get("/memberships").await.done()["items"], json!([]));
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_entered_and_corrected_as_a_file_of_people_would() {
    let world = served().await;
    let manager = manager(&world).await;
    let script = Client::of(&world, &manager).await;
    let nolwenn = json!({ "key": " p-nolwenn ", "name": "Nolwenn", "birth_date": "2012-02-29", "guardian": "maiwenn",
                          "guardian_consent": "2026-11-20", "language": "br", "reason": "inscription" });
    script.post("/people?preview=true", &nolwenn).await.done();
    script.get("/people/p-nolwenn").await.problem(404, "not-found");
    let made = script.post("/people", &nolwenn).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/api/v1/people/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(made.header("location"), Some(path.as_str()));
    let shown = script.get("/people/p-nolwenn").await.done();
    assert_eq!((&shown["name"], &shown["contact"]["birth_date"]), (&json!("Nolwenn"), &json!("2012-02-29")));
    assert_eq!((&shown["contact"]["guardian"], &shown["contact"]["language"]), (&json!("maiwenn"), &json!("br")));
    script.post("/people", &nolwenn).await.problem(409, "refused");
    let correction = json!({ "email": "nolwenn@example.org", "reason": "adresse" });
    script.post("/people/p-nolwenn", &correction).await.done();
    script.post("/people/p-nolwenn", &correction).await.problem(409, "refused");
    let shown = script.get("/people/p-nolwenn").await.done();
    assert_eq!((&shown["name"], &shown["contact"]["email"]), (&json!("Nolwenn"), &json!("nolwenn@example.org")));
    let blank = json!({ "key": " ", "name": "X", "reason": "essai" });
    assert_eq!(script.post("/people", &blank).await.problem(422, "invalid")["errors"][0]["pointer"], "#/key");
    let wrong = json!({ "key": "p-x", "name": "A\nB", "email": "nobody", "birth_date": "2011-02-29", "language": "de",
                        "reason": "essai" });
    let problem = script.post("/people", &wrong).await.problem(422, "invalid");
    let at: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|it| it["pointer"].as_str().unwrap()).collect();
    assert_eq!(at, ["#/name", "#/email", "#/birth_date", "#/language"]);
    let orphan = json!({ "key": "p-x", "name": "X", "guardian": "nobody", "reason": "essai" });
    assert_eq!(script.post("/people", &orphan).await.problem(422, "invalid")["errors"][0]["pointer"], "#/guardian");
    let yann = world.person("yann", &[8, 8, 8, 1], false).await;
    let member = Client::of(&world, &yann).await;
    member.post("/people", &nolwenn).await.problem(403, "forbidden");
    member.post("/people/yann", &json!({ "name": "Y.", "reason": "essai" })).await.problem(403, "forbidden");
    let told = world.look(|tx| tx.entries_after(0, tremen_rules::Time::from_millis(0), 1000));
    let told: String = told.iter().map(|it| it.body.as_ref().unwrap().to_string()).collect();
    assert!(!told.contains("Nolwenn") && !told.contains("nolwenn@"), "the journal holds random ids");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_script_knows_already_is_not_told_again_until_it_changes() {
    let world = served().await;
    let manager = manager(&world).await;
    let script = Client::of(&world, &manager).await;
    for path in ["/machines", "/machines/trotec-speedy"] {
        let first = script.get(path).await;
        let etag = first.header("etag").unwrap().to_owned();
        let again = script.saying("If-None-Match", &etag).get(path).await;
        assert_eq!((again.status, again.body.as_str(), again.header("etag")), (304, "", Some(etag.as_str())));
        world.lock("trotec-speedy").await;
        let changed = script.saying("If-None-Match", &etag).get(path).await;
        assert_eq!(changed.status, 200, "{path}");
        assert_ne!((changed.header("etag"), &changed.body), (Some(etag.as_str()), &first.body));
        let why = json!({ "reason": "essai" });
        script.post("/machines/trotec-speedy/unlock", &why).await.done();
    }
    script.saying("If-None-Match", "*").get("/people/nobody").await.problem(404, "not-found");
    world.running.stop().await;
}
