//! A registry in a folder of its own, with the sample network, on free ports, at an open Thursday afternoon.
//!
//! The registry's clock stands still until a story moves it with [`World::later`], so that every edge can be met to the
//! millisecond. Start at [`World::start`]; [`World::easy`] has machines that ask for nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tremen_controller::{Remembered, Settings, TapResult};
use tremen_rules::dossier::Role;
use tremen_rules::network::Hazard;
use tremen_rules::{Assurance, Award, AwardId, ControllerId, Level, Network, PersonId, Scope, Span, Time};
use tremen_server::clock::{Clock, ManualClock};
use tremen_server::flows::{Actor, FlowError, Warrant, attach_card, lock_machine, record_handover, record_membership};
use tremen_server::keys::Keys;
use tremen_server::limits::{ControllerLimits, Limits, Rate};
use tremen_server::machines::player::{self, Happening, Player};
use tremen_server::machines::{EmbeddedSettings, Login, Secret};
use tremen_server::serve::{Broker, Doors, Parts, Running, start_with};
use tremen_server::store::{NewAward, NewPerson, SessionRow, Store, StoreError, Touched, Tx, system_random};
use tremen_server::timekeeping;
use tremen_wire::{Answer, Capability, SessionId};

/// Longer than anything takes, even on a busy machine; nothing waits for it in vain.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Thursday 26 November 2026, 15:00 in Brest: all four venues but TyFab are open.
pub const THURSDAY: i64 = 1_795_701_600_000;

/// The password of every controller of a story.
pub const PASSWORD: &str = "secret";

/// The key of every sealed controller of a story.
pub const KEY: [u8; 32] = [7; 32];

/// A folder that goes away with its story.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::Builder::new().prefix("tremen-story-").tempdir().unwrap().keep())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0); // left behind for the system to clear where that fails
    }
}

/// The registry and its folder.
pub struct World {
    pub folder: Folder,
    pub clock: Arc<ManualClock>,
    pub store: Store,
    pub running: Running,
}

/// A clock that shows Thursday afternoon until it is moved.
pub fn thursday() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Time::from_millis(THURSDAY)))
}

pub fn open_store(folder: &Folder, clock: Arc<dyn Clock>) -> Store {
    let keys = Arc::new(Keys::open(&folder.0.join("keys")).unwrap());
    Store::open(&folder.0.join("tremen.db"), keys, clock, system_random()).unwrap()
}

/// The sample network as its file declares it.
pub fn sample() -> Network {
    tremen_files::network_file::read(include_str!("../config/sample/network.toml")).unwrap().network
}

/// Makes every machine ask for nothing but a card that is somebody's, at any hour.
pub fn ask_for_nothing(network: &mut Network) {
    for machine in network.machines.values_mut() {
        machine.requires.clear();
        machine.members_only = Some(false);
        machine.min_age = None;
        machine.min_assurance = Assurance::A0;
        machine.handover = false;
        machine.hazard = Hazard::Green;
    }
    network.venues.values_mut().for_each(|venue| venue.hours = None);
}

/// A typed id from its text.
pub fn id<T: TryFrom<String, Error: std::fmt::Debug>>(text: &str) -> T {
    T::try_from(text.to_owned()).unwrap()
}

/// Somebody with a shell on the registry's own machine.
/// Puts an award into the database, with its entry, whoever may or may not.
pub fn add_award(tx: &Tx<'_>, person: PersonId, award: Award) -> Result<(), FlowError> {
    let told = json!({
        "person": person, "award": award.id, "given_id": false, "reference": award.reference,
        "version": award.version, "level": award.level, "issuer": award.issuer, "issued_at": award.issued_at,
        "valid_until": null, "awarded_by": null, "supersedes": null, "told": null,
    });
    tx.record("award_made", &told)?;
    tx.add_award(&NewAward { person, award, given_id: false, awarded_by: None, supersedes: None, why: None })?;
    Ok(())
}

pub fn operator() -> Warrant {
    Warrant { by: Actor::Operator, why: "a story".to_owned() }
}

/// Where an embedded broker listens in a story.
pub fn embedded() -> Broker {
    Broker::Embedded(EmbeddedSettings { address: "127.0.0.1:0".parse().unwrap(), tls: None, max_clients: 100 })
}

/// Doors at which a controller may say more in a moment than any does in earnest.
pub fn wide() -> Doors {
    let rate = Rate { burst: 1_000_000, per_minute: 1_000_000 };
    let controller = ControllerLimits { asks: rate, reports: rate, hellos: rate, presence: rate };
    Doors { limits: Limits { controller, ..Limits::default() }, ..Doors::default() }
}

impl World {
    /// The sample network, nobody known.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// The sample's machines and controllers, but the machines ask for nothing.
    pub async fn easy() -> Self {
        Self::with(ask_for_nothing).await
    }

    /// The sample network, adjusted.
    pub async fn with(adjust: impl FnOnce(&mut Network)) -> Self {
        Self::on(embedded(), adjust).await
    }

    /// The sample network, adjusted, on a broker.
    pub async fn on(broker: Broker, adjust: impl FnOnce(&mut Network)) -> Self {
        let folder = Folder::new();
        let clock = thursday();
        let store = open_store(&folder, clock.clone());
        declare(&store, adjust).await;
        let running = start_with(Parts { store: store.clone(), broker, web: None }, wide()).await.unwrap();
        Self { folder, clock, store, running }
    }

    /// The sample network, adjusted, with its own broker and pages, behind doors of a story's own.
    pub async fn behind(doors: Doors, adjust: impl FnOnce(&mut Network)) -> Self {
        let (folder, clock) = (Folder::new(), thursday());
        let store = open_store(&folder, clock.clone());
        declare(&store, adjust).await;
        let parts = Parts { store: store.clone(), broker: embedded(), web: Some("127.0.0.1:0".parse().unwrap()) };
        let running = start_with(parts, doors).await.unwrap();
        Self { folder, clock, store, running }
    }

    /// Stops the registry, and starts it again on the same database and another port.
    pub async fn restart(self, while_down: impl FnOnce(&mut Tx<'_>) -> Result<(), FlowError> + Send + 'static) -> Self {
        self.restart_on(embedded(), while_down).await
    }

    /// Stops the registry, and starts it again on the same database.
    pub async fn restart_on(
        self,
        broker: Broker,
        while_down: impl FnOnce(&mut Tx<'_>) -> Result<(), FlowError> + Send + 'static,
    ) -> Self {
        let Self { folder, clock, store, running } = self;
        running.stop().await;
        store.write(while_down).await.unwrap();
        drop(store);
        let store = open_store(&folder, clock.clone());
        let running = start_with(Parts { store: store.clone(), broker, web: None }, wide()).await.unwrap();
        Self { folder, clock, store, running }
    }

    pub fn now(&self) -> Time {
        self.store.now()
    }

    /// Moves the clock on, and has everybody look at it who waits for an instant.
    pub async fn later(&self, millis: i64) {
        self.clock.advance(millis);
        self.change(|tx| {
            tx.touch(Touched::Everything);
            Ok(())
        })
        .await;
    }

    /// Somebody sets the system's clock by so many milliseconds, and the registry looks at it.
    pub async fn step(&self, millis: i64) {
        self.clock.step(millis);
        timekeeping::look(&self.store, true).await.unwrap();
    }

    /// Changes facts in a transaction of its own.
    pub async fn change<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Tx<'_>) -> Result<T, FlowError> + Send + 'static,
    ) -> T {
        self.store.write(job).await.unwrap()
    }

    /// Reads facts.
    pub fn look<T>(&self, job: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>) -> T {
        self.store.read_here(job).unwrap()
    }

    /// Waits until the database shows something.
    pub async fn until<T>(&self, mut shows: impl FnMut(&mut Tx<'_>) -> Result<Option<T>, StoreError>) -> T {
        let mut touched = self.store.touched();
        let waiting = async {
            loop {
                if let Some(found) = self.look(&mut shows) {
                    return found;
                }
                // Not every commit is told: the short limit is for those that are not.
                let _ = tokio::time::timeout(Duration::from_millis(20), touched.recv()).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap()
    }

    pub fn session(&self, session: SessionId) -> SessionRow {
        self.look(|tx| tx.session(session)).unwrap()
    }

    /// Enters a person with a card; the key is also the person's id.
    pub async fn person(&self, key: &str, uid: &[u8], ntag424: bool) -> PersonId {
        let person: PersonId = id(key);
        let (row, uid) = (named(&person, key), uid.to_vec());
        self.change(move |tx| {
            tx.put_person(&row)?;
            attach_card::run(tx, &operator(), &attach_card::Request { person: row.person, ntag424, uid, label: None })
        })
        .await;
        person
    }

    /// Gives somebody an award of yesterday by the issuer that keeps the reference in the sample.
    pub async fn award(&self, person: &PersonId, reference: &str, level: Level) -> AwardId {
        let kept = sample().references[reference].clone();
        let award = Award {
            id: id(&format!("{person}.{reference}.{}", level.number())),
            reference: id(reference),
            version: kept.version,
            level,
            issuer: kept.issuer,
            issued_at: Time::from_millis(THURSDAY - 86_400_000),
            valid_until: None,
            superseded_at: None,
            revoked_at: None,
            suspensions: Vec::new(),
        };
        let (person, award_id) = (person.clone(), award.id.clone());
        self.change(move |tx| add_award(tx, person, award)).await;
        award_id
    }

    /// All that the sample's laser cutters ask for: the awards at a level, the membership, the handover.
    pub async fn laser_user(&self, key: &str, uid: &[u8; 7], ntag424: bool, level: Level) -> PersonId {
        let person = self.person(key, uid, ntag424).await;
        self.award(&person, "accueil-securite", Level::Discovery).await;
        self.award(&person, "decoupe-laser", level).await;
        let who = person.clone();
        self.change(move |tx| {
            let row = NewPerson { birth_date: "1990-04-02".parse().ok(), ..tx.person(&who)?.unwrap() };
            tx.put_person(&row)?;
            let (since, person) = (Some(Time::from_millis(THURSDAY - 1)), who.clone());
            let membership = record_membership::Request { person, venue: id("ubo"), from: since, until: None };
            record_membership::run(tx, &operator(), &membership)?;
            let handover = record_handover::Request { person: who, machine: id("laser-ponant"), at: since };
            record_handover::run(tx, &operator(), &handover)
        })
        .await;
        person
    }

    pub async fn role(&self, person: &PersonId, role: Role, scope: &str) {
        let (person, scope) = (person.clone(), Scope::parse(scope).unwrap());
        self.change(move |tx| {
            let from = Time::from_millis(THURSDAY - 1);
            let held = tx.add_role(&person, role, &scope, Span::since(from))?;
            let told = json!({
                "person": person, "held": held, "role": role, "scope": scope, "from": from, "until": null,
            });
            Ok(tx.record("role_granted", &told)?)
        })
        .await;
    }

    /// Takes a machine out of service.
    pub async fn lock(&self, machine: &str) {
        let request = lock_machine::Request { machine: id(machine), until: None };
        self.change(move |tx| lock_machine::run(tx, &operator(), &request)).await;
    }

    /// Provisions a controller; tells how it logs in.
    pub async fn provision(&self, name: &str, sealed: bool) -> Login {
        let controller: ControllerId = id(name);
        let tag = self.store.keys().tag("password", PASSWORD.as_bytes());
        self.change(move |tx| Ok(tx.put_credential(&controller, sealed.then_some(&KEY), &tag)?)).await;
        self.login(name)
    }

    /// How a controller logs in.
    pub fn login(&self, name: &str) -> Login {
        player::login(self.running.broker.clone(), &tremen_wire::ControllerId::parse(name).unwrap(), PASSWORD)
    }

    /// Provisions a controller and powers it up; returns once it is linked.
    pub async fn controller(&self, name: &str, sealed: bool) -> Player {
        self.provision(name, sealed).await;
        self.power_up(name, sealed, Remembered::default()).await
    }

    /// Powers a controller up that has its secrets; returns once it is linked.
    pub async fn power_up(&self, name: &str, sealed: bool, remembered: Remembered) -> Player {
        let mut player = Player::start(settings(name, sealed), remembered, &self.login(name));
        player.wait_for(PATIENCE, |it| (*it == Happening::Linked).then_some(())).await.unwrap();
        // The controller knows of its link first; the registry takes it up with the controller's next word.
        let controller: ControllerId = id(name);
        let pending = "SELECT 1 FROM links WHERE controller = $1 AND state = 'pending' LIMIT 1";
        self.until(|tx| {
            let waits = tx.query_one(pending, tremen_server::params![controller], |row| row.get::<i64>(0))?;
            Ok(waits.is_none().then_some(()))
        })
        .await;
        player
    }

    /// How the registry itself logs in, or somebody who has the broker in hand.
    pub fn broker_login(&self, client_id: &str, filters: &[&str]) -> Login {
        let password: Secret = self.running.registry_password().unwrap();
        Login {
            address: self.running.broker.clone(),
            client_id: client_id.to_owned(),
            credentials: Some((tremen_server::machines::REGISTRY_USER.to_owned(), password)),
            filters: filters.iter().map(|&filter| filter.to_owned()).collect(),
            last_will: None,
        }
    }
}

/// Makes the sample network, adjusted, the one in force.
pub async fn declare(store: &Store, adjust: impl FnOnce(&mut Network)) {
    let mut network = sample();
    adjust(&mut network);
    store
        .write(move |tx| {
            let entry = tx.record("network_applied", &serde_json::json!({}))?;
            tx.declare(&network, entry, "file")?;
            Ok::<_, FlowError>(())
        })
        .await
        .unwrap();
}

/// Waits until a player's relay closes or opens.
pub async fn relay(player: &mut Player, closed: bool) {
    let moved = |it: &Happening| matches!(it, Happening::Relay { closed: now, .. } if *now == closed).then_some(());
    player.wait_for(PATIENCE, moved).await.unwrap();
}

/// Waits until a player's tap is answered.
pub async fn answered(player: &mut Player) -> Answer {
    let answer = |it: &Happening| match it {
        Happening::Tapped { result: TapResult::Answered { answer, .. }, .. } => Some(answer.clone()),
        _ => None,
    };
    player.wait_for(PATIENCE, answer).await.unwrap()
}

/// What a controller of a story is.
pub fn settings(name: &str, sealed: bool) -> Settings {
    let security = if sealed {
        tremen_controller::Security::Sealed(tremen_wire::Key::new(KEY))
    } else {
        tremen_controller::Security::Plain
    };
    let wire_id = tremen_wire::ControllerId::parse(name).unwrap();
    Settings { capabilities: vec![Capability::Lcd], ..Settings::new(wire_id, security, "story 1") }
}

pub fn named(person: &PersonId, key: &str) -> NewPerson {
    NewPerson {
        person: person.clone(),
        key: key.to_owned(),
        name: format!("{key} Exemple"),
        email: None,
        birth_date: None,
        language: None,
        guardian: None,
        guardian_consent: None,
    }
}
