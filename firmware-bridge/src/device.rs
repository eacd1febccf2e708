//! The controller with its hands: whatever `tremen-controller` says is done here, in its order. Start at
//! [`Device::handle`].
//!
//! When something cannot be done (the relay does not switch, the disk is full), the device stops with its relay open
//! rather than go on with half of it done.

use tremen_controller::{Controller, Input, Instant, Output, Remembered, Settings, TapResult};
use tremen_wire::{Capability, Channel, Intent, MachineCard, Reading, Uid};

use crate::key_file::KeyFile;
use crate::relay::{Relay, RelayError};
use crate::screen::Screen;
use crate::state::{StateError, StateFile};

/// A word instead of a card counts for the next card within this time, in milliseconds.
const WORD_COUNTS_MS: u64 = 15_000;

/// Why the device had to stop.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The relay does not switch.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// What must be remembered cannot be stored.
    #[error(transparent)]
    State(#[from] StateError),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes, and without them anybody could guess what this controller says next")]
    Random,
}

/// A message to publish at QoS 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The channel of its topic.
    pub channel: Channel,
    /// Its payload.
    pub bytes: Vec<u8>,
    /// Whether the broker keeps it.
    pub retained: bool,
}

/// A controller, its relay, its screen and its memory.
#[derive(Debug)]
pub struct Device {
    controller: Controller,
    /// The machine whose relay this is; none until the registry told, where nobody else did.
    machine: Option<String>,
    intent: Intent,
    next_intent: Option<(Intent, Instant)>,
    relay: Relay,
    state: StateFile,
    screen: Screen,
    is_linked: bool,
}

impl Device {
    /// Powers the device up: the relay opens before anything else.
    ///
    /// # Errors
    /// [`DeviceError`] when the relay does not switch or the memory cannot be read.
    pub fn start(
        key: &KeyFile,
        machine: Option<String>,
        intent: Intent,
        mut relay: Relay,
        state: StateFile,
        screen: Screen,
    ) -> Result<Self, DeviceError> {
        relay.set(false)?;
        let remembered: Remembered = state.load()?;
        let firmware = concat!("tremen-bridge ", env!("CARGO_PKG_VERSION"));
        let settings = Settings {
            capabilities: vec![Capability::Lcd],
            ..Settings::new(key.controller.clone(), key.security.clone(), firmware)
        };
        let controller = Controller::new(settings, remembered);
        Ok(Self { controller, machine, intent, next_intent: None, relay, state, screen, is_linked: false })
    }

    /// When to call [`Device::handle`] with [`Input::Tick`], if nothing else happens before.
    #[must_use]
    pub fn wake_at(&self) -> Option<Instant> {
        self.controller.wake_at()
    }

    /// Whether the machine has power.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.relay.is_closed()
    }

    /// A word came instead of a card: it says what the next card is for.
    pub fn intend(&mut self, intent: Intent, now: Instant) {
        self.screen.line(&format!("next card: {intent}"));
        self.next_intent = Some((intent, now));
    }

    /// A card came.
    ///
    /// # Errors
    /// As for [`Device::handle`].
    pub fn tap(&mut self, card: Uid, now: Instant) -> Result<Vec<Message>, DeviceError> {
        let spoken = self.next_intent.take().filter(|(_, at)| now.ms_since(*at) < WORD_COUNTS_MS);
        let intent = spoken.map_or(self.intent, |(intent, _)| intent);
        let Some(machine) = self.machine.clone() else {
            self.screen.line("the registry has not said yet which machine this is; the card is not asked for");
            return Ok(Vec::new());
        };
        self.handle(Input::Tap { machine: &machine, reading: Reading::Uid(card), intent }, now)
    }

    /// Takes what happened, does what the controller says, and gives what is to be published.
    ///
    /// # Errors
    /// [`DeviceError`]; the relay is open then, or was told to be.
    pub fn handle(&mut self, input: Input<'_>, now: Instant) -> Result<Vec<Message>, DeviceError> {
        let mut guessable = false;
        let outputs = self.controller.handle(input, now, &mut |bytes| guessable |= getrandom::fill(bytes).is_err());
        if guessable {
            return Err(self.fail(DeviceError::Random));
        }
        let mut messages = Vec::new();
        for output in outputs {
            self.put(output, &mut messages).map_err(|error| self.fail(error))?;
        }
        let is_linked = self.controller.is_linked();
        if is_linked && !std::mem::replace(&mut self.is_linked, is_linked) {
            self.screen.line("linked with the registry");
        }
        Ok(messages)
    }

    /// Opens the relay and reports that what ran has ended.
    ///
    /// # Errors
    /// As for [`Device::handle`].
    pub fn stop(&mut self, now: Instant) -> Result<Vec<Message>, DeviceError> {
        let was_closed = self.relay.is_closed();
        self.relay.set(false)?;
        self.screen.line("stopping: the relay is open");
        match self.machine.clone().filter(|_| was_closed) {
            Some(machine) => self.handle(Input::RelayIs { machine: &machine, closed: false }, now),
            None => Ok(Vec::new()),
        }
    }

    fn fail(&mut self, why: DeviceError) -> DeviceError {
        if let Err(error) = self.relay.set(false) {
            tracing::error!(%error, "the machine may still have power");
        }
        why
    }

    fn put(&mut self, output: Output, messages: &mut Vec<Message>) -> Result<(), DeviceError> {
        match output {
            Output::Publish { channel, bytes, retained } => messages.push(Message { channel, bytes, retained }),
            Output::CloseRelay { machine } => self.switch(&machine, true)?,
            Output::OpenRelay { machine } => self.switch(&machine, false)?,
            Output::Show { lcd, .. } => self.screen.lcd(&lcd),
            Output::Identify { .. } => self.screen.line("*** here I am ***\u{7}"),
            Output::Machines(machines) => self.learn(&machines),
            Output::Remember(remembered) => self.state.store(&remembered)?,
            Output::Tapped { result, .. } => self.tell(&result),
        }
        Ok(())
    }

    fn switch(&mut self, machine: &str, closed: bool) -> Result<(), RelayError> {
        if self.machine.as_deref().is_some_and(|own| own != machine) {
            return Ok(()); // this controller serves others too; this relay is not theirs
        }
        let before = self.relay.is_closed();
        self.relay.set(closed)?;
        if before != closed {
            self.screen.line(if closed { "relay CLOSED: the machine has power" } else { "relay open: no power" });
        }
        Ok(())
    }

    fn learn(&mut self, machines: &[MachineCard]) {
        let names: Vec<&str> = machines.iter().map(|card| card.machine.as_str()).collect();
        match (&self.machine, names.as_slice()) {
            (Some(own), _) if !names.contains(&own.as_str()) => {
                let said =
                    format!("the registry does not let this controller serve `{own}`, only: {}", names.join(", "));
                self.screen.line(&said);
            }
            (Some(_), _) => {}
            (None, [only]) => {
                self.screen.line(&format!("this is `{only}`"));
                self.machine = Some((*only).to_owned());
            }
            (None, []) => self.screen.line("the registry lets this controller serve no machine yet"),
            (None, [_, _, ..]) => {
                self.screen.line(&format!("say which machine this relay is for with --machine: {}", names.join(", ")));
            }
        }
    }

    fn tell(&mut self, result: &TapResult) {
        let said = match result {
            TapResult::Answered { followed: true, .. } => return, // the display says it
            TapResult::Answered { followed: false, .. } => "the answer came too late, or the machine is locked",
            TapResult::OpenedByList => "granted by the offline list",
            TapResult::EndedByList => "ended",
            TapResult::Unreachable => "the registry cannot be reached",
            TapResult::Waiting => "another card is being asked for; this one was not heard",
        };
        self.screen.line(said);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tremen_controller::Security;
    use tremen_wire::{
        Action, Answer, Ask, ControllerId, Down, Event, Key, Lease, Link, Order, Outcome, Protection, Report,
        SessionId, ShownState, StopPolicy, Up, Welcome,
    };

    use super::*;
    use crate::state::tests::Folder;

    const KEY: [u8; 32] = [7; 32];
    const LINK: Link = Link([1; 8]);
    const SESSION: SessionId = SessionId([5; 8]);

    /// A device on a bench; the test plays the registry.
    struct Bench {
        device: Device,
        id: ControllerId,
        key: Key,
        contact: PathBuf,
        now_ms: u64,
        said: Vec<Up>,
        _folder: Folder,
    }

    impl Bench {
        fn new(name: &str, machine: Option<&str>) -> Self {
            let folder = Folder::new(name);
            let contact = folder.0.join("value");
            std::fs::write(&contact, "1").unwrap();
            let id = ControllerId::parse("ubo-laser").unwrap();
            let key = KeyFile {
                controller: id.clone(),
                password: "secret".to_owned(),
                security: Security::Sealed(Key::new(KEY)),
                broker: "mqtt://127.0.0.1".to_owned(),
            };
            let relay = Relay::parse(&format!("file:{}", contact.display())).unwrap();
            let state = StateFile::new(&folder.0, &id).unwrap();
            let machine = machine.map(str::to_owned);
            let device =
                Device::start(&key, machine, Intent::Toggle, relay, state, Screen::new(std::io::sink())).unwrap();
            Self { device, id, key: Key::new(KEY), contact, now_ms: 0, said: Vec::new(), _folder: folder }
        }

        fn now(&self) -> Instant {
            Instant::from_millis(self.now_ms)
        }

        fn contact(&self) -> String {
            std::fs::read_to_string(&self.contact).unwrap()
        }

        fn hear(&mut self, messages: Vec<Message>) {
            for message in messages.into_iter().filter(|message| message.channel != Channel::Alive) {
                self.said.push(
                    Up::decode(&self.id, message.channel, &message.bytes, Protection::Sealed(&self.key)).unwrap(),
                );
            }
        }

        fn input(&mut self, input: Input<'_>) {
            let messages = self.device.handle(input, self.now()).unwrap();
            self.hear(messages);
        }

        fn down(&mut self, message: &Down) {
            let bytes = message.encode(&self.id, Protection::Sealed(&self.key));
            self.input(Input::Message { channel: message.channel(), bytes: &bytes });
        }

        fn tap(&mut self) {
            let messages = self.device.tap(Uid::new(&[4, 1, 2, 3]).unwrap(), self.now()).unwrap();
            self.hear(messages);
        }

        fn link(&mut self, machines: &[&str]) {
            self.input(Input::Connected);
            let Some(Up::Hello(hello)) = self.said.last().cloned() else { panic!("no hello: {:?}", self.said) };
            let card = |machine: &&str| MachineCard {
                machine: (*machine).to_owned(),
                title: "Laser".to_owned(),
                state: ShownState::Free,
                on_lost: StopPolicy::Immediate,
            };
            let machines = machines.iter().map(card).collect();
            self.down(&Down::Welcome(Welcome {
                link: LINK,
                challenge: hello.challenge,
                at_s: 1_795_701_600,
                machines,
            }));
        }

        fn ask(&self) -> Ask {
            let ask = |up: &Up| if let Up::Ask(ask) = up { Some(ask.clone()) } else { None };
            self.said.iter().rev().find_map(ask).expect("nothing was asked")
        }

        fn reports(&self, event: Event) -> Vec<Report> {
            let report = |up: &Up| if let Up::Report(report) = up { Some(report.clone()) } else { None };
            self.said.iter().filter_map(report).filter(|report| report.event == event).collect()
        }

        fn grant(&mut self) {
            let ask = self.ask();
            let outcome =
                Outcome::Grant { session: SESSION, lease_s: 60, until_s: None, on_lost: StopPolicy::Immediate };
            let lcd = ["Bonjour".to_owned(), String::new()];
            self.down(&Down::Answer(Answer { link: Some(LINK), nonce: ask.nonce, machine: ask.machine, lcd, outcome }));
        }
    }

    #[test]
    fn the_relay_opens_before_anything_else() {
        let bench = Bench::new("device-boot", None);
        assert_eq!(bench.contact(), "0");
    }

    #[test]
    fn a_grant_closes_the_relay_and_a_stop_order_opens_it() {
        let mut bench = Bench::new("device-grant", None);
        bench.link(&["trotec-speedy"]);
        bench.tap();
        assert_eq!((bench.ask().machine.as_str(), bench.ask().intent), ("trotec-speedy", Intent::Toggle));
        assert_eq!(bench.contact(), "0");
        bench.grant();
        assert_eq!(bench.contact(), "1");
        bench.down(&Down::Order(Order {
            link: Some(LINK),
            number: 9,
            action: Action::Stop,
            machine: Some("trotec-speedy".to_owned()),
            session: Some(SESSION),
            stop: Some(StopPolicy::Immediate),
            reason: Some("award_revoked".to_owned()),
            lcd: None,
            detail: None,
        }));
        assert_eq!(bench.contact(), "0");
        assert_eq!(bench.reports(Event::Ended).len(), 1);
        assert_eq!(bench.device.state.load().unwrap().last_order, 9, "on the disk");
    }

    #[test]
    fn without_the_registry_the_relay_opens_when_the_lease_has_run_out() {
        let mut bench = Bench::new("device-lost", None);
        bench.link(&["trotec-speedy"]);
        bench.tap();
        bench.grant();
        bench.input(Input::Disconnected);
        bench.now_ms = 59_999;
        bench.input(Input::Tick);
        assert_eq!(bench.contact(), "1");
        bench.now_ms = 60_000;
        bench.input(Input::Tick);
        assert_eq!(bench.contact(), "0");
    }

    #[test]
    fn a_clean_stop_opens_the_relay_and_says_ended() {
        let mut bench = Bench::new("device-stop", None);
        bench.link(&["trotec-speedy"]);
        bench.tap();
        bench.grant();
        bench.now_ms = 5_000;
        let messages = bench.device.stop(bench.now()).unwrap();
        assert_eq!(bench.contact(), "0");
        bench.hear(messages);
        let ended = bench.reports(Event::Ended);
        assert_eq!((ended[0].session, ended[0].used_s), (Some(SESSION), Some(5)));
    }

    #[test]
    fn a_controller_of_several_machines_must_be_told_which_one_this_is() {
        let mut bench = Bench::new("device-several", None);
        bench.link(&["prusa-1", "trotec-speedy"]);
        bench.tap();
        assert!(!bench.said.iter().any(|up| matches!(up, Up::Ask(_))));
        let mut bench = Bench::new("device-told", Some("prusa-1"));
        bench.link(&["prusa-1", "trotec-speedy"]);
        bench.tap();
        assert_eq!(bench.ask().machine, "prusa-1");
    }

    #[test]
    fn a_word_counts_for_the_next_card_alone_and_not_for_long() {
        let mut bench = Bench::new("device-word", None);
        bench.link(&["trotec-speedy"]);
        bench.device.intend(Intent::Supervise, bench.now());
        bench.tap();
        assert_eq!(bench.ask().intent, Intent::Supervise);
        bench.grant();
        bench.tap();
        assert_eq!(bench.ask().intent, Intent::Toggle);
        bench.grant();
        bench.device.intend(Intent::Supervise, bench.now());
        bench.now_ms += 15_000;
        bench.tap();
        assert_eq!(bench.ask().intent, Intent::Toggle);
    }

    #[test]
    fn a_relay_that_does_not_switch_stops_the_device() {
        let mut bench = Bench::new("device-broken", None);
        bench.link(&["trotec-speedy"]);
        bench.tap();
        std::fs::remove_file(&bench.contact).unwrap();
        let ask = bench.ask();
        let answer = Down::Answer(Answer {
            link: Some(LINK),
            nonce: ask.nonce,
            machine: ask.machine,
            lcd: [String::new(), String::new()],
            outcome: Outcome::Grant { session: SESSION, lease_s: 60, until_s: None, on_lost: StopPolicy::Immediate },
        });
        let bytes = answer.encode(&bench.id, Protection::Sealed(&bench.key));
        let now = bench.now();
        let error = bench.device.handle(Input::Message { channel: Channel::Answer, bytes: &bytes }, now).unwrap_err();
        assert!(matches!(error, DeviceError::Relay(_)), "{error}");
        assert!(!bench.device.is_closed());
    }

    #[test]
    fn a_lock_outlives_a_power_cut() {
        let mut bench = Bench::new("device-lock", None);
        bench.link(&["trotec-speedy"]);
        bench.down(&Down::Order(Order {
            link: Some(LINK),
            number: 3,
            action: Action::Lock,
            machine: Some("trotec-speedy".to_owned()),
            session: None,
            stop: None,
            reason: None,
            lcd: None,
            detail: None,
        }));
        assert!(bench.device.state.load().unwrap().locked.contains("trotec-speedy"));
    }

    #[test]
    fn a_lease_of_nought_ends_what_runs() {
        let mut bench = Bench::new("device-nought", None);
        bench.link(&["trotec-speedy"]);
        bench.tap();
        bench.grant();
        let n = bench.reports(Event::Started)[0].n;
        bench.down(&Down::Lease(Lease {
            link: Some(LINK),
            n,
            machine: Some("trotec-speedy".to_owned()),
            session: Some(SESSION),
            lease_s: 0,
            until_s: None,
            on_lost: None,
        }));
        assert_eq!(bench.contact(), "0");
    }
}
