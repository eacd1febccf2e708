//! `tremen demo`: a whole network in one go, with a short story, then free play until Ctrl-C.
//!
//! Everything is real but the devices and the people: the registry, its embedded broker, controllers over MQTT, the flows
//! of managers. All of it lives in a temporary folder and goes with it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tremen_controller::{Remembered, Settings, TapResult};
use tremen_files::{network_file, table};
use tremen_rules::network::{Acceptance, AcceptedReferences, StopPolicy};
use tremen_rules::{AwardId, ControllerId, IssuerId, MachineId, Network, ReferenceId, Time, VenueId};
use tremen_wire::{Capability, Intent, Outcome, Reading, Uid, Verdict};

use super::login_link;
use super::serve::stop_asked;
use crate::clock::{Clock, SystemClock};
use crate::flows::make_login_link::{self, Whom};
use crate::flows::{self, Actor, FlowError, Warrant, person_named};
use crate::keys::{Keys, hex, write_secret};
use crate::machines::EmbeddedSettings;
use crate::machines::broker::BrokerError;
use crate::machines::player::{self, Happening, Player};
use crate::machines::simulated_card::SimulatedCard;
use crate::serve::{Broker, Parts, Running, StartError};
use crate::store::{Store, system_random};
use crate::words;

/// Thursday 26 November 2026, 15:00 in Brest: two lasers, a media library and a member's afternoon off.
const BEGINS: Time = Time::from_millis(1_795_701_600_000);
/// Longer than any step takes.
const PATIENCE: Duration = Duration::from_secs(10);
/// Anna's secure card, as in the sample's cards.csv.
const ANNAS_CARD: [u8; 7] = [0x04, 0x1d, 0x3c, 0x8a, 0x2d, 0x6b, 0x80];
/// Katell's secure card; she comes from a neighbouring network.
const KATELLS_CARD: [u8; 7] = [0x04, 0x77, 0x10, 0x20, 0x30, 0x40, 0x80];
const ANNAS_BUS_CARD: [u8; 7] = [0x04, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0x80];

/// Katell's papers, beside the sample's: a badge of a neighbouring network, the induction, a handover.
const KATELL: [(&str, &str); 4] = [
    ("people", "person;name;email;birth_date;language\np-katell;Katell Exemple;katell@exemple.invalid;1995-06-21;br\n"),
    ("cards", "person;kind;uid;label\np-katell;ntag424;04771020304080;carte sécurisée de Katell\n"),
    (
        "awards",
        "person;reference;version;level;issuer;issued_at;valid_until\n\
         p-katell;accueil-securite;1;1;fabriques-du-ponant;2026-09-01;\n\
         p-katell;decoupe-laser;2;2;ty-makers;2026-05-04;2027-05-04\n",
    ),
    ("handovers", "person;machine;at;by\np-katell;laser-ponant;2026-11-05;p-maiwenn\n"),
];

/// Where the demonstration listens.
#[derive(Debug, Clone, clap::Args)]
pub struct Demo {
    /// Where the web pages are served; port 0 chooses a free one
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    web: std::net::SocketAddr,
    /// Where the broker listens; port 0 chooses a free one
    #[arg(long, default_value = "127.0.0.1:1883", value_name = "ADDRESS")]
    broker: std::net::SocketAddr,
    /// End after the story instead of staying up
    #[arg(long)]
    once: bool,
}

/// Runs the demonstration until Ctrl-C.
///
/// # Errors
/// When a part cannot start, or a step of the story does not go as it should.
pub async fn run(demo: &Demo) -> anyhow::Result<()> {
    let begun = Instant::now();
    let folder = Folder::new()?;
    say("Tremen, démonstration : quatre lieux, de vraies décisions sur un vrai MQTT. Personnes et dates fictives.");
    let outcome = tokio::select! {
        outcome = play(demo, &folder, begun) => outcome,
        () = stop_asked() => Ok(()),
    };
    if outcome.is_ok() {
        say("\nFin. Tout a été arrêté, rien ne reste sur le disque.");
    }
    outcome
}

async fn play(demo: &Demo, folder: &Folder, begun: Instant) -> anyhow::Result<()> {
    let ahead_ms = BEGINS.since(SystemClock::default().wall());
    let clock = Arc::new(SystemClock::ahead(ahead_ms));
    let keys = Arc::new(Keys::open(&folder.0.join("keys"))?);
    let store = Store::open(&folder.0.join("tremen.db"), keys.clone(), clock, system_random())?;
    let network = sample_network()?;
    enter_sample(&store, network).await?;
    let running = start(&store, demo).await?;
    say(&format!(
        "  horloge    jeudi 26 novembre 2026, 15 h, heure de Brest\n  broker     mqtt://{}:{}",
        running.broker.host, running.broker.port
    ));
    let secrets = provision(&store, &running, &folder.0).await?;
    let mut devices = Devices::power_up(&running, &secrets).await?;
    story(&store, &keys, &mut devices).await?;
    say(&format!("\nL’histoire a pris {:.1} s.", begun.elapsed().as_secs_f32()));
    if !demo.once {
        let link = managers_link(&store, &running).await?;
        invite(&running, &folder.0, ahead_ms, &link)?;
        stop_asked().await;
    }
    devices.cut().await;
    running.stop().await;
    Ok(())
}

/// What the terminal shows.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // A terminal that is gone is no reason to stop.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// A temporary folder that goes with the demonstration.
struct Folder(PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let mut name = [0; 10];
        system_random()(&mut name);
        let path = std::env::temp_dir().join(format!("tremen-demo-{}", crate::keys::base32(&name)));
        std::fs::create_dir_all(&path).with_context(|| format!("cannot make the folder {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "the demonstration's folder could not be removed");
        }
    }
}

fn sample_network() -> anyhow::Result<Network> {
    let text = include_str!("../../../../config/sample/network.toml");
    let read = network_file::read(text).map_err(|errors| anyhow::anyhow!("the sample network: {errors:?}"))?;
    let mut network = read.network;
    // So that nobody has to wait 20 s to see the laser stop.
    if let Some(laser) = network.machines.get_mut("trotec-speedy") {
        laser.stop_policy = StopPolicy::Graceful(3);
    }
    Ok(network)
}

/// A person's warrant, by the venue's own key for them.
async fn warrant(store: &Store, key: &'static str, why: &'static str) -> Result<Warrant, FlowError> {
    let person = store.read(move |tx| person_named(tx, key)).await?;
    Ok(Warrant { by: Actor::Person(person.person), why: why.to_owned() })
}

fn operator(why: &str) -> Warrant {
    Warrant { by: Actor::Operator, why: why.to_owned() }
}

/// The network file and the CSV files of the sample, through the same flows as `tremen apply` and `tremen import`.
async fn enter_sample(store: &Store, network: Network) -> anyhow::Result<()> {
    let zone = network.settings.time_zone;
    apply(store, operator("démonstration"), network).await?;
    macro_rules! import {
        ($read:ident, $flow:ident, $bytes:expr) => {{
            let table = table::$read($bytes, zone).map_err(|errors| anyhow::anyhow!("the sample: {errors:?}"))?;
            store
                .write(move |tx| flows::$flow::run(tx, &operator("démonstration"), &table.rows))
                .await
                .with_context(|| concat!("importing the sample, ", stringify!($flow)))?;
        }};
    }
    let katell = |kind: &str| KATELL.into_iter().find(|it| it.0 == kind).map_or(&b""[..], |it| it.1.as_bytes());
    import!(read_people, import_people, include_bytes!("../../../../config/sample/people.csv"));
    import!(read_people, import_people, katell("people"));
    import!(read_cards, import_cards, include_bytes!("../../../../config/sample/cards.csv"));
    import!(read_cards, import_cards, katell("cards"));
    import!(read_awards, import_awards, include_bytes!("../../../../config/sample/awards.csv"));
    import!(read_awards, import_awards, katell("awards"));
    import!(read_memberships, import_memberships, include_bytes!("../../../../config/sample/memberships.csv"));
    import!(read_handovers, import_handovers, include_bytes!("../../../../config/sample/handovers.csv"));
    import!(read_handovers, import_handovers, katell("handovers"));
    import!(read_restrictions, import_restrictions, include_bytes!("../../../../config/sample/restrictions.csv"));
    import!(read_roles, import_roles, include_bytes!("../../../../config/sample/roles.csv"));
    Ok(())
}

async fn apply(store: &Store, warrant: Warrant, network: Network) -> Result<(), FlowError> {
    let request = flows::apply_network::Request { network, prune: false, side: None };
    store.write(move |tx| flows::apply_network::run(tx, &warrant, &request)).await.map(drop)
}

async fn start(store: &Store, demo: &Demo) -> anyhow::Result<Running> {
    let broker = EmbeddedSettings { address: demo.broker, tls: None, max_clients: 200 };
    let parts = |broker| Parts { store: store.clone(), broker: Broker::Embedded(broker), web: Some(demo.web) };
    match crate::serve::start(parts(broker.clone())).await {
        Ok(running) => Ok(running),
        Err(StartError::Listen(error) | StartError::Broker(BrokerError::Listen(error))) => {
            say(&format!("  ({} n’est pas libre : ports choisis au hasard à la place)", error.address));
            let free = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
            let parts = Parts {
                store: store.clone(),
                broker: Broker::Embedded(EmbeddedSettings { address: free, ..broker }),
                web: Some(free),
            };
            Ok(crate::serve::start(parts).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// A controller's secrets.
struct Secrets {
    controller: tremen_wire::ControllerId,
    password: String,
    key: Option<[u8; 32]>,
}

/// Gives every controller its secrets, and writes them beside the database for `tremen tap`.
async fn provision(store: &Store, running: &Running, folder: &Path) -> anyhow::Result<Vec<Secrets>> {
    let names: Vec<ControllerId> =
        store.read(|tx| Ok::<_, FlowError>(flows::network(tx)?.controllers.keys().cloned().collect())).await?;
    let mut all = Vec::new();
    for name in names {
        let request = flows::provision_controller::Request::Declared(name.clone());
        let provisioned =
            store.write(move |tx| flows::provision_controller::run(tx, &operator("démonstration"), &request)).await?;
        let file = serde_json::json!({
            "controller": name, "password": provisioned.password, "key": provisioned.key.map(|key| hex(&key)),
            "broker": format!("mqtt://{}:{}", running.broker.host, running.broker.port),
        });
        write_secret(&folder.join(format!("{name}.json")), &file.to_string())?;
        let controller = tremen_wire::ControllerId::parse(name.as_str())?;
        all.push(Secrets { controller, password: provisioned.password, key: provisioned.key });
    }
    Ok(all)
}

/// The simulated controllers. The media library's stays in its box, for `tremen tap` to play.
struct Devices {
    ubo: Player,
    ponant: Player,
    tyfab: Player,
}

impl Devices {
    async fn power_up(running: &Running, secrets: &[Secrets]) -> anyhow::Result<Self> {
        let mut devices = Self {
            ubo: power_up(running, secrets, "ubo-laser")?,
            ponant: power_up(running, secrets, "ponant-laser")?,
            tyfab: power_up(running, secrets, "tyfab-atelier")?,
        };
        for device in [&mut devices.ubo, &mut devices.ponant, &mut devices.tyfab] {
            let linked = device.wait_for(PATIENCE, |it| (*it == Happening::Linked).then_some(())).await;
            linked.context("a simulated controller got no link")?;
        }
        say("  contrôleurs 3 sur 4 reliés (celui de la médiathèque attend votre `tremen tap`)");
        Ok(devices)
    }

    async fn cut(self) {
        self.ubo.cut().await;
        self.ponant.cut().await;
        self.tyfab.cut().await;
    }
}

fn power_up(running: &Running, secrets: &[Secrets], name: &str) -> anyhow::Result<Player> {
    let secrets = secrets.iter().find(|it| it.controller.as_str() == name).context("a sample controller is missing")?;
    let security = match secrets.key {
        Some(key) => tremen_controller::Security::Sealed(tremen_wire::Key::new(key)),
        None => tremen_controller::Security::Plain,
    };
    let id = secrets.controller.clone();
    let login = player::login(running.broker.clone(), &id, &secrets.password);
    let settings = Settings { capabilities: vec![Capability::Lcd], ..Settings::new(id, security, "demo 1") };
    Ok(Player::start(settings, Remembered::default(), &login))
}

/// One tap and its answer.
async fn tap(device: &mut Player, machine: &str, reading: Reading) -> anyhow::Result<(tremen_wire::Answer, Duration)> {
    let at = Instant::now();
    device.tap(machine, reading, Intent::Use);
    let answer = device
        .wait_for(PATIENCE, |it| match it {
            Happening::Tapped { result: TapResult::Answered { answer, .. }, .. } => Some(answer.clone()),
            Happening::Linked
            | Happening::Machines(_)
            | Happening::Tapped { .. }
            | Happening::Relay { .. }
            | Happening::Shows { .. }
            | Happening::Ordered { .. }
            | Happening::Remembers(_) => None,
        })
        .await
        .with_context(|| format!("nobody answered a tap at {machine}"))?;
    Ok((answer, at.elapsed()))
}

fn tell(step: usize, who: &str, answer: &tremen_wire::Answer, took: Duration) {
    let [first, second] = &answer.lcd;
    let mut line = format!("\n{step}. {who}\n   ");
    let took = took.as_secs_f64() * 1000.0;
    let _ = match &answer.outcome {
        // writing to a String cannot fail
        Outcome::Grant { session, lease_s, .. } => {
            write!(line, "ACCORDÉ en {took:.1} ms    séance {session}, bail de {lease_s} s")
        }
        Outcome::Deny { reason, .. } => write!(line, "REFUSÉ en {took:.1} ms    {reason}"),
        Outcome::More { reason, .. } => write!(line, "ENCORE UNE CARTE en {took:.1} ms    {reason}"),
        Outcome::Done { .. } => write!(line, "FAIT en {took:.1} ms"),
    };
    let _ = write!(line, "\n   écran   |{first:<20}|\n           |{second:<20}|");
    if let Outcome::Deny { reason, .. } = &answer.outcome {
        let text = words::code_text(reason, tremen_rules::network::Language::Fr);
        let _ = write!(line, "\n   {}", text.sentence);
        if let Some(next) = text.next {
            let _ = write!(line, "\n   → {next}");
        }
    }
    say(&line);
}

fn expect(answer: &tremen_wire::Answer, verdict: Verdict) -> anyhow::Result<()> {
    if answer.outcome.verdict() != verdict {
        bail!("the story expected {}, the registry answered {:?}", verdict.as_str(), answer.outcome);
    }
    Ok(())
}

/// Grant, refusal, a revocation that stops a running session, renewal, a foreign badge refused and then recognised.
async fn story(store: &Store, keys: &Keys, devices: &mut Devices) -> anyhow::Result<()> {
    let mut anna = SimulatedCard::new(ANNAS_CARD);
    let mut katell = SimulatedCard::new(KATELLS_CARD);

    let bus_card = Uid::new(&ANNAS_BUS_CARD).context("a sample card number")?;
    let (answer, took) = tap(&mut devices.ubo, "trotec-speedy", Reading::Uid(bus_card)).await?;
    tell(1, "Anna présente sa carte de bus à la découpeuse laser de l’UBO (classe rouge).", &answer, took);
    expect(&answer, Verdict::Deny)?;

    let (answer, took) = tap(&mut devices.ubo, "trotec-speedy", anna.read(keys)).await?;
    tell(2, "Anna présente sa carte sécurisée.", &answer, took);
    expect(&answer, Verdict::Grant)?;

    say("\n3. Maïwenn, fabmanager de l’UBO, retire l’habilitation d’Anna pendant que la machine tourne.");
    let revoked = stop_anna(store, &mut devices.ubo).await?;

    let (answer, took) = tap(&mut devices.ubo, "trotec-speedy", anna.read(keys)).await?;
    tell(4, "Anna présente sa carte de nouveau.", &answer, took);
    expect(&answer, Verdict::Deny)?;

    let by = warrant(store, "p-maiwenn", "remise à niveau faite, machine montrée").await?;
    let renewed = store
        .write(move |tx| {
            let request = flows::renew_award::Request {
                award: revoked,
                version: None,
                level: None,
                issued_at: None,
                valid_until: None,
                id: None,
            };
            flows::renew_award::run(tx, &by, &request)
        })
        .await?;
    let until = renewed
        .award
        .award
        .valid_until
        .map_or_else(String::new, |until| until.utc().format(" jusqu’au %d/%m/%Y").to_string());
    say(&format!("\n5. Une remise à niveau plus tard, Maïwenn renouvelle l’habilitation d’Anna{until}."));
    let (answer, took) = tap(&mut devices.ubo, "trotec-speedy", anna.read(keys)).await?;
    tell(6, "Le même geste d’Anna.", &answer, took);
    expect(&answer, Verdict::Grant)?;

    let (answer, took) = tap(&mut devices.ponant, "laser-ponant", katell.read(keys)).await?;
    tell(
        7,
        "Katell vient d’un réseau voisin, avec un badge de Ty Makers, au laser des Fabriques du Ponant.",
        &answer,
        took,
    );
    expect(&answer, Verdict::Deny)?;

    let mut network = store.read(|tx| Ok::<_, FlowError>(Network::clone(&*flows::network(tx)?))).await?;
    network.acceptances.push(Acceptance {
        venue: VenueId::parse("ponant")?,
        issuer: IssuerId::parse("ty-makers")?,
        references: AcceptedReferences::These(vec![ReferenceId::parse("decoupe-laser")?]),
        min_version: Some(2),
        max_age_months: Some(12),
        handover: true,
    });
    let by = warrant(store, "p-zoe", "convention avec Ty Makers").await?;
    apply(store, by, network).await?;
    say(
        "\n8. Zoé, fabmanager du Ponant, reconnaît les badges laser de Ty Makers (version 2, moins d’un an, prise en main).",
    );
    let (answer, took) = tap(&mut devices.ponant, "laser-ponant", katell.read(keys)).await?;
    tell(9, "Katell présente sa carte de nouveau.", &answer, took);
    expect(&answer, Verdict::Grant)
}

/// Revokes Anna's laser award and watches the running laser stop; returns the award.
async fn stop_anna(store: &Store, device: &mut Player) -> anyhow::Result<AwardId> {
    let award = store
        .read(|tx| {
            let anna = person_named(tx, "p-anna")?;
            let reference =
                ReferenceId::parse("decoupe-laser").map_err(|error| FlowError::Refused(error.to_string()))?;
            let issuer = IssuerId::parse("ubo-open-factory").map_err(|error| FlowError::Refused(error.to_string()))?;
            let award = tx.renewable_award(&anna.person, &reference, &issuer)?;
            award.map(|it| it.award.id).ok_or_else(|| FlowError::unknown("award", "p-anna/decoupe-laser"))
        })
        .await?;
    let by = warrant(store, "p-maiwenn", "départ de feu laissé sans surveillance").await?;
    let revoke = {
        let award = award.clone();
        move |tx: &mut crate::store::Tx<'_>| flows::revoke_award::run(tx, &by, &award)
    };
    let anna = store.read(|tx| person_named(tx, "p-anna")).await?;
    let preview = flows::preview(store, anna.person, revoke.clone()).await?;
    say(&format!(
        "   avant : {} machines dans {} lieux, {} séance en cours sera arrêtée",
        preview.closed.len(),
        preview.venues.len(),
        preview.stopped.len()
    ));
    let at = Instant::now();
    let effects = store.write(revoke).await?;
    let accepted = at.elapsed();
    let ordered = device
        .wait_for(PATIENCE, |it| if let Happening::Ordered { at, .. } = it { Some(*at) } else { None })
        .await
        .context("no order came")?;
    say(&format!(
        "   retirée et écrite au journal en {:.1} ms ; ordre d’arrêt reçu par le contrôleur {:.1} ms après",
        accepted.as_secs_f64() * 1000.0,
        ordered.duration_since(at + accepted.min(ordered.duration_since(at))).as_secs_f64() * 1000.0
    ));
    confirmed(store, effects.entry).await?;
    let opened =
        device.wait_for(PATIENCE, |it| matches!(it, Happening::Relay { closed: false, .. }).then_some(())).await;
    opened.context("the laser did not stop")?;
    let took = at.elapsed().as_secs_f64();
    say(&format!("   la machine est à l’arrêt après {took:.1} s (délai de grâce de 3 s ; l’extraction continue)"));
    let machine = MachineId::parse("trotec-speedy")?;
    free_again(store, &machine).await?;
    Ok(award)
}

/// Reads until there is what is waited for, anew after each change.
async fn until<T>(store: &Store, mut read: impl AsyncFnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let mut touched = store.touched();
    let wait = async {
        loop {
            if let Some(found) = read().await? {
                return Ok(found);
            }
            if touched.recv().await.is_err() {
                touched = store.touched();
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.context("the story waited in vain")?
}

/// Waits until the orders of a change are confirmed.
async fn confirmed(store: &Store, entry: i64) -> anyhow::Result<()> {
    let count = until(store, async || {
        let orders = store.read(move |tx| tx.orders_of_entry(entry)).await?;
        let done = orders.iter().all(|order| order.settled.as_deref() == Some("confirmed"));
        Ok(done.then_some(orders.len()))
    });
    let count = count.await.context("the order was not confirmed")?;
    say(&format!("   confirmée par {count} contrôleur sur {count}"));
    Ok(())
}

/// Waits until no session is open on a machine.
async fn free_again(store: &Store, machine: &MachineId) -> anyhow::Result<()> {
    let free = until(store, async || {
        let id = machine.clone();
        Ok(store.read(move |tx| tx.open_session_on(id.as_str())).await?.is_none().then_some(()))
    });
    free.await.context("the session was not closed")
}

/// A link with which the story's manager signs in.
async fn managers_link(store: &Store, running: &Running) -> anyhow::Result<String> {
    let made = store.write(|tx| {
        let manager = person_named(tx, "p-maiwenn")?.person;
        let warrant = Warrant { by: Actor::Operator, why: "la démonstration".to_owned() };
        make_login_link::run(tx, &warrant, Whom::Person(manager))
    });
    let secret = made.await.context("no link to sign in with could be made")?.secret;
    let web = running.web_address.map_or_else(String::new, |address| format!("http://{address}"));
    Ok(login_link::address(&web, &secret))
}

/// Tells what to try next.
fn invite(running: &Running, folder: &Path, ahead_ms: i64, link: &str) -> anyhow::Result<()> {
    let web = running.web_address.map_or_else(String::new, |address| format!("http://{address}/"));
    let config = folder.join("tremen.toml");
    let text = format!(
        "[database]\nurl = \"sqlite:{}\"\n\n[keys]\nfolder = \"{}\"\n\n[broker]\nurl = \"mqtt://{}:{}\"\n\n[clock]\nahead_seconds = {}\n",
        folder.join("tremen.db").display(),
        folder.join("keys").display(),
        running.broker.host,
        running.broker.port,
        ahead_ms.div_euclid(1000),
    );
    std::fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))?;
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("tremen"));
    let (program, config) = (program.display(), config.display());
    let key = folder.join("capucins-3d.json");
    say(&format!(
        "\nÀ vous. Les pages : {web}  (une machine : {web}m/trotec-speedy, son kiosque : {web}kiosque/trotec-speedy)\n\
         Se connecter comme Maïwenn, gestionnaire (une fois, dans le quart d’heure) : {link}\n\
         \nDans un autre terminal :\n\
         \n  T=\"{program} --config {config}\"\n\
         \n  $T tap --machine imprimante-3d --uid 04A1B2C3D4E580 --key {}\
         \n  $T explain --machine laser-ponant --person p-yann\
         \n  $T lock trotec-speedy --by p-maiwenn --reason \"miroir à régler\"      # arrête la séance d’Anna\
         \n  $T unlock trotec-speedy --by p-maiwenn --reason \"réglé\"\
         \n  $T doctor\n\
         \nCtrl-C arrête tout.",
        key.display()
    ));
    Ok(())
}
