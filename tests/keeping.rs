//! What is kept, and what goes: an incident and its dossier, the daily round beside taps, a person who is erased.

use std::collections::BTreeMap;

use tremen_rules::network::Language;
use tremen_rules::{Level, Time};
use tremen_server::daily::Daily;
use tremen_server::flows::apply_retention::Schedule;
use tremen_server::flows::erase_person::{Progress, begin, finish};
use tremen_server::flows::incident_files::{files_of, sums};
use tremen_server::flows::prove_entry::check_all;
use tremen_server::flows::{incident_dossier, note_incident, open_incident, revoke_award};
use tremen_server::machines::simulated_card::SimulatedCard;
use tremen_server::sealer::Sealer;
use tremen_server::store::NewCard;
use tremen_server::web::dossier::{FileLine, render};
use tremen_tlog::VerifierKey;
use tremen_wire::{Event, Intent, Reading};

use crate::journal_verifier::verify_proof;
use crate::raw::{Raw, denied, granted, uid};
use crate::world::{THURSDAY, World, id, operator};

const LASER: &str = "laser-ponant";
const ANNA: [u8; 7] = [4, 1, 2, 3, 4, 5, 6];
const YANN: [u8; 7] = [4, 9, 9, 9, 9, 9, 9];
const DAY: i64 = 86_400_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incidents_dossier_says_who_was_allowed_why_and_what_was_done() {
    let world = World::start().await;
    let anna = world.laser_user("anna", &ANNA, false, Level::Autonomous).await;
    world.person("yann", &YANN, false).await;
    let mut raw = Raw::linked(&world, "ponant-laser", false).await;
    denied(&raw.tap(LASER, uid(&YANN), Intent::Use).await);
    world.later(60_000).await;
    let session = raw.start(LASER, uid(&ANNA)).await;
    world.later(30_000).await;
    let open = open_incident::Request {
        machine: id(LASER),
        from: Time::from_millis(THURSDAY + 60_000),
        until: None,
        people: Vec::new(),
        lock: true,
    };
    let opened = world.change(move |tx| open_incident::run(tx, &operator(), &open)).await;
    assert_eq!(opened.effects.stopped[0].session, session);
    for _ in 0..2 {
        let order = raw.order().await;
        raw.settle(Event::Confirmed, &order, Some(false));
    }
    world.until(|tx| Ok(tx.session(session)?.and_then(|row| row.ended_at))).await;
    let open_orders = |tx: &mut tremen_server::store::Tx<'_>| tx.open_orders(&id("ponant-laser"));
    world.until(|tx| Ok(open_orders(tx)?.is_empty().then_some(()))).await;
    let note = note_incident::Request { incident: opened.incident, text: "lentille fendue".to_owned(), people: vec![] };
    world.change(move |tx| note_incident::run(tx, &operator(), &note)).await;
    // months later the award is revoked, and the rules are others: the dossier tells what was then
    world.later(40 * DAY).await;
    let award =
        world.look(|tx| tx.awards_of(&anna)).into_iter().find(|it| it.award.reference.as_str() == "decoupe-laser");
    let award = award.unwrap().award.id;
    world.change(move |tx| revoke_award::run(tx, &operator(), &award)).await;
    ask_for_more(&world).await;

    Sealer::default().catch_up(&world.store).await.unwrap();
    let dossier = world.store.read(move |tx| incident_dossier::run(tx, &operator(), opened.incident)).await.unwrap();
    assert_eq!(dossier.machine.requires[0].level, Level::Discovery, "the rules of that day, not of today");
    let taps: Vec<_> = dossier.taps.iter().map(|it| (it.decision.verdict.as_str(), it.requirements.len())).collect();
    assert_eq!(taps, [("deny", 1), ("grant", 1)]);
    assert_eq!(dossier.taps[1].requirements[0].1.len(), 1, "the award that met the requirement then");
    assert_eq!(dossier.orders.iter().filter(|it| it.settled.as_deref() == Some("confirmed")).count(), 2);
    let files = files_of(&dossier, Language::Fr);
    let lines: Vec<_> = files.iter().map(|it| FileLine { name: it.name.to_owned(), what: it.what.clone() }).collect();
    let page = render(&dossier, &lines, Language::Fr);
    for said in [
        "26/11/2026 15:01:00 +01:00",
        "anna Exemple",
        "Utilisation de la découpeuse laser",
        "Vérifie l&#39;extraction avant de lancer",
        "confirmé par le contrôleur",
        "lentille fendue",
        "révoqué le",
    ] {
        let said = said.replace("&#39;", "'");
        assert!(page.replace("&#39;", "'").replace('’', "'").contains(&said.replace('’', "'")), "{said}\n{page}");
    }
    assert!(!page.contains("http://") && !page.contains("<script"), "it stands alone");
    assert!(render(&dossier, &lines, Language::En).contains("Was this person allowed to?"));
    assert_eq!(sums(&files).lines().count(), files.len());
    // the journal's entries are there, each once
    let journal: serde_json::Value =
        serde_json::from_slice(&files.iter().find(|it| it.name == "journal.json").unwrap().bytes).unwrap();
    let entries = journal["entries"].as_array().unwrap();
    let kinds: BTreeMap<&str, usize> = entries.iter().fold(BTreeMap::new(), |mut kinds, it| {
        *kinds.entry(it["kind"].as_str().unwrap()).or_default() += 1;
        kinds
    });
    for kind in
        ["access_denied", "access_granted", "session_ended", "incident_opened", "incident_noted", "machine_locked"]
    {
        assert_eq!(kinds.get(kind), Some(&1), "{kind} {kinds:?}");
    }
    // each is proven to somebody who has nothing but a key, and whatever is changed is found
    let key = world.look(|tx| tx.newest_tree()).unwrap().key;
    for entry in entries {
        let text = entry.to_string();
        verify_proof(&text, &key).unwrap();
        let changed = |field: &str, value: serde_json::Value| {
            let mut other = entry.clone();
            assert_ne!(std::mem::replace(&mut other[field], value), other[field], "{field} of {other} is changed");
            other.to_string()
        };
        let body = entry["body"].as_str().unwrap().replacen('{', "{ ", 1);
        let forged = [
            ("entry", (entry["entry"].as_i64().unwrap() + 1).into()),
            ("at", (entry["at"].as_i64().unwrap() - 1).into()),
            ("kind", "machine_unlocked".into()),
            ("digest", "00".repeat(32).into()),
            ("salt", "00".repeat(16).into()),
            ("body", body.into()),
        ];
        for (field, value) in forged {
            let other = changed(field, value);
            assert!(verify_proof(&other, &key).is_err(), "{field}: {other}");
        }
    }
    let text = journal.to_string();
    let checked = check_all(&text, &[VerifierKey::parse(&key).unwrap()]).unwrap();
    assert_eq!((checked.proven.len(), checked.wrong), (entries.len(), vec![]));
    let forged = check_all(&text.replace("access_denied", "access_granted"), &[]).unwrap();
    assert_eq!(forged.wrong.len(), 1, "one tap was denied: {:?}", forged.wrong);
    assert!(page.contains("tremen journal check journal.json") && page.contains(&key), "{page}");
    world.running.stop().await;
}

/// The machine asks for more than it did.
async fn ask_for_more(world: &World) {
    crate::world::declare(&world.store, |network| {
        for requirement in &mut network.machines.get_mut(LASER).unwrap().requires {
            requirement.level = Level::Trainer;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_daily_round_lets_old_taps_go_while_the_machine_is_in_use() {
    let world = World::easy().await;
    world.person("anna", &ANNA, false).await;
    let daily = Daily::start(&world.store, Schedule::default());
    let mut raw = Raw::linked(&world, "ponant-laser", false).await;
    let session = raw.start(LASER, uid(&ANNA)).await;
    raw.tap(LASER, uid(&ANNA), Intent::End).await;
    let old = world.session(session).decision;
    world.until(|tx| Ok(tx.retained_at()?.map(|_| ()))).await;
    world.later(100 * DAY).await;
    let next = granted(&raw.tap(LASER, uid(&ANNA), Intent::Use).await);
    world.until(|tx| Ok(tx.erasure_of_decision(old)?.map(|_| ()))).await;
    assert!(world.session(next).ended_at.is_none());
    let counts = world.look(|tx| tx.daily_counts(""));
    let grants: u64 = counts.iter().filter(|it| it.what == "grant").map(|it| it.count).sum();
    assert_eq!(grants, 1, "{counts:?}");
    daily.stop().await;
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_card_of_somebody_who_was_erased_opens_nothing_and_its_old_messages_never_count_again() {
    let world = World::easy().await;
    let anna = world.person("anna", &ANNA, true).await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let mut card = SimulatedCard::new(ANNA);
    let recorded: Vec<Reading> = (0..3).map(|_| card.read(world.store.keys())).collect();
    granted(&raw.tap("trotec-speedy", recorded[2].clone(), Intent::Use).await);
    raw.tap("trotec-speedy", card.read(world.store.keys()), Intent::End).await;
    let who = anna.clone();
    world.change(move |tx| begin(tx, &operator(), &who)).await;
    let done = finish(&world.store, &anna).await.unwrap();
    assert!(matches!(done, Progress::Done { .. }), "{done:?}");
    let fresh = card.read(world.store.keys());
    assert_eq!(denied(&raw.tap("trotec-speedy", fresh, Intent::Use).await), ["unknown_card"]);
    // the card goes to somebody else: what was recorded of it before is worth nothing
    let yann = world.person("yann", &YANN, false).await;
    world
        .change(move |tx| {
            tx.add_card(&NewCard { person: &yann, ntag424: true, uid: &ANNA, label: None })?;
            Ok(())
        })
        .await;
    assert_eq!(denied(&raw.tap("trotec-speedy", recorded[1].clone(), Intent::Use).await), ["replayed_request"]);
    granted(&raw.tap("trotec-speedy", card.read(world.store.keys()), Intent::Use).await);
    world.running.stop().await;
}
