//! The reference controller of the Tremen wire, version 1: a state machine without input or output.
//!
//! Start with [`Controller::handle`]: something happened ([`Input`]) at an instant, and this is to be done ([`Output`]).
//! The flow of one call is in [`Controller::handle`] and its `due`; the files beside it are named by the sections of the
//! wire: `link`, `asking`, `session` with `reports`, `orders`, `offline`.
//!
//! A controller must never close a relay but on a grant that carries session, lease and what to do when it is lost, or by
//! the signed offline list; and it must never read a clock, a random source or a file.
#![no_std]

extern crate alloc;

mod asking;
mod barred;
mod io;
mod link;
mod machine;
mod offline;
mod orders;
mod reports;
mod session;
mod settings;
mod time;
mod turn;

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use tremen_wire::{Allowlist, Capability, Channel, Down, Event, Report, SessionId};

use crate::barred::Barred;
use crate::link::Line;
use crate::machine::{Machine, named};
use crate::reports::Debts;
use crate::session::Session;
use crate::time::Clock;
use crate::turn::Turn;

pub use crate::io::{Input, Output, TapResult};
pub use crate::settings::{OfflineUse, Remembered, Security, Settings};
pub use crate::time::Instant;

/// A controller: one link with the registry, and some machines.
#[derive(Debug)]
pub struct Controller {
    settings: Settings,
    remembered: Remembered,
    line: Line,
    clock: Option<Clock>,
    machines: BTreeMap<String, Machine>,
    debts: Debts,
    barred: Barred,
    list: Option<Allowlist>,
    latest: Instant,
}

impl Controller {
    /// A controller that has just started: every relay open, no link yet.
    #[must_use]
    pub fn new(settings: Settings, remembered: Remembered) -> Self {
        let start = Instant::from_millis(0);
        let mut debts = Debts::default();
        for used in &remembered.offline_uses {
            debts.owe_offline_use(used.clone(), start);
        }
        Self {
            line: Line::new(settings.id.clone(), settings.security.clone()),
            settings,
            remembered,
            clock: None,
            machines: BTreeMap::new(),
            debts,
            barred: Barred::default(),
            list: None,
            latest: start,
        }
    }

    /// Takes what happened at `now`, and says what to do, in order.
    ///
    /// `random` fills a buffer with bytes that nobody can guess. An instant before the last one counts as the last one.
    pub fn handle(&mut self, input: Input<'_>, now: Instant, random: &mut dyn FnMut(&mut [u8])) -> Vec<Output> {
        self.latest = self.latest.max(now);
        let mut turn = Turn { now: self.latest, random, out: Vec::new() };
        // What was due before comes first: a lease that ran out is not saved by a message that is read after its end.
        self.due(&mut turn);
        match input {
            Input::Connected => self.connected(&mut turn),
            Input::Disconnected => self.disconnected(),
            Input::Message { channel, bytes } => self.message(channel, bytes, &mut turn),
            Input::Tap { machine, reading, intent } => self.tap(machine, reading, intent, &mut turn),
            Input::RelayIs { machine, closed } => self.relay_is(machine, closed, &mut turn),
            Input::Load { machine, load_ma } => {
                let idle_below_ma = self.settings.idle_below_ma;
                let now = turn.now;
                self.machine(machine, &mut turn).load.read(load_ma, idle_below_ma, now);
            }
            Input::Button { machine } => {
                self.notice(Report { machine: named(machine), ..Report::new(Event::Button) }, turn.now);
            }
            Input::Tamper { detail } => {
                let detail = detail.get(..detail.floor_char_boundary(200)).map(ToString::to_string);
                self.notice(Report { detail, ..Report::new(Event::Tamper) }, turn.now);
            }
            Input::Clock { at_s } => {
                if !self.line.is_linked() {
                    self.clock = Some(Clock::told(at_s, turn.now, turn.now));
                }
            }
            Input::Tick => {}
        }
        self.due(&mut turn);
        turn.out
    }

    /// When to call [`Controller::handle`] with [`Input::Tick`], if nothing else happens before.
    #[must_use]
    pub fn wake_at(&self) -> Option<Instant> {
        let debts = self.debts.wake_at().filter(|_| self.line.can_report());
        let machines = self.machines.values().flat_map(|machine| {
            let session = machine.session.as_ref();
            [
                machine.tap.as_ref().map(asking::Tap::wake_at),
                machine.relay.tell_again_at(),
                session.filter(|_| !machine.relay.should_be_open()).map(|session| session.ends_at(&machine.load)),
                session.filter(|_| self.line.can_report()).and_then(Session::report_at),
                session.and_then(Session::counts_at),
            ]
        });
        machines.flatten().chain(debts).chain(self.line.wake_at(self.latest)).min()
    }

    /// The controller's id.
    #[must_use]
    pub fn id(&self) -> &tremen_wire::ControllerId {
        &self.settings.id
    }

    /// Whether a welcome was taken up since the start: taps can be asked.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.line.is_linked()
    }

    /// Does what the time has come for; safety first, words later.
    fn due(&mut self, turn: &mut Turn<'_>) {
        self.end_what_ran_out(turn);
        self.repeat_or_give_up(turn);
        self.count_what_is_unanswered(turn.now);
        self.say_hello_if_wanted(turn);
        self.report_what_is_due(turn);
        self.ask_what_waits(turn);
    }

    fn message(&mut self, channel: Channel, bytes: &[u8], turn: &mut Turn<'_>) {
        if channel == Channel::Allowlist {
            return self.take_list(bytes, turn);
        }
        // What is unsealed, malformed or of an unknown link gets silence, not even a word that it came.
        match Down::decode(&self.settings.id, channel, bytes, self.settings.security.protection()) {
            Ok(Down::Welcome(welcome)) => self.welcome(welcome, turn),
            Ok(Down::Answer(answer)) => self.answer(answer, turn),
            Ok(Down::Lease(lease)) => self.lease(&lease, turn),
            Ok(Down::Order(order)) => self.order(order, turn),
            Err(_) => {}
        }
    }

    /// Opens the relays whose time has come, and ends the sessions whose relay is open.
    pub(crate) fn end_what_ran_out(&mut self, turn: &mut Turn<'_>) {
        let measures_load = self.measures_load();
        let mut over = Vec::new();
        let mut welded = Vec::new();
        for (name, machine) in &mut self.machines {
            if let Some(session) = machine.session.as_mut() {
                session.stop_if_lost(turn.now, measures_load);
                let due = session.opens_at(&machine.load).is_some_and(|at| at <= turn.now);
                let opened_by_itself = session.closed_at.is_some() && !machine.relay.is_closed();
                if (due || opened_by_itself) && !machine.relay.should_be_open() {
                    machine.relay.open(name, turn);
                }
                if machine.relay.at_rest() {
                    over.push(name.clone());
                }
            }
            if machine.relay.tell_again(name, turn) {
                welded.push(name.clone());
            }
        }
        for name in over {
            self.finish(&name, turn);
        }
        for name in welded {
            let detail = Some("relay does not open".to_string());
            self.notice(
                Report { machine: Some(name), relay: Some(true), detail, ..Report::new(Event::Fault) },
                turn.now,
            );
        }
    }

    /// The relay's real position.
    fn relay_is(&mut self, name: &str, closed: bool, turn: &mut Turn<'_>) {
        let machine = self.machine(name, turn);
        if !machine.relay.seen(closed) || machine.session.is_some() {
            return; // a session says it in its own reports
        }
        if closed {
            machine.relay.open(name, turn);
        }
        self.notice(Report { machine: named(name), relay: Some(closed), ..Report::new(Event::Relay) }, turn.now);
    }

    /// A new link hears of every relay that is closed without a session.
    fn report_welded(&mut self, turn: &Turn<'_>) {
        let welded: Vec<String> = self
            .machines
            .iter()
            .filter(|(_, machine)| machine.session.is_none() && machine.relay.is_closed())
            .map(|(name, _)| name.clone())
            .collect();
        for name in welded {
            self.notice(Report { machine: Some(name), relay: Some(true), ..Report::new(Event::Relay) }, turn.now);
        }
    }

    fn notice(&mut self, said: Report, now: Instant) {
        let at_s = self.clock.map(|clock| clock.now_s(now));
        self.debts.notice(Report { at_s, ..said });
    }

    /// A machine, with its relay told to open the first time that it is heard of.
    fn machine(&mut self, name: &str, turn: &mut Turn<'_>) -> &mut Machine {
        let feedback = self.settings.can(Capability::RelayFeedback);
        self.machines.entry(name.to_string()).or_insert_with(|| {
            turn.out.push(Output::OpenRelay { machine: name.to_string() });
            Machine::new(feedback, turn.now)
        })
    }

    /// The machine that a session is open at.
    fn open_at(&self, id: SessionId) -> Option<&str> {
        let at = self.machines.iter().find(|(_, machine)| machine.session.as_ref().and_then(Session::id) == Some(id));
        at.map(|(name, _)| name.as_str())
    }

    fn session(&mut self, id: SessionId) -> Option<&mut Session> {
        self.machines.values_mut().filter_map(|machine| machine.session.as_mut()).find(|s| s.id() == Some(id))
    }

    fn measures_load(&self) -> bool {
        self.settings.can(Capability::Load)
    }
}
