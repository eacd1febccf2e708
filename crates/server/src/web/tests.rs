//! What a browser gets: states in words, nobody's name, the right headers, three languages, news. Over real HTTP.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tremen_rules::{Assurance, ControllerId, MachineId, PersonId, Time};
use tremen_wire::SessionId;

use super::{Live, Readiness, WebDoor, WebState, router, serve};
use crate::clock::ManualClock;
use crate::keys::Keys;
use crate::limits::WebLimits;
use crate::store::{NewDecision, NewPerson, NewSession, Store, StoreError, Touched, seeded_random};

/// Monday 23 November 2026, 14:32 in Brest: the university's lab is open, the others are closed.
const NOW: Time = Time::from_millis(1_795_440_720_000);
const LASER: &str = "trotec-speedy";

/// A web door with the sample network, on a port of its own.
struct House {
    store: Store,
    clock: Arc<ManualClock>,
    broker: watch::Sender<bool>,
    live: Live,
    address: std::net::SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    served: tokio::task::JoinHandle<()>,
    folder: PathBuf,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl House {
    async fn open(name: &str) -> Self {
        let house = Self::without_network(name).await;
        house.declare(include_str!("../../../../config/sample/network.toml")).await;
        house
            .store
            .write(|tx| {
                for controller in ["ubo-laser", "ponant-laser", "tyfab-atelier", "capucins-3d"] {
                    tx.saw_connection(&ControllerId::parse(controller).unwrap(), true)?;
                }
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
        house
    }

    async fn without_network(name: &str) -> Self {
        let folder = tempfile::Builder::new().prefix(&format!("tremen-web-{name}-")).tempdir().unwrap().keep();
        let clock = Arc::new(ManualClock::at(NOW));
        let path = folder.join("tremen.db");
        let store = Store::open(&path, Arc::new(Keys::from_seed(7)), clock.clone(), seeded_random(7)).unwrap();
        let live = Live::start(&store);
        let broker = watch::Sender::new(true);
        let readiness = Readiness::default().with("broker", broker.subscribe(), "the broker does not answer");
        let door = WebDoor::new(&store, WebLimits::default(), Vec::new());
        let routes = router(WebState {
            store: store.clone(),
            live: live.clone(),
            readiness,
            door: door.clone(),
            public_url: None,
            is_secure: false,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(serve(listener, None, routes, door, async { drop(stopped.await) }));
        Self { store, clock, broker, live, address, stop: Some(stop), served, folder }
    }

    async fn declare(&self, toml: &str) {
        let network = tremen_files::network_file::read(toml).unwrap().network;
        self.store
            .write(move |tx| {
                let entry = tx.record("network_applied", &json!({}))?;
                tx.declare(&network, entry, "file")
            })
            .await
            .unwrap();
    }

    async fn ask(&self, method: &str, address: &str, headers: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("{method} {address} HTTP/1.1\r\nhost: tremen\r\nconnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_lowercase(), body: body.replace('\u{a0}', " ") }
    }

    async fn get(&self, address: &str) -> Answer {
        self.ask("GET", address, "").await
    }

    /// The page's text, which must exist.
    async fn page(&self, address: &str) -> String {
        let answer = self.get(address).await;
        assert_eq!(answer.status, 200, "{address}");
        answer.body
    }

    /// A decision as the machines' door records it.
    async fn decide(
        &self,
        machine: &'static str,
        intent: &'static str,
        verdict: &'static str,
        reason: Option<&'static str>,
    ) -> i64 {
        self.store
            .write(move |tx| {
                let entry = tx.record("access", &json!({}))?;
                tx.add_decision(&NewDecision {
                    entry,
                    controller: &ControllerId::parse("ubo-laser").unwrap(),
                    ask: None,
                    machine,
                    person: Some(&secret_person()),
                    card: None,
                    intent,
                    verdict,
                    reason,
                    session: None,
                    answer: "{}",
                })
            })
            .await
            .unwrap()
    }

    async fn start_session(&self, machine: &'static str) {
        let decision = self.decide(machine, "use", "grant", None).await;
        self.store
            .write(move |tx| {
                tx.open_session(&NewSession {
                    session: SessionId([7; 8]),
                    machine: &MachineId::parse(machine).unwrap(),
                    controller: &ControllerId::parse("ubo-laser").unwrap(),
                    person: &secret_person(),
                    card: None,
                    assurance: Assurance::A1,
                    decision,
                    hard_end: None,
                    right_end: None,
                    idle_end: None,
                    lease_until: tx.now().plus_seconds(60),
                    spoke: None,
                })
            })
            .await
            .unwrap();
    }

    async fn lock(&self, machine: &'static str, until: Option<Time>, why: &'static str) {
        self.store
            .write(move |tx| {
                let machine = MachineId::parse(machine).unwrap();
                tx.add_lock(&machine, until, why)?;
                tx.touch(Touched::Machine(machine));
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }

    async fn close(mut self) {
        self.live.close();
        drop(self.stop.take());
        self.served.await.unwrap();
        let folder = self.folder.clone();
        drop(self.store);
        std::fs::remove_dir_all(folder).unwrap();
    }
}

/// An open stream of news.
struct News {
    stream: TcpStream,
    text: String,
}

impl News {
    async fn listen(house: &House, address: &str) -> Self {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        stream.write_all(format!("GET {address} HTTP/1.1\r\nhost: tremen\r\n\r\n").as_bytes()).await.unwrap();
        Self { stream, text: String::new() }
    }

    /// Waits until the news hold a text, and takes what came up to its end.
    async fn wait_for(&mut self, text: &str) -> String {
        let wait = async {
            loop {
                if let Some(at) = self.text.find(text) {
                    let rest = self.text.split_off(at + text.len());
                    return std::mem::replace(&mut self.text, rest);
                }
                let mut bytes = [0; 65536];
                let read = self.stream.read(&mut bytes).await.unwrap();
                assert!(read > 0, "the stream ended before `{text}`: {}", self.text);
                self.text.push_str(&String::from_utf8_lossy(&bytes[..read]).replace('\u{a0}', " "));
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), wait).await.unwrap()
    }
}

fn secret_person() -> PersonId {
    PersonId::parse("secret-person-id").unwrap()
}

#[tokio::test]
async fn a_free_machine_says_so_and_until_when_its_venue_is_open() {
    let house = House::open("free").await;
    let page = house.page("/m/trotec-speedy").await;
    assert!(page.contains(r#"<h2 id="etat">Libre</h2>"#), "{page}");
    assert!(page.contains("Le lieu est ouvert jusqu’à 18 h."));
    assert!(page.contains("Présentez votre carte au lecteur."));
    let kiosk = house.page("/kiosque/trotec-speedy").await;
    assert!(kiosk.contains("<h1>Libre</h1>") && kiosk.contains("Utilisation de la découpeuse laser"));
    house.close().await;
}

#[tokio::test]
async fn a_machine_in_use_says_since_when_and_never_by_whom() {
    let house = House::open("in-use").await;
    house.start_session(LASER).await;
    house.clock.advance(10 * 60_000);
    let page = house.page("/m/trotec-speedy").await;
    assert!(page.contains(r#"<h2 id="etat">Occupée</h2>"#));
    assert!(page.contains("Une séance est en cours depuis 14 h 32."));
    assert!(house.page("/").await.contains("1 occupée"));
    assert!(house.page("/kiosque/trotec-speedy").await.contains("Attendez la fin de la séance"));
    house.close().await;
}

#[tokio::test]
async fn a_locked_machine_says_why_and_when_it_is_back() {
    let house = House::open("locked").await;
    house.lock(LASER, Some(Time::from_millis(1_795_762_800_000)), "filtre <à> remplacer").await;
    let page = house.page("/m/trotec-speedy").await;
    assert!(page.contains(r#"<h2 id="etat">Hors service</h2>"#));
    assert!(page.contains("À l’arrêt depuis le 23 novembre 2026 : filtre &lt;à&gt; remplacer."), "{page}");
    assert!(page.contains("Retour prévu : 27 novembre 2026."));
    house.close().await;
}

#[tokio::test]
async fn a_locked_machine_without_an_end_promises_none() {
    let house = House::open("locked-on").await;
    house.lock(LASER, None, "").await;
    let page = house.page("/m/trotec-speedy").await;
    assert!(page.contains("À l’arrêt depuis le 23 novembre 2026.") && !page.contains("Retour prévu"));
    house.close().await;
}

#[tokio::test]
async fn a_silent_controller_is_said_with_what_the_machine_does_meanwhile() {
    let house = House::open("silent").await;
    house.store.write(|tx| tx.saw_connection(&ControllerId::parse("ubo-laser").unwrap(), false)).await.unwrap();
    let page = house.page("/m/trotec-speedy").await;
    assert!(page.contains(r#"<h2 id="etat">Contrôleur muet</h2>"#));
    assert!(page.contains("Sans nouvelles de son contrôleur depuis 14 h 32."));
    assert!(page.contains("Elle refuse tout le monde jusqu’à son retour."));
    assert!(page.contains("vos droits ne sont pas en cause"));
    house.close().await;
}

#[tokio::test]
async fn a_closed_venue_says_when_it_opens() {
    let house = House::open("closed").await;
    let page = house.page("/m/laser-ponant").await;
    assert!(page.contains(r#"<h2 id="etat">Hors des horaires</h2>"#));
    assert!(page.contains("Ouvre mardi 24 novembre, 14 h."), "{page}");
    assert!(page.contains("Libre aussi : Découpeuse laser Trotec, UBO Open Factory."));
    let home = house.page("/").await;
    assert!(home.contains("Fermé, ouvre mardi 24 novembre, 14 h") && home.contains("Ouvert jusqu’à 18 h"));
    assert!(home.contains("1 libre, 3 hors des horaires"));
    house.close().await;
}

#[tokio::test]
async fn the_machine_page_says_what_is_asked_for_and_who_is_recognised() {
    let house = House::open("asks").await;
    let page = house.page("/m/laser-ponant").await;
    for said in [
        "Utilisation de la découpeuse laser",
        "Niveau 1 (découverte) au moins",
        "Reconnaît les matières interdites",
        "Prérequis : Accueil sécurité de l&#39;atelier, niveau 1 (découverte) au moins.",
        "Valable 12 mois.",
        "UBO Open Factory",
        "à partir de la version 2, avec une prise en main locale",
        "l’émetteur du lieu",
        "Quelqu’un vous montre cette machine-ci",
        "À partir du niveau 2 (autonome) ; avant, avec un tuteur de niveau 3 (formateur) au moins",
        "14 h – 22 h",
        "du 24 décembre 2026 au 3 janvier 2027 compris",
    ] {
        let said = said.replace("&#39;", "'");
        assert!(page.contains(&said), "{said}");
    }
    assert!(!page.contains("Maison du Libre"), "an issuer that is not recognised here is not named");
    let laser = house.page("/m/trotec-speedy").await;
    for said in [
        "16 ans et plus",
        "Carte sécurisée",
        "à UBO Open Factory, ou : Les Fabriques du Ponant, TyFab",
        "240 min au plus",
    ] {
        assert!(laser.contains(said), "{said}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_refusal_stands_on_the_kiosk_for_twenty_seconds_and_a_grant_for_six() {
    let house = House::open("kiosk").await;
    house.decide(LASER, "use", "deny", Some("award_expired")).await;
    let kiosk = house.page("/kiosque/trotec-speedy").await;
    assert!(kiosk.contains("<h1>Habilitation expirée</h1>") && kiosk.contains("kiosk stop"));
    assert!(kiosk.contains("Remise à niveau avec un référent"));
    assert!(!kiosk.contains("2026"), "no date of anybody's award");
    house.clock.advance(19_999);
    assert!(house.page("/kiosque/trotec-speedy").await.contains("Habilitation expirée"));
    house.clock.advance(1);
    assert!(house.page("/kiosque/trotec-speedy").await.contains("<h1>Libre</h1>"));
    house.decide(LASER, "use", "grant", None).await;
    house.clock.advance(5_999);
    assert!(house.page("/kiosque/trotec-speedy").await.contains("<h1>Bonne séance</h1>"));
    house.clock.advance(1);
    assert!(house.page("/kiosque/trotec-speedy").await.contains("<h1>Libre</h1>"));
    house.close().await;
}

#[tokio::test]
async fn the_kiosk_says_every_other_answer_too() {
    let house = House::open("kiosk-more").await;
    for (intent, verdict, reason, said) in [
        ("use", "more", Some("supervisor_needed"), "À deux sur cette machine"),
        ("supervise", "done", None, "Un tuteur est présent"),
        ("induct", "done", None, "Badge obtenu"),
        ("end", "done", None, "Rien à terminer"),
        ("use", "deny", Some("person_suspended_here"), "Accès suspendu ici"),
    ] {
        house.decide(LASER, intent, verdict, reason).await;
        house.clock.advance(1);
        let kiosk = house.page("/kiosque/trotec-speedy").await;
        assert!(kiosk.contains(said), "{said}");
        assert_eq!(kiosk.matches("role=\"alert\"").count(), 1);
    }
    assert!(house.page("/kiosque/trotec-speedy?lang=br").await.contains("Moned astalet amañ"));
    house.close().await;
}

#[tokio::test]
async fn no_page_names_a_person() {
    let house = House::open("privacy").await;
    house
        .store
        .write(|tx| {
            tx.put_person(&NewPerson {
                person: secret_person(),
                key: "secret-key".into(),
                name: "Nolwenn Kuzhet".into(),
                email: Some("nolwenn@kuzhet.example".into()),
                birth_date: None,
                language: None,
                guardian: None,
                guardian_consent: None,
            })
        })
        .await
        .unwrap();
    house.start_session(LASER).await;
    house.decide("prusa-1", "use", "deny", Some("award_revoked")).await;
    let mut news = News::listen(&house, "/flux").await;
    let mut all = news.wait_for("event: heure").await;
    for address in [
        "/",
        "/m/trotec-speedy",
        "/m/laser-ponant",
        "/m/prusa-1",
        "/kiosque/trotec-speedy",
        "/kiosque/prusa-1",
        "/readyz",
        "/healthz",
    ] {
        all.push_str(&house.page(address).await);
    }
    for secret in ["secret-person-id", "secret-key", "Nolwenn", "Kuzhet", "kuzhet"] {
        assert!(!all.contains(secret), "{secret}");
    }
    house.close().await;
}

#[tokio::test]
async fn every_answer_carries_the_guards() {
    let house = House::open("headers").await;
    let style = super::assets::ASSETS.style.address();
    for address in ["/", "/m/trotec-speedy", "/m/nothing", "/nowhere", "/healthz", "/readyz", &style] {
        let answer = house.get(address).await;
        for guard in [
            "content-security-policy: default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; \
             script-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
            "x-content-type-options: nosniff",
            "referrer-policy: same-origin",
            "permissions-policy: camera=()",
            "cross-origin-opener-policy: same-origin",
        ] {
            assert!(answer.head.contains(guard), "{address}: {guard}\n{}", answer.head);
        }
        assert!(!answer.body.contains(" style=") && !answer.body.contains("<script>"), "{address}");
        for tag in answer.body.split('<').filter_map(|rest| rest.split('>').next()) {
            assert!(tag.matches(" class=").count() < 2, "{address}: {tag}");
        }
    }
    assert!(house.get("/").await.head.contains("cache-control: no-store"));
    assert!(house.get(&style).await.head.contains("immutable"));
    house.close().await;
}

#[tokio::test]
async fn every_file_that_a_page_asks_for_is_there() {
    let house = House::open("files").await;
    let page = house.page("/").await;
    let addresses: std::collections::BTreeSet<&str> = page
        .split('"')
        .filter(|text| text.starts_with("/static/"))
        .map(|text| text.split('#').next().unwrap())
        .collect();
    assert_eq!(addresses.len(), 4);
    for address in addresses {
        assert_eq!(house.get(address).await.status, 200, "{address}");
    }
    assert_eq!(house.get("/static/tremen-0000000000000000.css").await.status, 404);
    house.close().await;
}

#[tokio::test]
async fn every_icon_that_a_page_uses_exists() {
    let house = House::open("icons").await;
    let icons = include_str!("../../assets/icons.svg");
    house.lock("prusa-1", None, "x").await;
    house.start_session(LASER).await;
    for address in ["/", "/m/trotec-speedy", "/m/laser-ponant", "/kiosque/prusa-1", "/kiosque/trotec-speedy"] {
        let page = house.page(address).await;
        for id in page.split(".svg#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(icons.contains(&format!("id=\"{id}\"")), "{id}");
        }
    }
    house.close().await;
}

#[tokio::test]
async fn what_does_not_exist_has_a_page_in_the_readers_language() {
    let house = House::open("faults").await;
    let unknown = house.get("/m/nothing").await;
    assert_eq!(unknown.status, 404);
    assert!(unknown.body.contains("Cette machine n’existe pas chez nous"));
    assert_eq!(house.get("/kiosque/..%2f").await.status, 404);
    let english = house.ask("GET", "/nowhere", "accept-language: en-GB,en;q=0.9\r\n").await;
    assert_eq!(english.status, 404);
    assert!(english.body.contains("This page does not exist") && english.head.contains("content-language: en"));
    let post = house.ask("POST", "/", "content-length: 0\r\n").await;
    assert_eq!(post.status, 405);
    assert!(post.body.contains("rien n’a été changé"));
    assert_eq!(house.get("/flux/machine/nothing").await.status, 404);
    assert_eq!(house.get("/flux/lieu/nothing").await.status, 404);
    house.close().await;
}

#[tokio::test]
async fn pages_speak_french_english_and_breton() {
    let house = House::open("languages").await;
    assert!(house.page("/m/trotec-speedy").await.contains("Libre"));
    let english = house.page("/m/trotec-speedy?lang=en").await;
    assert!(english.contains(r#"<html lang="en">"#) && english.contains("Using the laser cutter"));
    assert!(english.contains(r#"href="/?lang=en#lieu-ubo""#), "a chosen language stays");
    assert!(house.page("/?lang=br").await.contains("Mekanikoù"));
    let liked = house.ask("GET", "/", "accept-language: br;q=0.9,de\r\n").await;
    assert!(liked.body.contains("Klas ruz"));
    house.close().await;
}

#[tokio::test]
async fn the_example_is_called_an_example() {
    let house = House::open("example").await;
    assert!(house.page("/").await.contains("lieux, personnes et dates fictifs"));
    let sample = include_str!("../../../../config/sample/network.toml");
    house.declare(&sample.replace("Fab@brest (exemple)", "Fab@brest")).await;
    assert!(!house.page("/").await.contains("fictifs"));
    house.close().await;
}

#[tokio::test]
async fn before_anything_is_declared_the_home_page_says_so() {
    let house = House::without_network("empty").await;
    assert!(house.page("/").await.contains("Aucun lieu n’est encore déclaré."));
    house.close().await;
}

#[tokio::test]
async fn a_node_without_its_broker_is_not_ready_and_says_why() {
    let house = House::open("ready").await;
    assert_eq!(house.page("/healthz").await, r#"{"status":"ok"}"#);
    assert_eq!(house.page("/readyz").await, r#"{"checks":{"broker":"ok","clock":"ok","database":"ok"},"ready":true}"#);
    house.broker.send_replace(false);
    let answer = house.get("/readyz").await;
    assert_eq!(answer.status, 503);
    let body = r#"{"checks":{"broker":"the broker does not answer","clock":"ok","database":"ok"},"ready":false}"#;
    assert_eq!(answer.body, body);
    house.close().await;
}

#[tokio::test]
async fn a_stream_begins_with_the_present_state_and_the_hour() {
    let house = House::open("stream").await;
    let mut news = News::listen(&house, "/flux/machine/trotec-speedy?lang=en").await;
    let head = news.wait_for("\r\n\r\n").await;
    assert!(head.to_lowercase().contains("content-type: text/event-stream"));
    let first = news.wait_for("event: heure\ndata: 14:32\n").await;
    assert!(first.contains("retry: 3000") && first.contains("event: fragment"));
    assert!(first.contains(r#"data: <section id="porte" class="gate ok""#), "{first}");
    assert!(first.contains(r#"<h2 id="etat">Free</h2>"#));
    house.close().await;
}

#[tokio::test]
async fn a_change_reaches_an_open_page_as_the_fragment_that_changed() {
    let house = House::open("change").await;
    let mut page = News::listen(&house, "/flux").await;
    let mut kiosk = News::listen(&house, "/flux/machine/trotec-speedy?vue=kiosque").await;
    page.wait_for("event: heure").await;
    kiosk.wait_for("event: heure").await;
    house.start_session(LASER).await;
    let change = page.wait_for("Découpeuse laser Trotec, Occupée").await;
    assert!(!change.contains("m-prusa-1"), "what did not change is not sent again: {change}");
    kiosk.wait_for("<h1>Bonne séance</h1>").await;
    house.clock.advance(6_000);
    house
        .store
        .write(|tx| {
            tx.touch(Touched::Machine(MachineId::parse(LASER).unwrap()));
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    kiosk.wait_for("<h1>Occupée</h1>").await;
    house.close().await;
}

#[tokio::test]
async fn a_network_declared_anew_asks_open_pages_to_load_again() {
    let house = House::open("anew").await;
    let mut page = News::listen(&house, "/flux/lieu/ubo").await;
    page.wait_for("event: heure").await;
    let sample = include_str!("../../../../config/sample/network.toml");
    house.declare(&sample.replace("UBO Open Factory", "UBO")).await;
    page.wait_for("event: page").await;
    house.close().await;
}

#[tokio::test]
async fn a_server_that_shuts_down_ends_the_open_pages() {
    let house = House::open("shutdown").await;
    let mut page = News::listen(&house, "/flux").await;
    page.wait_for("event: heure").await;
    house.close().await;
    let mut rest = Vec::new();
    page.stream.read_to_end(&mut rest).await.unwrap();
}
