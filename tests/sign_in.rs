//! Signing in with a link, one's own page, signing out; over real HTTP, as browsers and their attackers ask.

use tremen_rules::PersonId;
use tremen_server::flows::explain::{self, Question, Who};
use tremen_server::flows::make_login_link::{self, GOOD_FOR_MS, Whom};
use tremen_server::flows::{award_reference, erase_person};
use tremen_server::serve::{Doors, Parts, start_with};

use crate::client::{Answer, Client, served};
use crate::process::Place;
use crate::world::{Folder, World, declare, embedded, id, open_store, operator, thursday};

const OURS: (&str, &str) = ("Sec-Fetch-Site", "same-origin");

async fn link(world: &World, whom: Whom) -> String {
    let secret = world.change(move |tx| make_login_link::run(tx, &operator(), whom)).await.secret;
    format!("/connexion/{secret}")
}

async fn link_of(world: &World, person: &PersonId) -> String {
    link(world, Whom::Person(person.clone())).await
}

/// A browser on a page of ours.
fn browser(world: &World) -> Client {
    Client::stranger(world).saying(OURS.0, OURS.1)
}

/// The cookie as the browser sends it back.
fn kept(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {}", answer.head));
    cookie.split(';').next().unwrap().to_owned()
}

/// The browser after it followed the link and pressed the button.
async fn signed_in(world: &World, person: &PersonId) -> Client {
    let answer = browser(world).form(&link_of(world, person).await, "").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/moi")), "{}", answer.body);
    browser(world).saying("Cookie", &kept(&answer))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_looked_at_for_nothing_and_its_button_signs_in_once() {
    let world = served().await;
    let anna = world.person("p-anna", &[4, 1, 2, 3], false).await;
    let link = link_of(&world, &anna).await;
    for _ in 0..2 {
        let page = browser(&world).page(&link).await;
        assert_eq!((page.status, page.header("set-cookie")), (200, None));
        assert!(page.body.contains("p-anna") && page.body.contains("method=\"post\""), "{}", page.body);
        assert_eq!(page.header("cache-control"), Some("no-store"));
    }
    let answer = browser(&world).form(&link, "").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/moi")));
    let cookie = answer.header("set-cookie").unwrap();
    for part in ["tremen=", "; Path=/", "; Max-Age=2592000", "; HttpOnly", "; SameSite=Lax"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
    for again in [browser(&world).form(&link, "").await, browser(&world).page(&link).await] {
        assert_eq!((again.status, again.header("set-cookie")), (404, None));
        assert!(again.body.contains("quart d’heure"), "{}", again.body);
    }
    let in_time = link_of(&world, &anna).await;
    world.later(GOOD_FOR_MS).await;
    assert_eq!(browser(&world).page(&in_time).await.status, 404);
    assert_eq!(browser(&world).form(&in_time, "").await.status, 404);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_of_another_site_does_nothing_at_all() {
    let world = served().await;
    let anna = world.person("p-anna", &[4, 1, 2, 3], false).await;
    let link = link_of(&world, &anna).await;
    let (stranger, host) = (Client::stranger(&world), world.running.web_address.unwrap());
    let foreign = [
        stranger.clone(),
        stranger.saying("Sec-Fetch-Site", "cross-site"),
        stranger.saying("Sec-Fetch-Site", "same-site"),
        stranger.saying("Sec-Fetch-Site", "none"),
        stranger.saying("Sec-Fetch-Site", "cross-site").saying("Origin", &format!("http://{host}")),
        stranger.saying("Origin", "https://evil.example"),
        stranger.saying("Origin", "null"),
    ];
    for client in &foreign {
        let answer = client.form(&link, "").await;
        assert_eq!((answer.status, answer.header("set-cookie")), (403, None), "{client:?}");
    }
    let by_origin = stranger.saying("Origin", &format!("http://{host}")).form(&link, "").await;
    assert_eq!(
        by_origin.status, 303,
        "the link is as good as it was, and a browser without Fetch Metadata may sign in"
    );
    let cookie = kept(&by_origin);
    for client in &foreign {
        assert_eq!(client.saying("Cookie", &cookie).form("/deconnexion", "").await.status, 403, "{client:?}");
    }
    assert_eq!(stranger.saying("Cookie", &cookie).page("/moi").await.status, 200, "still signed in");
    let long = format!("name={}", "x".repeat(40_000));
    assert_eq!(browser(&world).form(&link, &long).await.status, 400);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ones_own_page_says_of_each_machine_what_explain_says() {
    let world = served().await;
    let anna = world.person("p-anna", &[4, 1, 2, 0xe5], false).await;
    let request = award_reference::Request {
        person: anna.clone(),
        reference: id("decoupe-laser"),
        version: None,
        level: tremen_rules::Level::Autonomous,
        issuer: id("ubo-open-factory"),
        issued_at: None,
        valid_until: None,
        award: None,
    };
    world.change(move |tx| award_reference::run(tx, &operator(), &request)).await;
    let page = signed_in(&world, &anna).await.page("/moi").await;
    assert_eq!((page.status, page.header("cache-control")), (200, Some("no-store")));
    let said = |machine: &str| {
        let from = page.body.split_once(&format!("data-machine=\"{machine}\"")).unwrap().1;
        let tile = from.split("data-machine=").next().unwrap();
        let tile = tile.split("</ul>").next().unwrap();
        let value = |text: &str| text.split('"').nth(1).unwrap().to_owned();
        let verdict = value(tile.split_once("data-verdict=").unwrap().1);
        let mut reasons: Vec<String> = tile.split("data-reason=").skip(1).map(value).collect();
        reasons.dedup();
        (verdict, reasons)
    };
    let machines = ["trotec-speedy", "laser-ponant", "prusa-1", "imprimante-3d"];
    let mut verdicts = Vec::new();
    for machine in machines {
        let question = Question { machine: machine.to_owned(), who: Who::Person("p-anna".to_owned()), at: None };
        let explained = world.store.read_here(|tx| explain::run(tx, &question)).unwrap();
        let reasons = explained.reasons.iter().map(|reason| reason.code.to_owned()).collect();
        assert_eq!(said(machine), (explained.verdict.to_owned(), reasons), "{machine}");
        verdicts.push(explained.verdict);
    }
    assert!(verdicts.contains(&"deny") && verdicts.contains(&"grant"), "{verdicts:?}");
    assert!(page.body.contains("data-state=\"standing\""), "her award");
    assert!(page.body.contains("02E5") && !page.body.contains("040102E5"), "of her card the last digits alone");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_signed_in_is_told_how_and_the_cookie_opens_no_api() {
    let world = served().await;
    let anna = world.person("p-anna", &[4, 1, 2, 3], false).await;
    let own = signed_in(&world, &anna).await;
    assert_eq!(own.page("/connexion").await.header("location"), Some("/moi"));
    assert_eq!(own.get("/awards").await.status, 401);
    for nobody in [
        browser(&world),
        browser(&world).saying("Cookie", "tremen=nobodys; a=b"),
        browser(&world).saying("Cookie", "__Host-tremen=x"),
    ] {
        let answer = nobody.page("/moi").await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/connexion")));
    }
    assert!(browser(&world).page("/connexion").await.body.contains("accueil"));
    let out = own.form("/deconnexion", "").await;
    assert_eq!((out.status, out.header("location")), (303, Some("/")));
    assert!(out.header("set-cookie").unwrap().starts_with("tremen=; Path=/; Max-Age=0"));
    assert_eq!(own.page("/moi").await.status, 303);
    let again = signed_in(&world, &anna).await;
    assert_eq!(again.page("/moi").await.status, 200);
    world.change(move |tx| erase_person::begin(tx, &operator(), &anna).map(drop)).await;
    assert_eq!(again.page("/moi").await.status, 303, "who was erased is nobody");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_https_the_cookie_is_one_that_no_other_name_can_set() {
    let (folder, clock) = (Folder::new(), thursday());
    let store = open_store(&folder, clock.clone());
    declare(&store, |_| {}).await;
    let doors = Doors { public_url: Some("https://tremen.example.org".to_owned()), ..Doors::default() };
    let parts = Parts { store: store.clone(), broker: embedded(), web: Some("127.0.0.1:0".parse().unwrap()) };
    let running = start_with(parts, doors).await.unwrap();
    let world = World { folder, clock, store, running };
    let anna = world.person("p-anna", &[4, 1, 2, 3], false).await;
    let link = link_of(&world, &anna).await;
    let stranger = Client::stranger(&world);
    let itself = format!("http://{}", world.running.web_address.unwrap());
    assert_eq!(stranger.saying("Origin", &itself).form(&link, "").await.status, 403);
    let answer = stranger.saying("Origin", "https://tremen.example.org").form(&link, "").await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-tremen=") && cookie.ends_with("; Secure"), "{cookie}");
    let secret = kept(&answer);
    assert_eq!(stranger.saying("Cookie", &secret).page("/moi").await.status, 200);
    let plain = secret.replace("__Host-", "");
    assert_eq!(
        stranger.saying("Cookie", &plain).page("/moi").await.status,
        303,
        "the other name counts for nothing here"
    );
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_redeems_the_first_link_says_their_name_and_looks_after_the_network() {
    let world = served().await;
    let first = link(&world, Whom::FirstAdministrator).await;
    assert!(browser(&world).page(&first).await.body.contains("name=\"name\""));
    for wrong in ["", "name=", "name=+++", &format!("name={}", "x".repeat(121))] {
        let answer = browser(&world).form(&first, wrong).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (422, None), "{wrong}");
        assert!(answer.body.contains("aria-invalid=\"true\""), "{}", answer.body);
    }
    let answer = browser(&world).form(&first, "name=Enora+Le+Bihan").await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let page = browser(&world).saying("Cookie", &kept(&answer)).page("/moi").await;
    assert!(page.body.contains("Enora Le Bihan") && page.body.contains("Administration du réseau"), "{}", page.body);
    world.running.stop().await;
}

#[tokio::test]
async fn the_first_start_of_a_registry_offers_a_link_that_opens_and_no_later_start_does() {
    let (place, ()) = Place::prepared(|_| {}, |_| Ok(())).await;
    let mut first = place.serve().await;
    let link = first.first_link.clone().unwrap();
    let path = link.strip_prefix(&format!("http://{}", first.web)).unwrap();
    let (status, page) = first.get(path).await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("name=\"name\""), "whoever opens it says who they are: {page}");
    first.ends().await;
    let mut second = place.serve().await;
    assert_eq!(second.first_link, None);
    assert_eq!(second.get(path).await.0, 200, "it was not used, and its time is not over");
    second.ends().await;
}
