//! Asking: a tap, its nonce, the repeats, and what an answer does (the Tremen wire, "Asking").
//!
//! Start with [`Controller::tap`], then [`Controller::answer`]. INVARIANT (one waiting nonce per tap): an answer is acted
//! on once, for the nonce that waits at the machine it names, within 10 s of the first sending.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use tremen_wire::{Answer, Ask, Channel, Intent, Nonce, Outcome, Reading, SessionId, StopPolicy, Up};

use crate::Controller;
use crate::io::TapResult;
use crate::session::{Right, Session, Terms};
use crate::time::Instant;
use crate::turn::Turn;

/// When the same bytes are sent again, in milliseconds after the first sending.
const REPEATS_MS: [u64; 4] = [500, 1_500, 3_500, 7_500];
/// A nonce is forgotten so long after its first sending; so is a tap that could not be asked.
const FORGET_MS: u64 = 10_000;

/// A tap whose answer is still to come.
#[derive(Debug)]
pub(crate) struct Tap {
    pub(crate) reading: Reading,
    pub(crate) intent: Intent,
    tapped: Instant,
    asked: Option<Asked>,
}

#[derive(Debug)]
struct Asked {
    nonce: Nonce,
    bytes: Vec<u8>,
    first: Instant,
    repeats: usize,
}

impl Asked {
    fn repeat_at(&self) -> Option<Instant> {
        REPEATS_MS.get(self.repeats).map(|ms| self.first.plus_ms(*ms))
    }
}

impl Tap {
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    pub(crate) fn nonce(&self) -> Option<Nonce> {
        self.asked.as_ref().map(|asked| asked.nonce)
    }

    /// When it is given up: 10 s after it was asked, or after the tap if it could not be.
    fn given_up_at(&self) -> Instant {
        self.asked.as_ref().map_or(self.tapped, |asked| asked.first).plus_ms(FORGET_MS)
    }

    pub(crate) fn wake_at(&self) -> Instant {
        let repeat = self.asked.as_ref().and_then(Asked::repeat_at);
        repeat.unwrap_or_else(|| self.given_up_at())
    }
}

impl Controller {
    /// A card or a code was presented.
    pub(crate) fn tap(&mut self, name: &str, reading: Reading, intent: Intent, turn: &mut Turn<'_>) {
        let tapped = turn.now;
        if self.ends_list_use(name, &reading, intent) {
            return turn.tapped(name, TapResult::EndedByList);
        }
        let machine = self.machine(name, turn);
        if machine.tap.is_some() {
            turn.tapped(name, TapResult::Waiting);
        } else {
            machine.tap = Some(Tap { reading, intent, tapped, asked: None });
        }
    }

    /// The nonces that an answer may still come for.
    pub(crate) fn waiting_nonces(&self) -> BTreeSet<Nonce> {
        self.machines.values().filter_map(|machine| machine.tap.as_ref()?.nonce()).collect()
    }

    /// Repeats what was not answered, and gives up what was not answered for too long.
    pub(crate) fn repeat_or_give_up(&mut self, turn: &mut Turn<'_>) {
        let connected = self.line.connected();
        let mut given_up: Vec<(String, Tap)> = Vec::new();
        for (name, machine) in &mut self.machines {
            if let Some(tap) = machine.tap.take_if(|tap| !connected || tap.given_up_at() <= turn.now) {
                given_up.push((name.clone(), tap));
            } else if let Some(asked) = machine.tap.as_mut().and_then(|tap| tap.asked.as_mut()) {
                let before = asked.repeats;
                while asked.repeat_at().is_some_and(|at| at <= turn.now) {
                    asked.repeats += 1;
                }
                if asked.repeats > before {
                    turn.publish(Channel::Ask, asked.bytes.clone());
                }
            }
        }
        for (name, tap) in given_up {
            if let Some(nonce) = tap.nonce() {
                self.barred.forget(nonce);
                self.line.want_hello();
            }
            let result = self.without_registry(&name, &tap, turn);
            if result == TapResult::Unreachable {
                turn.show(&name, &self.settings.unreachable_lcd);
            }
            turn.tapped(&name, result);
        }
    }

    /// Asks what was held back while no ask might go out.
    pub(crate) fn ask_what_waits(&mut self, turn: &mut Turn<'_>) {
        let Some(clock) = self.clock.filter(|_| self.line.can_ask(turn.now)) else { return };
        for (name, machine) in &mut self.machines {
            let Some(tap) = machine.tap.as_mut().filter(|tap| tap.asked.is_none()) else { continue };
            let Some((link, n)) = self.line.next() else { return };
            let nonce = Nonce(turn.fresh());
            let bytes = self.line.encode(&Up::Ask(Ask {
                link: Some(link),
                n: Some(n),
                nonce,
                machine: name.clone(),
                reading: tap.reading.clone(),
                intent: tap.intent,
                at_s: Some(clock.now_s(turn.now)),
            }));
            turn.publish(Channel::Ask, bytes.clone());
            tap.asked = Some(Asked { nonce, bytes, first: turn.now, repeats: 0 });
        }
    }

    /// Acts on an answer, if its nonce waits at the machine that it names.
    pub(crate) fn answer(&mut self, answer: Answer, turn: &mut Turn<'_>) {
        if !self.line.is_current(answer.link) {
            return;
        }
        let Some(machine) = self.machines.get_mut(&answer.machine) else { return };
        let Some(asked) = machine.tap.take_if(|tap| tap.nonce() == Some(answer.nonce)).and_then(|tap| tap.asked) else {
            return;
        };
        let followed = match &answer.outcome {
            Outcome::Grant { session, lease_s, until_s, on_lost } => {
                let terms = Terms::leased(asked.first, *lease_s, *until_s, *on_lost, self.clock);
                self.grant(&answer.machine, *session, terms, turn)
            }
            Outcome::Done { session } => {
                if let Some(session) = session {
                    self.is_over(*session, turn.now);
                }
                true
            }
            Outcome::Deny { .. } | Outcome::More { .. } => true,
        };
        self.barred.forget(answer.nonce);
        turn.show(&answer.machine, if followed { &answer.lcd } else { &self.settings.unreachable_lcd });
        self.reached(turn.now);
        let machine = answer.machine.clone();
        turn.tapped(&machine, TapResult::Answered { answer, followed });
    }

    /// Closes the relay for a session, or goes on with it; false if the grant may not be followed (any more).
    // INVARIANT (no grant, no power): this and the offline list are the only places that close a relay.
    fn grant(&mut self, name: &str, id: SessionId, terms: Terms, turn: &mut Turn<'_>) -> bool {
        if let Some(open_at) = self.open_at(id) {
            let here = open_at == name;
            return here && self.session(id).is_some_and(|session| session.renew(terms));
        }
        if self.debts.is_ended(id) {
            return false;
        }
        let locked = self.remembered.locked.contains(name);
        let Some(machine) = self.machines.get(name) else { return false };
        // A relay that still has to open, or does not open though it should, starts nothing new.
        let opening = machine.relay.should_be_open() && !machine.relay.at_rest();
        if self.barred.contains(id) || locked || opening || !terms.live(turn.now) {
            // The registry counts it as open: it is told that nothing runs.
            self.debts.owe_ended(name, id, 0, turn.now);
            return false;
        }
        // Somebody else's session, or a use by the list, ends here; the power stays on under the new grant.
        self.finish(name, turn);
        if let Some(machine) = self.machines.get_mut(name) {
            machine.session = Some(Session::open(Right::Granted(id), terms, turn.now));
            machine.relay.close(name, turn);
        }
        true
    }

    /// The registry says that a session has ended: the relay opens at once, and no late answer opens it again.
    fn is_over(&mut self, id: SessionId, now: Instant) {
        let waiting = self.waiting_nonces();
        self.barred.bar(id, waiting);
        if let Some(session) = self.session(id) {
            session.stop(StopPolicy::Immediate, now, false);
        }
    }
}
