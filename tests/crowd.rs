//! A workshop at work: reference controllers that tap without pause, and a manager who takes rights away and gives them
//! back by commands. What each of them was told is kept, so that it can be held against the database.
//!
//! Start at [`workshop`], then [`Crowd::gather`].

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tremen_controller::{Remembered, TapResult};
use tremen_rules::network::{Controller, Profile, Requirement};
use tremen_rules::{Award, Level, Network, Time};
use tremen_server::flows::FlowError;
use tremen_server::machines::player::{Happening, Player};
use tremen_server::store::Tx;
use tremen_wire::{Intent, Nonce, Outcome, Reading, SessionId, Uid};

use crate::dice::Dice;
use crate::process::{Place, enter_person, provision};
use crate::world::{ask_for_nothing, id, settings};

/// The controllers, and whether they are sealed.
const CONTROLLERS: [(&str, bool); 4] =
    [("ubo-laser", true), ("tyfab-atelier", true), ("ponant-laser", false), ("capucins-3d", false)];
/// How many machines each controller serves: so many of its taps are in flight at once.
const MACHINES_EACH: usize = 4;
const PEOPLE: usize = 12;
const REFERENCE: &str = "accueil-securite";
const ISSUER: &str = "fabriques-du-ponant";
/// Short, so that a session that nobody speaks for shows soon.
const LEASE_S: u32 = 10;

fn machines_of(controller: usize) -> Vec<String> {
    (0..MACHINES_EACH).map(|i| format!("machine-{controller}-{i}")).collect()
}

fn uid_of(person: usize) -> [u8; 4] {
    [4, 0, 0, u8::try_from(person).unwrap()]
}

/// Who holds this card.
pub fn person_of(uid: &Uid) -> String {
    format!("p{}", uid.as_bytes()[3])
}

/// Whether a controller has a key.
pub fn is_sealed(controller: &str) -> bool {
    CONTROLLERS.iter().any(|(name, sealed)| *name == controller && *sealed)
}

/// All machines in one venue; each asks for one award.
pub fn workshop(network: &mut Network) {
    ask_for_nothing(network);
    let model = network.machines["imprimante-3d"].clone();
    for (i, (name, sealed)) in CONTROLLERS.into_iter().enumerate() {
        let machines = machines_of(i);
        for machine in &machines {
            let mut made = model.clone();
            (made.id, made.venue, made.lease_seconds) = (id(machine), id("ponant"), LEASE_S);
            made.requires =
                vec![Requirement { references: vec![id(REFERENCE)], level: Level::Discovery, min_version: None }];
            network.machines.insert(made.id.clone(), made);
        }
        let controller = Controller {
            id: id(name),
            venue: id("ponant"),
            machines: machines.iter().map(|it| id(it)).collect(),
            profile: if sealed { Profile::Sealed } else { Profile::Plain },
        };
        network.controllers.insert(controller.id.clone(), controller);
    }
}

/// The people of the workshop with their cards and awards, and the controllers' secrets.
pub fn people(tx: &mut Tx<'_>) -> Result<(), FlowError> {
    for person in 0..PEOPLE {
        let key = format!("p{person}");
        enter_person(tx, &key, &uid_of(person))?;
        let award = Award {
            id: id(&format!("first-{key}")),
            reference: id(REFERENCE),
            version: 1,
            level: Level::Discovery,
            issuer: id(ISSUER),
            issued_at: Time::from_millis(1_700_000_000_000),
            valid_until: None,
            superseded_at: None,
            revoked_at: None,
            suspensions: Vec::new(),
        };
        let person = id(&key);
        crate::world::add_award(tx, person, award)?;
    }
    CONTROLLERS.into_iter().try_for_each(|(name, sealed)| provision(tx, name, sealed))
}

/// A grant that a controller heard.
#[derive(Debug, Clone, Copy)]
pub struct Granted {
    pub controller: &'static str,
    pub nonce: Nonce,
    pub session: SessionId,
}

/// A command that said that it was done.
#[derive(Debug, Clone)]
pub struct Done {
    pub act: String,
    pub entry: i64,
    pub reason: String,
}

/// What the relay of a machine did.
#[derive(Debug, Default, Clone, Copy)]
pub struct Relay {
    pub is_closed: bool,
    /// How often it closed.
    pub closings: usize,
    /// How many grants its controller heard and followed.
    pub followed: usize,
}

/// What everybody was told.
#[derive(Debug, Default)]
pub struct Told {
    pub grants: Vec<Granted>,
    pub done: Vec<Done>,
    pub answers: usize,
    /// Grants on a right whose end had been answered before the tap.
    pub wrong: Vec<String>,
    /// What the relay of each machine did.
    pub relays: BTreeMap<String, Relay>,
    /// Who, or which machine, is barred, and since when that has been answered.
    barred: BTreeMap<String, Instant>,
}

/// Everybody at work.
pub struct Crowd {
    told: Arc<Mutex<Told>>,
    taps: watch::Sender<bool>,
    _players: JoinSet<()>,
}

impl Crowd {
    /// Powers all controllers up, who find their broker there; they tap until they are told to rest.
    pub fn gather(place: &Place, broker: SocketAddr, seed: u64) -> Self {
        let told = Arc::<Mutex<Told>>::default();
        let (taps, tapping) = watch::channel(true);
        let mut players = JoinSet::new();
        for (i, (name, sealed)) in CONTROLLERS.into_iter().enumerate() {
            let player = Player::start(settings(name, sealed), Remembered::default(), &place.login(name, broker));
            let tapper = Tapper {
                player,
                controller: name,
                machines: machines_of(i),
                waiting: BTreeMap::new(),
                in_use_by: BTreeMap::new(),
                dice: Dice::of(seed.wrapping_mul(31).wrapping_add(i as u64)),
                told: told.clone(),
            };
            players.spawn(tapper.work(tapping.clone()));
        }
        Self { told, taps, _players: players }
    }

    pub fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap()
    }

    /// The machines whose relays are closed.
    pub fn have_power(&self) -> BTreeSet<String> {
        let told = self.told();
        told.relays.iter().filter(|(_, relay)| relay.is_closed).map(|(machine, _)| machine.clone()).collect()
    }

    /// Nobody taps any more; what runs goes on.
    pub fn rest(&self) {
        self.taps.send_replace(false);
    }

    /// Waits until so many answers more have been heard; false when that takes longer than `patience`.
    pub async fn hears(&self, more: usize, patience: Duration) -> bool {
        let enough = self.told().answers + more;
        let heard = async {
            while self.told().answers < enough {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(patience, heard).await.is_ok()
    }
}

/// One controller, and those who hold their cards to it.
struct Tapper {
    player: Player,
    controller: &'static str,
    machines: Vec<String>,
    /// At each machine that was not answered yet: who tapped, and when.
    waiting: BTreeMap<String, (usize, Instant)>,
    in_use_by: BTreeMap<String, usize>,
    dice: Dice,
    told: Arc<Mutex<Told>>,
}

impl Tapper {
    async fn work(mut self, tapping: watch::Receiver<bool>) {
        loop {
            match self.player.next(Duration::from_millis(20)).await {
                Some(Happening::Tapped { machine, result }) => {
                    let answered = self.note(&machine, result);
                    if answered && *tapping.borrow() {
                        self.tap(machine);
                    }
                }
                Some(Happening::Relay { machine, closed }) => {
                    let mut told = self.told.lock().unwrap();
                    let relay = told.relays.entry(machine).or_default();
                    relay.is_closed = closed;
                    relay.closings += usize::from(closed);
                }
                Some(_) => {}
                None if *tapping.borrow() => {
                    let idle = self.machines.iter().filter(|machine| !self.waiting.contains_key(*machine));
                    idle.cloned().collect::<Vec<_>>().into_iter().for_each(|machine| self.tap(machine));
                }
                None => {}
            }
        }
    }

    /// Somebody begins or ends a use; mostly whoever uses the machine.
    fn tap(&mut self, machine: String) {
        let user = self.in_use_by.get(&machine).copied().filter(|_| self.dice.below(4) > 0);
        let person = user.unwrap_or_else(|| self.dice.below(PEOPLE));
        let intent = if self.dice.below(8) == 0 { Intent::Use } else { Intent::Toggle };
        self.player.tap(&machine, Reading::Uid(Uid::new(&uid_of(person)).unwrap()), intent);
        self.waiting.insert(machine, (person, Instant::now()));
    }

    /// Keeps what a tap was answered; false where it was not.
    fn note(&mut self, machine: &str, result: TapResult) -> bool {
        let Some((person, tapped_at)) = self.waiting.remove(machine) else { return false };
        let TapResult::Answered { answer, followed } = result else { return false };
        let mut told = self.told.lock().unwrap();
        told.answers += 1;
        match answer.outcome {
            Outcome::Grant { session, .. } => {
                told.relays.entry(machine.to_owned()).or_default().followed += usize::from(followed);
                told.grants.push(Granted { controller: self.controller, nonce: answer.nonce, session });
                self.in_use_by.insert(machine.to_owned(), person);
                for what in [format!("p{person}"), machine.to_owned()] {
                    if told.barred.get(&what).is_some_and(|since| *since <= tapped_at) {
                        told.wrong.push(format!("{what} was barred before p{person} tapped at {machine}: {session}"));
                    }
                }
                true
            }
            Outcome::Done { .. } => {
                self.in_use_by.remove(machine);
                true
            }
            Outcome::Deny { .. } | Outcome::More { .. } => false,
        }
    }
}

/// A right that is taken away by one command and given back by another.
struct Bar {
    /// Who, or which machine, is barred between the two.
    what: String,
    before: Option<String>,
    bar: String,
    undo: String,
}

/// A manager with a shell.
pub struct Manager<'p> {
    place: &'p Place,
    crowd: &'p Crowd,
    dice: Dice,
    acts: u64,
}

impl<'p> Manager<'p> {
    pub fn hired(place: &'p Place, crowd: &'p Crowd, seed: u64) -> Self {
        Self { place, crowd, dice: Dice::of(seed), acts: 0 }
    }

    /// Takes rights away and gives them back, one after the other, until it is told to stop; a command that runs then is
    /// killed.
    pub async fn work(&mut self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let Bar { what, before, bar, undo } = self.chosen();
            // What an earlier command left, that was killed before it could say what it did.
            if let Some(before) = before {
                self.act(&before, &mut stop).await;
            }
            if self.act(&bar, &mut stop).await {
                self.crowd.told().barred.insert(what.clone(), Instant::now());
                let _ = tokio::time::timeout(Duration::from_millis(self.dice.below(60) as u64), stop.changed()).await;
            }
            self.crowd.told().barred.remove(&what);
            self.act(&undo, &mut stop).await;
        }
    }

    /// One of the ways to take a right away.
    fn chosen(&mut self) -> Bar {
        let person = format!("p{}", self.dice.below(PEOPLE));
        let machine = format!("machine-{}-{}", self.dice.below(CONTROLLERS.len()), self.dice.below(MACHINES_EACH));
        let of_award = format!("--person {person} --reference {REFERENCE}");
        let of_network = format!("--person {person} --scope network");
        match self.dice.below(5) {
            0 => Bar {
                bar: format!("revoke {of_award}"),
                undo: format!("award {of_award} --level 1 --issuer {ISSUER}"),
                before: None,
                what: person,
            },
            1 => Bar {
                before: Some(format!("resume {of_award}")),
                bar: format!("suspend {of_award}"),
                undo: format!("resume {of_award}"),
                what: person,
            },
            2 => Bar {
                before: Some(format!("unrestrict {of_network}")),
                bar: format!("restrict {of_network}"),
                undo: format!("unrestrict {of_network}"),
                what: person,
            },
            3 => Bar {
                // A renewal takes nothing away by itself: the award that it makes is revoked.
                before: Some(format!("renew {of_award}")),
                bar: format!("revoke {of_award}"),
                undo: format!("award {of_award} --level 1 --issuer {ISSUER}"),
                what: person,
            },
            _ => Bar {
                before: Some(format!("unlock {machine}")),
                bar: format!("lock {machine}"),
                undo: format!("unlock {machine}"),
                what: machine,
            },
        }
    }

    /// Runs a command; false where it was refused or killed.
    async fn act(&mut self, act: &str, stop: &mut watch::Receiver<bool>) -> bool {
        if *stop.borrow() {
            return false;
        }
        self.acts += 1;
        let reason = format!("act {} of the story", self.acts);
        let words: Vec<&str> = act.split(' ').chain(["--json", "--reason", &reason]).collect();
        let mut command = self.place.command(&words);
        let mut child = command.spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        let mut text = String::new();
        let ended =
            async { tokio::join!(tokio::io::AsyncReadExt::read_to_string(&mut out, &mut text), child.wait()).1 };
        let status = tokio::select! {
            status = ended => status.unwrap(),
            _ = stop.changed() => {
                child.kill().await.unwrap();
                return false;
            }
        };
        if !status.success() {
            return false;
        }
        let told: serde_json::Value = serde_json::from_str(&text).unwrap();
        let name = act.split(' ').next().unwrap_or_default().to_owned();
        self.crowd.told().done.push(Done { act: name, entry: told["entry"].as_i64().unwrap(), reason });
        true
    }
}
