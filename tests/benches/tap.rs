//! What a tap costs, beside its floor: a bare echo on the same broker plus one commit on the same disk.
//!
//! `cargo bench -p tremen-tests --bench tap [-- PEOPLE ...]`. Each round measures echo, commit and tap in turn, so that a
//! noisy minute is noisy for all three. Prints one table; figures are medians over all rounds.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a measurement that fails says where, and prints"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tremen_rules::{Award, AwardId, ControllerId, IssuerId, Level, PersonId, ReferenceId, Span, Time};
use tremen_server::clock::{Clock, SystemClock};
use tremen_server::flows::{Actor, FlowError, Warrant, renew_award, revoke_award};
use tremen_server::keys::Keys;
use tremen_server::machines::client::{self, Address, Client, Login};
use tremen_server::machines::{EmbeddedSettings, Secret};
use tremen_server::serve::{Broker, Parts, Running, start};
use tremen_server::store::{NewAward, NewCard, NewPerson, Store, system_random};
use tremen_wire::{
    Ask, Challenge, Channel, Down, Hello, Intent, Key, Nonce, Protection, Reading, Report, Uid, Up, Verdict,
};

const ROUNDS: usize = 20;
const PER_ROUND: usize = 50;
const REVOCATIONS: u32 = 100;
/// Thursday 26 November 2026, 15:00 in Brest.
const THURSDAY: i64 = 1_795_701_600_000;

fn main() {
    if !std::env::args().any(|it| it == "--bench") {
        return; // a test runner looks in: nothing is measured inside a test
    }
    let sizes: Vec<u32> = std::env::args().filter_map(|it| it.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 100_000] } else { sizes };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        println!("| people | echo p50 | commit p50 | floor | tap p50 | tap p95 | tap p99 | tap / floor | 32 in flight, taps/s | echo/s | commits/s | revocation accepted p50 | order received after p50 | p99 |");
        println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        for people in sizes {
            measure(people).await;
        }
    });
}

async fn measure(people: u32) {
    let folder = std::env::temp_dir().join(format!("tremen-bench-{}-{people}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let ahead_ms = THURSDAY - SystemClock::default().wall().millis();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::ahead(ahead_ms));
    let keys = Arc::new(Keys::open(&folder.join("keys")).unwrap());
    let store = Store::open(&folder.join("tremen.db"), keys, clock, system_random()).unwrap();
    fill(&store, people).await;
    let settings = EmbeddedSettings { address: "127.0.0.1:0".parse().unwrap(), tls: None, max_clients: 100 };
    let running = start(Parts { store: store.clone(), broker: Broker::Embedded(settings), web: None }).await.unwrap();

    let mut device = Device::start(&running, &store).await;
    let mut echo = Echo::start(&running, &store).await;
    let mut disk = Disk::open(&folder);
    let (mut echoes, mut commits, mut taps) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        for i in 0..PER_ROUND {
            let at = Instant::now();
            echo.once().await;
            echoes.push(at.elapsed());
            let at = Instant::now();
            disk.commit();
            commits.push(at.elapsed());
            let who = (round * PER_ROUND + i) as u32 * 7919 % people;
            let at = Instant::now();
            let verdict = device.tap(who).await;
            taps.push(at.elapsed());
            assert_eq!(verdict, if who == 0 { Verdict::Grant } else { Verdict::Deny }, "person {who}");
        }
    }
    device.end_session(&store).await;
    let (mut accepted, mut ordered) = (Vec::new(), Vec::new());
    for round in 0..REVOCATIONS {
        let (write, order) = device.revocation(&store, round).await;
        accepted.push(write);
        ordered.push(order);
    }
    let tap_rate = device.rate(people, 32, 6_000).await;
    let echo_rate = echo.rate(32, 6_000).await;
    let at = Instant::now();
    (0..1_000).for_each(|_| disk.commit());
    let commit_rate = 1_000.0 / at.elapsed().as_secs_f64();
    let (e, c, t) = (quantile(&mut echoes, 50), quantile(&mut commits, 50), quantile(&mut taps, 50));
    println!(
        "| {people} | {} | {} | {} | {} | {} | {} | {:.2} | {tap_rate:.0} | {echo_rate:.0} | {commit_rate:.0} | {} | {} | {} |",
        us(e),
        us(c),
        us(e + c),
        us(t),
        us(quantile(&mut taps, 95)),
        us(quantile(&mut taps, 99)),
        t.as_secs_f64() / (e + c).as_secs_f64(),
        us(quantile(&mut accepted, 50)),
        us(quantile(&mut ordered, 50)),
        us(quantile(&mut ordered, 99)),
    );
    running.stop().await;
    std::fs::remove_dir_all(&folder).unwrap();
}

fn us(duration: Duration) -> String {
    format!("{} µs", duration.as_micros())
}

fn quantile(all: &mut [Duration], percent: usize) -> Duration {
    all.sort_unstable();
    all[(all.len() - 1) * percent / 100]
}

fn uid(number: u32) -> [u8; 7] {
    let [a, b, c, d] = number.to_be_bytes();
    [4, 0x10, a, b, c, d, 0x80]
}

/// The sample network; every person has a card, a membership, and four awards, one of which is for the machine's reference.
/// Person 0 alone may use the machine, so that all other taps are denials and no session is in the way of the next.
async fn fill(store: &Store, people: u32) {
    let text = include_str!("../../config/sample/network.toml");
    let mut network = tremen_files::network_file::read(text).unwrap().network;
    for machine in network.machines.values_mut() {
        machine.min_assurance = tremen_rules::Assurance::A0;
        machine.min_age = None;
    }
    let controller = ControllerId::parse("ubo-laser").unwrap();
    let echo = ControllerId::parse("ponant-laser").unwrap();
    let tag = store.keys().tag("password", b"secret");
    store
        .write(move |tx| {
            let entry = tx.record("network_applied", &serde_json::json!({}))?;
            tx.declare(&network, entry, "file")?;
            tx.put_credential(&controller, Some(&[7; 32]), &tag)?;
            tx.put_credential(&echo, None, &tag)?;
            Ok::<_, FlowError>(())
        })
        .await
        .unwrap();
    let slice = 10_000;
    for first in (0..people).step_by(slice as usize) {
        store
            .write(move |tx| {
                for number in first..people.min(first + slice) {
                    let person = PersonId::parse(&format!("p{number}")).unwrap();
                    tx.put_person(&NewPerson {
                        person: person.clone(),
                        key: format!("k{number}"),
                        name: format!("Person {number}"),
                        email: None,
                        birth_date: None,
                        language: None,
                        guardian: None,
                        guardian_consent: None,
                    })?;
                    tx.add_card(&NewCard { person: &person, ntag424: false, uid: &uid(number), label: None })?;
                    let since = Span::new(
                        Time::from_millis(THURSDAY - 9_000_000_000),
                        Some(Time::from_millis(THURSDAY + 9_000_000_000)),
                    );
                    tx.put_membership(&person, &tremen_rules::VenueId::parse("ubo").unwrap(), since)?;
                    let awards = [
                        (
                            "decoupe-laser",
                            "ubo-open-factory",
                            if number == 0 { Level::Autonomous } else { Level::Discovery },
                        ),
                        ("accueil-securite", "fabriques-du-ponant", Level::Discovery),
                        ("impression-3d", "maison-du-libre", Level::Discovery),
                        ("impression-3d", "fabriques-du-ponant", Level::Autonomous),
                    ];
                    for (k, (reference, issuer, level)) in awards.into_iter().enumerate() {
                        tx.add_award(&NewAward {
                            person: person.clone(),
                            award: Award {
                                id: AwardId::parse(&format!("a{number}.{k}")).unwrap(),
                                reference: ReferenceId::parse(reference).unwrap(),
                                version: 1,
                                level,
                                issuer: IssuerId::parse(issuer).unwrap(),
                                issued_at: Time::from_millis(THURSDAY - 8_000_000_000),
                                valid_until: Some(Time::from_millis(THURSDAY + 8_000_000_000)),
                                superseded_at: None,
                                revoked_at: None,
                                suspensions: Vec::new(),
                            },
                            given_id: false,
                            awarded_by: None,
                            supersedes: None,
                            why: None,
                        })?;
                    }
                }
                Ok::<_, FlowError>(())
            })
            .await
            .unwrap();
    }
}

/// Connects a client and hands over what it hears.
async fn connect(
    address: &Address,
    user: &str,
    password: Secret,
    client_id: &str,
    filter: &str,
) -> (Client, mpsc::UnboundedReceiver<Vec<u8>>) {
    let (teller, heard) = mpsc::unbounded_channel();
    let (client, connection) = client::connect(&Login {
        address: address.clone(),
        client_id: client_id.to_owned(),
        credentials: Some((user.to_owned(), password)),
        filters: vec![filter.to_owned()],
        last_will: None,
    });
    tokio::spawn(connection.run(move |_, _, bytes| {
        let _ = teller.send(bytes.to_vec()); // the measurement may be over
    }));
    client.connected().wait_for(|up| *up).await.unwrap();
    (client, heard)
}

/// A sealed controller, as thin as can be.
struct Device {
    client: Client,
    heard: mpsc::UnboundedReceiver<Vec<u8>>,
    id: tremen_wire::ControllerId,
    key: Key,
    link: tremen_wire::Link,
    n: u64,
    now_s: u64,
    begun: Instant,
}

impl Device {
    async fn start(running: &Running, store: &Store) -> Self {
        let id = tremen_wire::ControllerId::parse("ubo-laser").unwrap();
        let secret = Secret("secret".to_owned());
        let (client, mut heard) =
            connect(&running.broker, "ubo-laser", secret, "ubo-laser", "tremen/1/c/ubo-laser/down/#").await;
        let key = Key::new([7; 32]);
        let hello = Up::Hello(Hello {
            challenge: Challenge([3; 16]),
            firmware: "bench 1".to_owned(),
            capabilities: Vec::new(),
            last_order: 0,
            running: Vec::new(),
            at_s: None,
        });
        client.publish(&Channel::Hello.topic(&id), hello.encode(&id, Protection::Sealed(&key)), false);
        let bytes = heard.recv().await.unwrap();
        let Ok(Down::Welcome(welcome)) = Down::decode(&id, Channel::Welcome, &bytes, Protection::Sealed(&key)) else {
            panic!("no welcome")
        };
        let mut device =
            Self { client, heard, id, key, link: welcome.link, n: 0, now_s: welcome.at_s, begun: Instant::now() };
        let linked =
            Report { link: Some(device.link), n: Some(device.next_n()), ..Report::new(tremen_wire::Event::Linked) };
        device.publish(&Up::Report(linked));
        device.heard.recv().await.unwrap();
        let _ = store;
        device
    }

    fn next_n(&mut self) -> u64 {
        self.n += 1;
        self.n
    }

    fn publish(&self, up: &Up) {
        self.client.publish(&up.channel().topic(&self.id), up.encode(&self.id, Protection::Sealed(&self.key)), false);
    }

    fn ask(&mut self, who: u32) {
        let mut nonce = [0; 16];
        system_random()(&mut nonce);
        let ask = Ask {
            link: Some(self.link),
            n: Some(self.next_n()),
            nonce: Nonce(nonce),
            machine: "trotec-speedy".to_owned(),
            reading: Reading::Uid(Uid::new(&uid(who)).unwrap()),
            intent: Intent::Use,
            at_s: Some(self.now_s + self.begun.elapsed().as_secs()),
        };
        self.publish(&Up::Ask(ask));
    }

    async fn answer(&mut self) -> Verdict {
        loop {
            let bytes = self.heard.recv().await.unwrap();
            if let Ok(Down::Answer(answer)) =
                Down::decode(&self.id, Channel::Answer, &bytes, Protection::Sealed(&self.key))
            {
                return answer.outcome.verdict();
            }
        }
    }

    async fn tap(&mut self, who: u32) -> Verdict {
        self.ask(who);
        self.answer().await
    }

    /// Ends the session that the taps opened.
    async fn end_session(&mut self, store: &Store) {
        store
            .write(|tx| {
                if let Some(open) = tx.open_session_on("trotec-speedy")? {
                    tremen_server::flows::sessions::close(tx, &open, "bench")?;
                }
                Ok::<_, FlowError>(())
            })
            .await
            .unwrap();
    }

    /// A running session whose award is revoked: how long the revocation takes, and how long after it the order is here.
    async fn revocation(&mut self, store: &Store, round: u32) -> (Duration, Duration) {
        let by = || Warrant { by: Actor::Operator, why: "bench".to_owned() };
        let award =
            |round: u32| AwardId::parse(&if round == 0 { "a0.0".to_owned() } else { format!("r{round}") }).unwrap();
        assert_eq!(self.tap(0).await, Verdict::Grant);
        let at = Instant::now();
        store.write(move |tx| revoke_award::run(tx, &by(), &award(round))).await.unwrap();
        let accepted = at.elapsed();
        let order = loop {
            let bytes = self.heard.recv().await.unwrap();
            if let Ok(Down::Order(order)) =
                Down::decode(&self.id, Channel::Order, &bytes, Protection::Sealed(&self.key))
            {
                break order;
            }
        };
        let received = at.elapsed().saturating_sub(accepted);
        let report = |event, device: &mut Self| Report {
            link: Some(device.link),
            n: Some(device.next_n()),
            machine: order.machine.clone(),
            session: order.session,
            relay: Some(false),
            ..Report::new(event)
        };
        let confirmed =
            Report { order: Some(order.number), session: None, ..report(tremen_wire::Event::Confirmed, self) };
        self.publish(&Up::Report(confirmed));
        let ended = report(tremen_wire::Event::Ended, self);
        self.publish(&Up::Report(ended));
        self.heard.recv().await.unwrap(); // the lease that closes it
        let renewal = renew_award::Request {
            award: award(round),
            version: None,
            level: None,
            issued_at: None,
            valid_until: None,
            id: Some(award(round + 1)),
        };
        store.write(move |tx| renew_award::run(tx, &by(), &renewal)).await.unwrap();
        (accepted, received)
    }

    async fn rate(&mut self, people: u32, depth: u32, count: u32) -> f64 {
        let at = Instant::now();
        (0..depth).for_each(|i| self.ask(1 + i % (people - 1)));
        for i in 0..count {
            self.answer().await;
            if i + depth < count {
                self.ask(1 + (i * 7919) % (people - 1));
            }
        }
        f64::from(count) / at.elapsed().as_secs_f64()
    }
}

/// A client that sends back what it hears, and one that asks it, on the same broker.
struct Echo {
    asker: Client,
    heard: mpsc::UnboundedReceiver<Vec<u8>>,
}

const UP: &str = "tremen/1/c/ponant-laser/up/echo";
const DOWN: &str = "tremen/1/c/ponant-laser/down/echo";

impl Echo {
    async fn start(running: &Running, _store: &Store) -> Self {
        let secret = running.registry_password().unwrap();
        let (teller, mut heard) = mpsc::unbounded_channel::<Vec<u8>>();
        let (responder, connection) = client::connect(&Login {
            address: running.broker.clone(),
            client_id: "echo".to_owned(),
            credentials: Some((tremen_server::machines::REGISTRY_USER.to_owned(), secret)),
            filters: vec![UP.to_owned()],
            last_will: None,
        });
        let answering = responder.clone();
        tokio::spawn(connection.run(move |_, _, bytes| {
            let _ = teller.send(bytes.to_vec()); // the measurement may be over
        }));
        responder.connected().wait_for(|up| *up).await.unwrap();
        tokio::spawn(async move {
            while let Some(bytes) = heard.recv().await {
                answering.publish(DOWN, bytes, false);
            }
        });
        let (asker, heard) =
            connect(&running.broker, "ponant-laser", Secret("secret".to_owned()), "ponant-laser", DOWN).await;
        Self { asker, heard }
    }

    async fn once(&mut self) {
        self.asker.publish(UP, vec![0x5a; 120], false);
        self.heard.recv().await.unwrap();
    }

    async fn rate(&mut self, depth: u32, count: u32) -> f64 {
        let at = Instant::now();
        (0..depth).for_each(|_| self.asker.publish(UP, vec![0x5a; 120], false));
        for i in 0..count {
            self.heard.recv().await.unwrap();
            if i + depth < count {
                self.asker.publish(UP, vec![0x5a; 120], false);
            }
        }
        f64::from(count) / at.elapsed().as_secs_f64()
    }
}

/// One-row transactions, durable, on the disk that the registry uses.
struct Disk(rusqlite::Connection);

impl Disk {
    fn open(folder: &std::path::Path) -> Self {
        let connection = rusqlite::Connection::open(folder.join("floor.db")).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.pragma_update(None, "synchronous", "FULL").unwrap();
        connection.execute_batch("CREATE TABLE t (i INTEGER PRIMARY KEY, b BLOB NOT NULL) STRICT").unwrap();
        Self(connection)
    }

    fn commit(&mut self) {
        self.0.prepare_cached("INSERT INTO t (b) VALUES (?1)").unwrap().execute([[0x5a_u8; 200]]).unwrap();
    }
}
