//! The broker is gone, or the line to it: taps are answered in time, the log says it once, the registry says of itself that
//! it is not ready, and all goes on without hands.

use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tremen_controller::{Remembered, TapResult};
use tremen_server::machines::player::{Happening, Player};
use tremen_server::machines::{Address, Login};
use tremen_wire::{Intent, SessionId};

use crate::line::Line;
use crate::mosquitto_broker::{Mosquitto, REGISTRY};
use crate::process::{Place, Served, enter_person, provision};
use crate::raw::{granted, uid};
use crate::world::{PASSWORD, PATIENCE, ask_for_nothing, relay, settings};

const PRINTER: &str = "imprimante-3d";
const ANNA: [u8; 4] = [4, 1, 2, 3];
const YANN: [u8; 4] = [4, 9, 9, 9];
/// After so long a controller gives a tap up; a second more is for a busy machine.
const IN_TIME: Duration = Duration::from_secs(11);

/// The registry with a broker elsewhere, and a controller.
struct Workshop {
    place: Place,
    served: Served,
    player: Player,
}

impl Workshop {
    /// The registry finds its broker at one address, the controller at another.
    async fn open(registrys: &Address, controllers: &Address) -> Self {
        let enter = |tx: &mut tremen_server::store::Tx<'_>| {
            enter_person(tx, "anna", &ANNA)?;
            enter_person(tx, "yann", &YANN)?;
            provision(tx, "capucins-3d", false)
        };
        let (mut place, ()) = Place::prepared(ask_for_nothing, enter).await;
        let password = place.folder.0.join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        place.settings.retain(|(name, _)| *name != "TREMEN_BROKER__EMBEDDED__ADDRESS");
        place.settings.extend([
            ("TREMEN_BROKER__URL", format!("mqtt://{}:{}", registrys.host, registrys.port)),
            ("TREMEN_BROKER__USERNAME", REGISTRY.to_owned()),
            ("TREMEN_BROKER__PASSWORD_FILE", password.display().to_string()),
        ]);
        let served = place.serve().await;
        let login = Login { address: controllers.clone(), ..place.login("capucins-3d", served.broker) };
        let mut player = Player::start(settings("capucins-3d", false), Remembered::default(), &login);
        player.wait_for(PATIENCE, |it| (*it == Happening::Linked).then_some(())).await.unwrap();
        Self { place, served, player }
    }

    /// Waits until the registry says of itself that it is ready, or that its broker does not answer.
    async fn is_ready(&self, ready: bool) {
        let begun = Instant::now();
        loop {
            let (status, said) = self.served.get("/readyz").await;
            if (status == 200) == ready {
                assert_eq!(said.contains("the broker does not answer"), !ready, "{said}");
                assert_eq!(self.served.get("/healthz").await.0, 200);
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{said}\n{}", self.place.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A tap that no registry hears is answered by the controller itself.
    async fn is_unreachable(&mut self) {
        let begun = Instant::now();
        self.player.tap(PRINTER, uid(&YANN), Intent::Use);
        let result = self.player.wait_for(IN_TIME, |it| match it {
            Happening::Tapped { result, .. } => Some(result.clone()),
            _ => None,
        });
        assert_eq!(result.await, Some(TapResult::Unreachable), "after {:?}", begun.elapsed());
    }

    /// A tap that is granted, and closes the relay.
    async fn grants(&mut self, card: &[u8]) -> SessionId {
        self.player.tap(PRINTER, uid(card), Intent::Use);
        let answer = |it: &Happening| match it {
            Happening::Tapped { result: TapResult::Answered { answer, followed: true }, .. } => Some(answer.clone()),
            _ => None,
        };
        granted(&self.player.wait_for(PATIENCE, answer).await.unwrap())
    }

    /// Somebody at the registry's own machine gives an order.
    async fn command(&self, words: &[&str]) {
        let output = self.place.command(words).args(["--reason", "a story"]).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// Waits until every order is settled, and says how.
    async fn orders(&self) -> Vec<(String, String)> {
        let database = rusqlite::Connection::open(self.place.database()).unwrap();
        let begun = Instant::now();
        let open = "SELECT COUNT(*) FROM orders WHERE settled_at IS NULL";
        while database.query_row(open, [], |row| row.get::<_, i64>(0)).unwrap() > 0 {
            assert!(begun.elapsed() < PATIENCE, "{}", self.place.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let all = "SELECT action, settled FROM orders ORDER BY number";
        let mut rows = database.prepare(all).unwrap();
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// How often the log says that the broker was lost, and that it answers again.
    fn losses(&self) -> (usize, usize) {
        let log = self.place.log();
        let times = |what: &str| log.matches(what).count();
        (times("the broker cannot be reached"), times("the broker answers again"))
    }
}

/// Takes so many calls and hangs up at once: whoever calls tries again.
async fn hang_up(port: &TcpListener, calls: usize) {
    for _ in 0..calls {
        drop(tokio::time::timeout(PATIENCE, port.accept()).await.unwrap().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mosquitto_that_is_killed_under_serve_is_found_again_without_hands_and_told_once() {
    let mut mosquitto = Mosquitto::start().await;
    let mut workshop = Workshop::open(&mosquitto.address, &mosquitto.address).await;
    workshop.grants(&ANNA).await;
    let port = mosquitto.kill().await;
    workshop.is_ready(false).await;
    workshop.is_unreachable().await;
    // What the registry orders now waits.
    workshop.command(&["lock", PRINTER]).await;
    hang_up(&port, 8).await;
    assert_eq!(workshop.losses(), (1, 0), "{}", workshop.place.log());
    mosquitto.again(port).await;
    workshop.is_ready(true).await;
    relay(&mut workshop.player, false).await;
    let told = [("stop", "confirmed"), ("lock", "confirmed")];
    assert_eq!(workshop.orders().await, told.map(|(action, end)| (action.to_owned(), end.to_owned())));
    workshop.command(&["unlock", PRINTER]).await;
    workshop.orders().await;
    workshop.grants(&YANN).await;
    assert_eq!(workshop.losses(), (1, 1), "{}", workshop.place.log());
    workshop.served.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_stands_still_with_its_connections_open_is_noticed_and_found_again() {
    let mosquitto = Mosquitto::start().await;
    let mut workshop = Workshop::open(&mosquitto.address, &mosquitto.address).await;
    mosquitto.is_frozen(true).await;
    workshop.is_unreachable().await;
    workshop.is_ready(false).await;
    workshop.command(&["lock", PRINTER]).await;
    mosquitto.is_frozen(false).await;
    workshop.is_ready(true).await;
    assert_eq!(workshop.orders().await, [("lock".to_owned(), "confirmed".to_owned())]);
    assert_eq!(workshop.losses(), (1, 1), "{}", workshop.place.log());
    workshop.served.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_line_from_the_registry_to_its_broker_is_cut_controllers_answer_by_themselves_and_nothing_is_granted_late()
 {
    let mosquitto = Mosquitto::start().await;
    let line = Line::laid().await;
    let there = (mosquitto.address.host.as_str(), mosquitto.address.port);
    let there = tokio::net::lookup_host(there).await.unwrap().next().unwrap();
    line.lead_to(there);
    let registrys = Address { host: line.address.ip().to_string(), port: line.address.port() };
    let mut workshop = Workshop::open(&registrys, &mosquitto.address).await;
    line.cut();
    workshop.is_ready(false).await;
    workshop.is_unreachable().await; // its controller is linked, and hears nothing
    line.lead_to(there);
    workshop.is_ready(true).await;
    let session = workshop.grants(&ANNA).await;
    workshop.served.ends().await;
    assert_eq!(workshop.losses(), (1, 1), "{}", workshop.place.log());
    let (_folder, database) = workshop.place.copy();
    let mut sessions = database.prepare("SELECT session FROM sessions").unwrap();
    let sessions: Vec<Vec<u8>> = sessions.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(sessions, [session.0.to_vec()], "the tap that heard nothing opened nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_controller_whose_line_is_cut_for_a_moment_goes_on_with_its_session_and_hears_what_was_ordered_meanwhile() {
    let mosquitto = Mosquitto::start().await;
    let line = Line::laid().await;
    let there = (mosquitto.address.host.as_str(), mosquitto.address.port);
    let there = tokio::net::lookup_host(there).await.unwrap().next().unwrap();
    line.lead_to(there);
    let controllers = Address { host: line.address.ip().to_string(), port: line.address.port() };
    let mut workshop = Workshop::open(&mosquitto.address, &controllers).await;
    workshop.grants(&ANNA).await;
    line.cut();
    workshop.is_unreachable().await;
    workshop.is_ready(true).await; // the registry itself lost nothing
    workshop.command(&["lock", PRINTER]).await;
    line.lead_to(there);
    relay(&mut workshop.player, false).await;
    assert_eq!(workshop.orders().await.len(), 2);
    assert_eq!(workshop.losses(), (0, 0), "{}", workshop.place.log());
    workshop.served.ends().await;
}
