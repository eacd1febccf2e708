//! What is reported, and what a lease answers (the Tremen wire, "Sessions and leases").
//!
//! Start with [`Debts`]: reports that are said again, each time with a new `n`, until a lease echoes it. Next,
//! [`Controller::report_what_is_due`] and [`Controller::lease`]. A notice (relay, fault, tamper, button) is said once.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use tremen_wire::{Event, Lease, Report, SessionId, StopPolicy};

use crate::Controller;
use crate::io::Output;
use crate::machine::named;
use crate::session::{Right, Terms};
use crate::settings::OfflineUse;
use crate::time::{Instant, back_off_s};
use crate::turn::Turn;

/// So many unanswered reports mean that the link may be dead.
const PATIENCE: u32 = 4;
/// So many debts are under way at once: a burst may not push an ask out of the registry's window of 64.
const UNDER_WAY: usize = 32;
/// So many notices are kept while there is no link.
const NOTICES: usize = 16;

/// A report that the registry has to note.
#[derive(Debug)]
enum Debt {
    Linked,
    Ended { machine: String, session: SessionId, used_s: u64 },
    OfflineUse(OfflineUse),
}

#[derive(Debug)]
struct Owed {
    debt: Debt,
    /// The number of its latest sending in this link.
    n: Option<u64>,
    sent: u32,
    due: Instant,
}

impl Owed {
    fn new(debt: Debt, now: Instant) -> Self {
        Self { debt, n: None, sent: 0, due: now }
    }

    fn is_settled_by(&self, lease: &Lease) -> bool {
        let Some(sent) = self.n else { return false };
        let same_n = lease.n.is_none_or(|n| n == sent);
        match &self.debt {
            // Plain may leave `n` out; then only a lease of 0 can be meant for a session that has ended.
            Debt::Ended { session, .. } => {
                same_n && lease.session == Some(*session) && (lease.n.is_some() || lease.lease_s == 0)
            }
            Debt::Linked | Debt::OfflineUse(_) => same_n && lease.session.is_none() && lease.lease_s == 0,
        }
    }
}

/// What the registry has not noted yet, and what it has not been told yet.
#[derive(Debug, Default)]
pub(crate) struct Debts {
    owed: Vec<Owed>,
    notices: Vec<Report>,
}

impl Debts {
    pub(crate) fn owe_ended(&mut self, machine: &str, session: SessionId, used_s: u64, now: Instant) {
        let machine = machine.to_string();
        self.owed.push(Owed::new(Debt::Ended { machine, session, used_s }, now));
    }

    pub(crate) fn owe_offline_use(&mut self, used: OfflineUse, now: Instant) {
        self.owed.push(Owed::new(Debt::OfflineUse(used), now));
    }

    /// Whether a session has ended here, and the registry may not know it yet.
    pub(crate) fn is_ended(&self, id: SessionId) -> bool {
        self.owed.iter().any(|owed| matches!(&owed.debt, Debt::Ended { session, .. } if *session == id))
    }

    /// Says something once, as soon as there is a link; what came first is kept.
    pub(crate) fn notice(&mut self, report: Report) {
        if self.notices.len() < NOTICES {
            self.notices.push(report);
        }
    }

    /// A new link: it is said that it is taken up, and everything else is said anew.
    pub(crate) fn speak_anew(&mut self, now: Instant) {
        self.owed.retain(|owed| !matches!(owed.debt, Debt::Linked));
        for owed in &mut self.owed {
            (owed.n, owed.sent, owed.due) = (None, 0, now);
        }
        self.owed.insert(0, Owed::new(Debt::Linked, now));
    }

    fn under_way(&mut self) -> impl Iterator<Item = &mut Owed> {
        self.owed.iter_mut().take(UNDER_WAY)
    }

    /// Whether one of them stayed unanswered four times in a row, again.
    pub(crate) fn lost_patience(&mut self, now: Instant) -> bool {
        self.under_way().any(|owed| owed.due <= now && owed.sent > 0 && owed.sent % PATIENCE == 0)
    }

    fn settle(&mut self, lease: &Lease) -> Option<Debt> {
        let at = self.owed.iter().position(|owed| owed.is_settled_by(lease))?;
        Some(self.owed.remove(at).debt)
    }

    pub(crate) fn wake_at(&self) -> Option<Instant> {
        self.owed.iter().take(UNDER_WAY).map(|owed| owed.due).min()
    }
}

impl Controller {
    /// Says what is due: debts first, so that one session has ended before the next has started.
    pub(crate) fn report_what_is_due(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now;
        let at_s = self.clock.map(|clock| clock.now_s(now));
        for machine in self.machines.values_mut() {
            machine.notice_closed(now);
        }
        if !self.line.can_report() {
            return;
        }
        for owed in self.debts.under_way().filter(|owed| owed.due <= now) {
            let said = match &owed.debt {
                Debt::Linked => Report::new(Event::Linked),
                Debt::Ended { machine, session, used_s } => Report {
                    machine: named(machine),
                    session: Some(*session),
                    relay: Some(self.machines.get(machine).is_some_and(|machine| machine.relay.is_closed())),
                    used_s: Some(*used_s),
                    at_s,
                    ..Report::new(Event::Ended)
                },
                Debt::OfflineUse(used) => Report {
                    machine: named(&used.machine),
                    entry: Some(used.entry),
                    used_s: Some(used.used_s),
                    at_s: Some(used.at_s),
                    ..Report::new(Event::OfflineUse)
                },
            };
            owed.n = self.line.report(said, turn);
            owed.sent = owed.sent.saturating_add(1);
            owed.due = now.plus_s(back_off_s(owed.sent));
        }
        for (name, machine) in &mut self.machines {
            let Some(session) = machine.session.as_mut() else { continue };
            if session.report_at().is_none_or(|at| now < at) {
                continue;
            }
            let said = Report {
                machine: named(name),
                session: session.id(),
                relay: Some(machine.relay.is_closed()),
                load_ma: machine.load.now_ma(),
                at_s,
                ..Report::new(if session.unreported() { Event::Started } else { Event::Alive })
            };
            if let Some(n) = self.line.report(said, turn) {
                session.reported(n, now);
            }
        }
        for notice in self.debts.notices.drain(..) {
            self.line.report(notice, turn);
        }
    }

    /// Counts what stayed unanswered; after two `alive`, or four of anything else, the link may be dead.
    pub(crate) fn count_what_is_unanswered(&mut self, now: Instant) {
        let mut dead = self.line.can_report() && self.debts.lost_patience(now);
        for session in self.machines.values_mut().filter_map(|machine| machine.session.as_mut()) {
            dead |= session.count_unanswered(now);
        }
        if dead {
            self.line.want_hello();
        }
    }

    /// Takes a lease: it settles a debt, or goes on with a session, or ends it.
    pub(crate) fn lease(&mut self, lease: &Lease, turn: &mut Turn<'_>) {
        if !self.line.is_current(lease.link) {
            return;
        }
        if let Some(debt) = self.debts.settle(lease) {
            match debt {
                Debt::Linked => {}
                Debt::Ended { session, .. } => {
                    // An answer that was under way before the registry noted the end may still name it.
                    let waiting = self.waiting_nonces();
                    self.barred.bar(session, waiting);
                }
                Debt::OfflineUse(noted) => {
                    self.remembered.offline_uses.retain(|used| *used != noted);
                    turn.out.push(Output::Remember(self.remembered.clone()));
                }
            }
            return self.reached(turn.now);
        }
        let clock = self.clock;
        let Some(id) = lease.session else { return };
        if self.open_at(id).is_none_or(|name| lease.machine.as_ref().is_some_and(|machine| machine != name)) {
            return;
        }
        let Some(session) = self.session(id) else { return };
        let Some(from) = session.answered_by(lease, turn.now) else { return };
        match lease.on_lost.filter(|_| lease.lease_s > 0) {
            Some(on_lost) => {
                session.renew(Terms::leased(from, lease.lease_s, lease.until_s, on_lost, clock));
            }
            None => session.stop(StopPolicy::Immediate, turn.now, false),
        }
        self.reached(turn.now);
    }

    /// The session at a machine has ended: the registry is told until it has noted it.
    pub(crate) fn finish(&mut self, name: &str, turn: &mut Turn<'_>) {
        let measures_load = self.measures_load();
        let Some(machine) = self.machines.get_mut(name) else { return };
        let Some(session) = machine.session.take() else { return };
        let used_s = machine.used_s(&session, measures_load, self.settings.idle_below_ma, turn.now);
        match session.right {
            Right::Granted(id) => self.debts.owe_ended(name, id, used_s, turn.now),
            Right::Listed { entry, at_s, .. } => self.list_use_ended(name, entry, at_s, used_s, turn),
        }
    }
}
