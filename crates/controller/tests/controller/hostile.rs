//! A controller and the model registry, with a channel between them that drops, doubles, delays, reorders and replays
//! whatever was ever said, and with power cuts.
//!
//! Start with [`Story`]. What must hold at every instant is in [`World::check`]; what must hold once the channel is good
//! again is in [`World::all_is_well_in_the_end`].

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use tremen_controller::{Controller, Input, Instant, Output, Remembered, Security, Settings, TapResult};
use tremen_wire::{
    Action, Allowlist, Capability, Channel, Event, Intent, Key, ListedMachine, Protection, Reading, SessionId,
    StopPolicy, Up,
};

use crate::bench::{Bench, START_S, card};
use crate::model::{MACHINES, Registry, Terms, bound_ms};

/// What the world does to them.
#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Tap {
        machine: usize,
        who: u8,
        intent: Intent,
    },
    Cut,
    Back,
    Reboot,
    Stop {
        machine: usize,
        policy: StopPolicy,
    },
    Lock {
        machine: usize,
        action: Action,
    },
    /// The registry is restored from a backup that knows none of the links.
    Restore,
    Weather {
        up: Weather,
        down: Weather,
    },
    Replay(u8),
    Grants(Terms),
    Load {
        machine: usize,
        load_ma: u64,
    },
}

#[derive(Debug, Clone, Copy)]
struct Weather {
    drops_of_100: u64,
    doubles_of_100: u64,
    replays_of_100: u64,
    delay_ms: u64,
}

const CALM: Weather = Weather { drops_of_100: 0, doubles_of_100: 0, replays_of_100: 0, delay_ms: 20 };

/// For so long the offline list opens the first machine for the first card.
const LISTED_S: u64 = 300;

fn network() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

fn list() -> Allowlist {
    let Reading::Uid(uid) = card(0) else { panic!("a card has a uid") };
    let people = vec![(Allowlist::tag(&[5; 16], &uid), START_S + LISTED_S)];
    let machine = ListedMachine { opening: vec![(START_S, START_S + 86_400)], people };
    let machines = BTreeMap::from([(MACHINES[0].to_string(), machine)]);
    Allowlist { version: 1, issued_s: START_S, not_after_s: START_S + 86_400, salt: [5; 16], machines }
}

#[derive(Debug, Clone)]
struct Story {
    seed: u64,
    plain: bool,
    measures_load: bool,
    feedback: bool,
    listed: bool,
    steps: Vec<Step>,
}

fn policy() -> impl Strategy<Value = StopPolicy> {
    prop_oneof![
        Just(StopPolicy::Immediate),
        (0_u64..30).prop_map(|seconds| StopPolicy::Graceful { seconds }),
        (0_u64..60).prop_map(|longest_s| StopPolicy::FinishJob { longest_s }),
    ]
}

fn terms() -> impl Strategy<Value = Terms> {
    let lease_s = prop_oneof![Just(3_u64), Just(15), Just(60)];
    (lease_s, policy(), proptest::option::weighted(0.3, 1_u64..120)).prop_map(|(lease_s, on_lost, until_in_s)| Terms {
        lease_s,
        on_lost,
        until_in_s,
    })
}

fn weather() -> impl Strategy<Value = Weather> {
    let delay_ms = prop_oneof![Just(5_u64), Just(300), Just(3_000), Just(15_000)];
    let drops_of_100 = prop_oneof![Just(0_u64), 0_u64..70, Just(100)];
    (drops_of_100, 0_u64..50, 0_u64..50, delay_ms).prop_map(
        |(drops_of_100, doubles_of_100, replays_of_100, delay_ms)| Weather {
            drops_of_100,
            doubles_of_100,
            replays_of_100,
            delay_ms,
        },
    )
}

fn machine() -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(0_usize), 1 => Just(1_usize)]
}

fn step() -> impl Strategy<Value = Step> {
    let intent = prop_oneof![Just(Intent::Use), Just(Intent::Toggle)];
    let who = prop_oneof![3 => Just(0_u8), 1 => Just(1_u8)];
    let action = prop_oneof![1 => Just(Action::Lock), 3 => Just(Action::Unlock)];
    let load_ma = prop_oneof![Just(0_u64), Just(5_000)];
    prop_oneof![
        8 => prop_oneof![0_u64..1_000, 0_u64..12_000, 0_u64..60_000].prop_map(Step::Wait),
        8 => (machine(), who, intent).prop_map(|(machine, who, intent)| Step::Tap { machine, who, intent }),
        1 => Just(Step::Cut),
        2 => Just(Step::Back),
        1 => Just(Step::Reboot),
        1 => Just(Step::Restore),
        2 => (machine(), policy()).prop_map(|(machine, policy)| Step::Stop { machine, policy }),
        1 => (machine(), action).prop_map(|(machine, action)| Step::Lock { machine, action }),
        3 => (weather(), weather()).prop_map(|(up, down)| Step::Weather { up, down }),
        3 => (1_u8..40).prop_map(Step::Replay),
        1 => terms().prop_map(Step::Grants),
        1 => (machine(), load_ma).prop_map(|(machine, load_ma)| Step::Load { machine, load_ma }),
    ]
}

fn story() -> impl Strategy<Value = Story> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (any::<u64>(), flags, proptest::collection::vec(step(), 1..60)).prop_map(
        |(seed, (plain, measures_load, feedback, listed), steps)| Story {
            seed,
            plain,
            measures_load,
            feedback,
            listed,
            steps,
        },
    )
}

/// Numbers that look random (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.roll() % n.max(1)
    }

    fn happens(&mut self, of_100: u64) -> bool {
        self.below(100) < of_100
    }
}

#[derive(Debug, Clone)]
struct Sent {
    channel: Channel,
    bytes: Vec<u8>,
}

struct World {
    now_ms: u64,
    dice: Dice,
    settings: Settings,
    remembered: Remembered,
    controller: Controller,
    registry: Registry,
    connected: bool,
    up: Weather,
    down: Weather,
    under_way: BTreeMap<(u64, u64), Sent>,
    history: Vec<Sent>,
    sent: u64,
    relays: BTreeMap<String, bool>,
    /// Sessions that the controller has called started, and not ended.
    open: BTreeSet<SessionId>,
    /// Sessions that it has called ended, refused to stop because they are not open, or lost with its power.
    over: BTreeSet<SessionId>,
    /// Stops that it has confirmed: when the relay has to be open.
    stopped_by: BTreeMap<SessionId, u64>,
    /// The highest lock or unlock that it has confirmed, for each machine.
    locks: BTreeMap<String, u64>,
    results: Vec<TapResult>,
    events: u64,
}

impl World {
    fn new(story: &Story) -> Self {
        let security = if story.plain { Security::Plain } else { Security::Sealed(Key::new([7; 32])) };
        let mut settings = Bench::settings(security);
        if story.measures_load {
            settings.capabilities.push(Capability::Load);
        }
        if story.feedback {
            settings.capabilities.push(Capability::RelayFeedback);
        }
        settings.list_key = story.listed.then(|| network().verifying_key());
        let terms = Terms { lease_s: 15, on_lost: StopPolicy::Graceful { seconds: 5 }, until_in_s: None };
        Self {
            now_ms: 0,
            dice: Dice(story.seed),
            controller: Controller::new(settings.clone(), Remembered::default()),
            registry: Registry::new(settings.id.clone(), terms),
            settings,
            remembered: Remembered::default(),
            connected: false,
            up: CALM,
            down: CALM,
            under_way: BTreeMap::new(),
            history: Vec::new(),
            sent: 0,
            relays: BTreeMap::new(),
            open: BTreeSet::new(),
            over: BTreeSet::new(),
            stopped_by: BTreeMap::new(),
            locks: BTreeMap::new(),
            results: Vec::new(),
            events: 0,
        }
    }

    fn protection(security: &Security) -> Protection<'_> {
        match security {
            Security::Plain => Protection::Plain,
            Security::Sealed(key) => Protection::Sealed(key),
        }
    }

    fn weather(&self, channel: Channel) -> Weather {
        if channel.is_up() { self.up } else { self.down }
    }

    /// Something is said: the channel does with it what it likes.
    fn send(&mut self, sent: Sent) {
        if self.history.len() < 2_000 {
            self.history.push(sent.clone());
        }
        let weather = self.weather(sent.channel);
        if !self.dice.happens(weather.drops_of_100) {
            self.put_under_way(sent.clone());
        }
        if self.dice.happens(weather.doubles_of_100) {
            self.put_under_way(sent);
        }
        if self.dice.happens(weather.replays_of_100) {
            self.replay();
        }
    }

    fn put_under_way(&mut self, sent: Sent) {
        let delay_ms = 1 + self.dice.below(self.weather(sent.channel).delay_ms);
        self.sent += 1;
        self.under_way.insert((self.now_ms + delay_ms, self.sent), sent);
    }

    fn replay(&mut self) {
        let of = self.history.len() as u64;
        let which = usize::try_from(self.dice.below(of)).unwrap();
        if let Some(old) = self.history.get(which).cloned() {
            self.put_under_way(old);
        }
    }

    fn input(&mut self, input: Input<'_>) {
        let dice = &mut self.dice;
        let outputs = self.controller.handle(input, Instant::from_millis(self.now_ms), &mut |bytes| {
            bytes.fill_with(|| dice.roll().to_le_bytes()[0]);
        });
        let wake_at = self.controller.wake_at();
        assert!(wake_at.is_none_or(|at| at.as_millis() > self.now_ms), "it would wake in the past: {wake_at:?}");
        let mut moved = Vec::new();
        for output in outputs {
            match output {
                Output::Publish { channel: Channel::Alive, .. } => {}
                Output::Publish { channel, bytes, retained } => {
                    assert!(!retained && self.connected);
                    self.note(channel, &bytes);
                    self.send(Sent { channel, bytes });
                }
                Output::CloseRelay { machine } => {
                    let locked =
                        self.locks.get(&machine).is_some_and(|n| self.registry.order(*n).action == Action::Lock);
                    assert!(!locked, "a locked machine was closed");
                    self.relays.insert(machine.clone(), true);
                    self.check();
                    moved.push(machine);
                }
                Output::OpenRelay { machine } => {
                    self.relays.insert(machine.clone(), false);
                    moved.push(machine);
                }
                Output::Remember(remembered) => self.remembered = remembered,
                Output::Tapped { result, .. } => self.results.push(result),
                Output::Show { .. } | Output::Identify { .. } | Output::Machines(_) => {}
            }
        }
        if self.has_feedback() {
            for machine in moved {
                let closed = self.relays[&machine];
                self.input(Input::RelayIs { machine: &machine, closed });
            }
        }
        self.check();
    }

    fn has_feedback(&self) -> bool {
        self.settings.capabilities.contains(&Capability::RelayFeedback)
    }

    /// Takes the controller at its word.
    fn note(&mut self, channel: Channel, bytes: &[u8]) {
        let protection = Self::protection(&self.settings.security);
        let Ok(Up::Report(report)) = Up::decode(&self.settings.id, channel, bytes, protection) else { return };
        match (report.event, report.session) {
            (Event::Started | Event::Alive, Some(id)) => {
                assert!(!self.over.contains(&id), "a session opened again that had ended or was refused to be stopped");
                self.open.insert(id);
                if !self.has_feedback() {
                    assert_eq!(report.relay, self.relays.get(&report.machine.unwrap()).copied());
                }
            }
            (Event::Ended, Some(id)) => {
                self.open.remove(&id);
                self.over.insert(id);
            }
            (Event::Refused, _) => self.over.extend(self.registry.order(report.order.unwrap()).session),
            (Event::Confirmed, _) => {
                let order = self.registry.order(report.order.unwrap());
                if let (Some(id), Some(policy)) = (order.session, order.stop) {
                    let by = self.stopped_by.entry(id).or_insert(u64::MAX);
                    *by = (*by).min(self.now_ms + bound_ms(policy));
                } else if let Some(machine) = &order.machine {
                    let highest = self.locks.entry(machine.clone()).or_insert(0);
                    *highest = order.number.max(*highest);
                    let locked = self.registry.order(*highest).action == Action::Lock;
                    assert_eq!(self.remembered.locked.contains(machine), locked, "an old order undid a newer one");
                }
            }
            _ => {}
        }
    }

    // INVARIANT (no power without a live grant): a closed relay has a session that was granted for it, whose lease and
    // policy have not run out, which was not stopped, not ended, and not lost with the power; or the list opened it.
    fn check(&self) {
        for (machine, closed) in &self.relays {
            let live = self.registry.promises.iter().any(|(id, promise)| {
                promise.machine == *machine
                    && self.now_ms <= promise.at_the_latest_ms
                    && self.stopped_by.get(id).is_none_or(|by| self.now_ms <= *by)
                    && !self.over.contains(id)
            });
            // the list's own end, the second that clocks are told in, and the longest policy
            let listed = self.settings.list_key.is_some() && machine == MACHINES[0];
            let live = live || (listed && self.now_ms <= (LISTED_S + 1 + 60) * 1_000);
            assert!(live || !closed, "{machine} is closed at {} ms without a live grant", self.now_ms);
        }
    }

    fn run_ms(&mut self, ms: u64) {
        let until = self.now_ms + ms;
        loop {
            let arrival = self.under_way.first_key_value().map(|((at, _), _)| *at);
            let controller = self.controller.wake_at().map(|at| at.as_millis());
            let Some(next) = arrival.into_iter().chain(controller).chain(self.registry.wake_at()).min() else { break };
            if next > until {
                break;
            }
            self.events += 1;
            assert!(self.events < 200_000, "they talk without end");
            self.now_ms = self.now_ms.max(next);
            if arrival.is_some_and(|at| at <= self.now_ms) {
                self.arrives();
            } else if controller.is_some_and(|at| at <= self.now_ms) {
                self.input(Input::Tick);
            }
            self.registry.tick(self.now_ms);
            self.registry_speaks();
        }
        self.now_ms = until;
        self.check();
    }

    fn arrives(&mut self) {
        let Some((_, Sent { channel, bytes })) = self.under_way.pop_first() else { return };
        if channel.is_up() {
            self.registry.hear(channel, &bytes, Self::protection(&self.settings.security), self.now_ms);
            // INVARIANT (a hello names what runs): else a machine would run while the registry calls it free.
            for id in self.registry.closed_as_unnamed() {
                assert!(!self.open.contains(&id), "a session runs that the new link ended");
            }
        } else if self.connected {
            self.input(Input::Message { channel, bytes: &bytes });
        }
    }

    fn registry_speaks(&mut self) {
        for message in self.registry.take() {
            let bytes = message.encode(&self.settings.id, Self::protection(&self.settings.security));
            self.send(Sent { channel: message.channel(), bytes });
        }
    }

    fn connect(&mut self) {
        self.connected = true;
        self.input(Input::Connected);
        let bytes = list().sign(&self.settings.id, &network());
        self.input(Input::Message { channel: Channel::Allowlist, bytes: &bytes });
    }

    fn live(&mut self, step: &Step) {
        match *step {
            Step::Wait(ms) => self.run_ms(ms),
            Step::Tap { machine, who, intent } => {
                self.input(Input::Tap { machine: MACHINES[machine], reading: card(who), intent });
            }
            Step::Cut => {
                self.connected = false;
                self.input(Input::Disconnected);
            }
            Step::Back => self.connect(),
            Step::Reboot => {
                self.controller = Controller::new(self.settings.clone(), self.remembered.clone());
                self.relays.clear();
                self.open.clear();
                self.over.extend(self.registry.promises.keys());
                self.connect();
            }
            Step::Stop { machine, policy } => {
                if let Some(id) = self.registry.open_at(MACHINES[machine]) {
                    self.registry.stop(id, policy, self.now_ms);
                }
            }
            Step::Lock { machine, action } => self.registry.lock(MACHINES[machine], action, self.now_ms),
            Step::Weather { up, down } => (self.up, self.down) = (up, down),
            Step::Restore => self.registry.forget_links(),
            Step::Replay(times) => (0..times).for_each(|_| self.replay()),
            Step::Grants(terms) => self.registry.terms = terms,
            Step::Load { machine, load_ma } => self.input(Input::Load { machine: MACHINES[machine], load_ma }),
        }
        self.registry_speaks();
    }

    fn tap(&mut self) {
        self.input(Input::Tap { machine: MACHINES[0], reading: card(0), intent: Intent::Use });
    }

    fn all_is_well_in_the_end(&mut self) {
        (self.up, self.down) = (CALM, CALM);
        if !self.connected {
            self.connect();
        }
        self.registry.terms = Terms { lease_s: 15, on_lost: StopPolicy::Immediate, until_in_s: None };
        // 60 s for a hello, or 10 s for a dead link to be noticed by a tap, and then it is linked for good.
        self.results.clear();
        for _ in 0..9 {
            self.tap();
            self.run_ms(11_000);
        }
        let answered = self.results.iter().any(|result| matches!(result, TapResult::Answered { .. }));
        assert!(answered && self.controller.is_linked(), "stuck: {:?}", self.results);
        self.run_ms(200_000);

        assert_eq!(self.remembered.offline_uses, [], "every use by the list is noted");
        assert_eq!(self.registry.orders_open(), Vec::<u64>::new(), "every order is settled");
        for machine in MACHINES {
            let open = self.registry.open_at(machine);
            assert!(open.is_none_or(|id| !self.registry.is_being_stopped(id)), "a stop was lost");
            let closed = self.relays.get(machine).copied().unwrap_or(false);
            assert_eq!(closed, open.is_some(), "{machine}: controller and registry disagree");
        }
        self.results.clear();
        self.tap();
        self.run_ms(500);
        assert!(matches!(&self.results[..], [TapResult::Answered { .. }]), "{:?}", self.results);
    }
}

fn tell(story: &Story) -> World {
    let mut world = World::new(story);
    world.connect();
    for step in &story.steps {
        world.live(step);
    }
    world.all_is_well_in_the_end();
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(400), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_channel_does_no_relay_is_closed_without_a_live_grant_and_nobody_is_stuck(story in story()) {
        tell(&story);
    }
}

#[test]
fn a_use_by_the_list_is_noted_when_contact_is_back() {
    let tap = Step::Tap { machine: 0, who: 0, intent: Intent::Use };
    let steps = vec![Step::Wait(1_000), Step::Cut, tap, Step::Wait(60_000)];
    let mut world =
        World::new(&Story { seed: 1, plain: false, measures_load: false, feedback: true, listed: true, steps: vec![] });
    world.connect();
    for step in &steps {
        world.live(step);
    }
    assert!(world.relays[MACHINES[0]]);
    assert_eq!(world.remembered.offline_uses.len(), 1);
    world.all_is_well_in_the_end();
}

#[test]
fn in_fair_weather_the_model_and_the_controller_get_on() {
    let tap = Step::Tap { machine: 0, who: 0, intent: Intent::Toggle };
    let steps = vec![Step::Wait(1_000), tap.clone(), Step::Wait(100_000)];
    let mut world = World::new(&Story {
        seed: 1,
        plain: false,
        measures_load: false,
        feedback: true,
        listed: false,
        steps: vec![],
    });
    world.connect();
    for step in &steps {
        world.live(step);
    }
    assert!(world.relays[MACHINES[0]], "a lease of 15 s is renewed for 100 s");
    world.live(&tap);
    world.run_ms(100);
    assert!(!world.relays[MACHINES[0]]);
    let followed = world.results.iter().filter(|r| matches!(r, TapResult::Answered { followed: true, .. }));
    assert_eq!(followed.count(), 2);
}
