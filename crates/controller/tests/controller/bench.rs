//! A controller on a bench: time is turned by hand, the relay is a map, and the test plays the registry.

use std::collections::BTreeMap;

use tremen_controller::{Controller, Input, Instant, Output, Remembered, Security, Settings, TapResult};
use tremen_wire::{
    Action, Answer, Ask, Capability, Channel, ControllerId, Down, Event, Hello, Intent, Key, Lease, Link, MachineCard,
    Order, Outcome, Protection, Reading, Report, SessionId, ShownState, StopPolicy, Uid, Up, Welcome,
};

pub const LASER: &str = "trotec-speedy";
pub const PRUSA: &str = "prusa-1";
pub const S1: SessionId = SessionId([0x51; 8]);
pub const S2: SessionId = SessionId([0x52; 8]);
/// The registry's clock at the beginning of each test.
pub const START_S: u64 = 1_795_424_400;
const KEY: [u8; 32] = [7; 32];

pub fn graceful(seconds: u64) -> StopPolicy {
    StopPolicy::Graceful { seconds }
}

pub fn card(last: u8) -> Reading {
    Reading::Uid(Uid::new(&[4, 1, 2, last]).unwrap())
}

pub struct Bench {
    pub controller: Controller,
    pub settings: Settings,
    pub link: Option<Link>,
    pub remembered: Remembered,
    relays: BTreeMap<String, bool>,
    log: Vec<(u64, Output)>,
    now_ms: u64,
    draws: u64,
}

impl Bench {
    pub fn new(settings: Settings, remembered: Remembered) -> Self {
        Self {
            controller: Controller::new(settings.clone(), remembered.clone()),
            settings,
            link: None,
            remembered,
            relays: BTreeMap::new(),
            log: Vec::new(),
            now_ms: 0,
            draws: 0,
        }
    }

    pub fn settings(security: Security) -> Settings {
        Settings::new(ControllerId::parse("ubo-laser").unwrap(), security, "test 1.0.0")
    }

    pub fn sealed() -> Self {
        Self::new(Self::settings(Security::Sealed(Key::new(KEY))), Remembered::default())
    }

    pub fn plain() -> Self {
        Self::new(Self::settings(Security::Plain), Remembered::default())
    }

    pub fn able_to(capabilities: &[Capability]) -> Self {
        let mut settings = Self::settings(Security::Sealed(Key::new(KEY)));
        settings.capabilities = capabilities.to_vec();
        Self::new(settings, Remembered::default())
    }

    /// Connected, welcomed in link 1, its `linked` noted.
    pub fn linked(mut self) -> Self {
        self.connect();
        self.welcome(1);
        self.note_linked();
        self.take();
        self
    }

    /// A session of `lease_s` seconds on the laser, its `started` noted.
    pub fn running(mut self, lease_s: u64, on_lost: StopPolicy) -> Self {
        self.tap(LASER, Intent::Use);
        let ask = self.ask();
        self.grant(&ask, S1, lease_s, None, on_lost);
        let started = self.report(Event::Started);
        self.lease(started.n, S1, lease_s, on_lost);
        self.take();
        self
    }

    /// The power goes and comes back.
    pub fn reboot(&mut self) {
        self.controller = Controller::new(self.settings.clone(), self.remembered.clone());
        self.relays.clear();
        self.link = None;
    }

    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    pub fn input(&mut self, input: Input<'_>) -> Vec<Output> {
        let draws = &mut self.draws;
        let outputs = self.controller.handle(input, Instant::from_millis(self.now_ms), &mut |bytes| {
            *draws += 1;
            bytes.fill(0);
            for (to, from) in bytes.iter_mut().zip(draws.to_be_bytes().iter().rev()) {
                *to = *from;
            }
        });
        for output in &outputs {
            self.log.push((self.now_ms, output.clone()));
            match output {
                Output::CloseRelay { machine } => drop(self.relays.insert(machine.clone(), true)),
                Output::OpenRelay { machine } => drop(self.relays.insert(machine.clone(), false)),
                Output::Remember(remembered) => self.remembered = remembered.clone(),
                _ => {}
            }
        }
        let wake_at = self.controller.wake_at();
        assert!(wake_at.is_none_or(|at| at.as_millis() > self.now_ms), "it would wake in the past: {wake_at:?}");
        outputs
    }

    pub fn connect(&mut self) {
        self.input(Input::Connected);
    }

    /// Lets time pass, waking the controller when it asks for it.
    pub fn wait_ms(&mut self, ms: u64) {
        let until = self.now_ms + ms;
        while let Some(at) = self.controller.wake_at().filter(|at| at.as_millis() <= until) {
            self.now_ms = at.as_millis();
            self.input(Input::Tick);
        }
        self.now_ms = until;
    }

    pub fn wait_s(&mut self, s: u64) {
        self.wait_ms(s * 1_000);
    }

    /// Lets time pass while the controller is not looked after.
    pub fn oversleep_s(&mut self, s: u64) {
        self.now_ms += s * 1_000;
    }

    fn protection(&self) -> Protection<'_> {
        match &self.settings.security {
            Security::Plain => Protection::Plain,
            Security::Sealed(key) => Protection::Sealed(key),
        }
    }

    pub fn bytes(&self, message: &Down) -> Vec<u8> {
        message.encode(&self.settings.id, self.protection())
    }

    pub fn raw(&mut self, channel: Channel, bytes: &[u8]) -> Vec<Output> {
        self.input(Input::Message { channel, bytes })
    }

    pub fn down(&mut self, message: &Down) -> Vec<Output> {
        let bytes = self.bytes(message);
        self.raw(message.channel(), &bytes)
    }

    // What the registry says.

    pub fn welcome_to(&self, hello: &Hello, link: u8) -> Welcome {
        let machine = |id: &str, title: &str| MachineCard {
            machine: id.into(),
            title: title.into(),
            state: ShownState::Free,
            on_lost: graceful(20),
        };
        Welcome {
            link: Link([link; 8]),
            challenge: hello.challenge,
            at_s: START_S + self.now_ms / 1_000,
            machines: vec![machine(LASER, "Laser"), machine(PRUSA, "Prusa")],
        }
    }

    /// Answers the latest hello.
    pub fn welcome(&mut self, link: u8) {
        let welcome = self.welcome_to(&self.hello(), link);
        self.link = Some(welcome.link);
        self.down(&Down::Welcome(welcome));
    }

    pub fn note_linked(&mut self) {
        let n = self.report(Event::Linked).n;
        self.note(n);
    }

    /// A lease of 0 without a session.
    pub fn note(&mut self, n: Option<u64>) {
        self.down(&Down::Lease(Lease {
            link: self.link,
            n,
            machine: None,
            session: None,
            lease_s: 0,
            until_s: None,
            on_lost: None,
        }));
    }

    pub fn lease(&mut self, n: Option<u64>, session: SessionId, lease_s: u64, on_lost: StopPolicy) {
        self.down(&Down::Lease(Lease {
            link: self.link,
            n,
            machine: Some(LASER.into()),
            session: Some(session),
            lease_s,
            until_s: None,
            on_lost: (lease_s > 0).then_some(on_lost),
        }));
    }

    pub fn answer(&mut self, ask: &Ask, outcome: Outcome) -> Vec<Output> {
        let answer = Answer {
            link: self.link,
            nonce: ask.nonce,
            machine: ask.machine.clone(),
            lcd: ["Bonjour Marie".into(), "".into()],
            outcome,
        };
        self.down(&Down::Answer(answer))
    }

    pub fn grant(&mut self, ask: &Ask, session: SessionId, lease_s: u64, until_s: Option<u64>, on_lost: StopPolicy) {
        self.answer(ask, Outcome::Grant { session, lease_s, until_s, on_lost });
    }

    pub fn order(&mut self, number: u64, action: Action) {
        self.down(&Down::Order(self.order_of(number, action)));
    }

    pub fn order_of(&self, number: u64, action: Action) -> Order {
        Order {
            link: self.link,
            number,
            action,
            machine: Some(LASER.into()),
            session: None,
            stop: None,
            reason: None,
            lcd: None,
            detail: None,
        }
    }

    pub fn stop(&mut self, number: u64, session: SessionId, policy: StopPolicy) {
        let order = Order {
            session: Some(session),
            stop: Some(policy),
            reason: Some("award_revoked".into()),
            ..self.order_of(number, Action::Stop)
        };
        self.down(&Down::Order(order));
    }

    // What people do.

    pub fn tap(&mut self, machine: &str, intent: Intent) {
        self.tap_with(machine, card(3), intent);
    }

    pub fn tap_with(&mut self, machine: &str, reading: Reading, intent: Intent) {
        self.input(Input::Tap { machine, reading, intent });
    }

    // What the controller did.

    pub fn is_closed(&self, machine: &str) -> bool {
        self.relays.get(machine).copied().unwrap_or(false)
    }

    /// Forgets what was done so far.
    pub fn take(&mut self) -> Vec<(u64, Output)> {
        std::mem::take(&mut self.log)
    }

    /// All that was said since the last [`Bench::take`], with its milliseconds.
    pub fn said(&self) -> Vec<(u64, Up)> {
        let said = self.log.iter().filter_map(|(at, output)| match output {
            Output::Publish { channel, bytes, .. } if *channel != Channel::Alive => {
                let up = Up::decode(&self.settings.id, *channel, bytes, self.protection());
                Some((*at, up.unwrap_or_else(|e| panic!("it said what it may not: {e:?} {bytes:?}"))))
            }
            _ => None,
        });
        said.collect()
    }

    pub fn hellos(&self) -> Vec<(u64, Hello)> {
        let hello = |(at, up)| if let Up::Hello(hello) = up { Some((at, hello)) } else { None };
        self.said().into_iter().filter_map(hello).collect()
    }

    pub fn hello(&self) -> Hello {
        self.hellos().last().expect("no hello was said").1.clone()
    }

    pub fn asks(&self) -> Vec<(u64, Ask)> {
        let ask = |(at, up)| if let Up::Ask(ask) = up { Some((at, ask)) } else { None };
        self.said().into_iter().filter_map(ask).collect()
    }

    pub fn ask(&self) -> Ask {
        self.asks().last().expect("nothing was asked").1.clone()
    }

    pub fn reports(&self, event: Event) -> Vec<(u64, Report)> {
        let report = |(at, up)| match up {
            Up::Report(report) if report.event == event => Some((at, report)),
            _ => None,
        };
        self.said().into_iter().filter_map(report).collect()
    }

    pub fn report(&self, event: Event) -> Report {
        self.reports(event).last().unwrap_or_else(|| panic!("no {event:?} was reported")).1.clone()
    }

    /// When they were said, in milliseconds since `from`.
    pub fn times<T>(said: &[(u64, T)], from: u64) -> Vec<u64> {
        said.iter().map(|(at, _)| at - from).collect()
    }

    pub fn results(&self) -> Vec<TapResult> {
        let result = |(_, output): &(u64, Output)| match output {
            Output::Tapped { result, .. } => Some(result.clone()),
            _ => None,
        };
        self.log.iter().filter_map(result).collect()
    }

    pub fn shown(&self) -> Option<[String; 2]> {
        let lcd = |(_, output): &(u64, Output)| match output {
            Output::Show { lcd, .. } => Some(lcd.clone()),
            _ => None,
        };
        self.log.iter().filter_map(lcd).next_back()
    }
}
