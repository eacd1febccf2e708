//! A small model of the registry, by the page alone: links, windows, nonces, leases and orders of one controller.
//!
//! Start with [`Registry::hear`]. It decides by who came first; what it promised is in [`Promise`], against which the
//! hostile channel holds the relays.

use std::collections::BTreeMap;

use tremen_wire::{
    Action, Answer, Ask, Challenge, Channel, ControllerId, Down, Event, Hello, Intent, Lease, Link, MachineCard, Nonce,
    Order, Outcome, Protection, Reading, Report, SessionId, ShownState, StopPolicy, Up, Welcome, Window,
};

use crate::bench::{LASER, PRUSA, START_S};

pub const MACHINES: [&str; 2] = [LASER, PRUSA];

/// How long a relay may stay closed under a policy that has begun.
pub fn bound_ms(policy: StopPolicy) -> u64 {
    match policy {
        StopPolicy::Immediate => 0,
        StopPolicy::Graceful { seconds } => seconds * 1_000,
        StopPolicy::FinishJob { longest_s } => longest_s * 1_000,
    }
}

/// What the registry has promised about a session: the relay is open after this.
#[derive(Debug)]
pub struct Promise {
    pub machine: String,
    pub at_the_latest_ms: u64,
}

#[derive(Debug)]
struct Session {
    machine: String,
    owner: Reading,
    lease_s: u64,
    on_lost: StopPolicy,
    until_s: Option<u64>,
    lease_ends_ms: u64,
    stop: Option<u64>,
    closed: bool,
}

#[derive(Debug)]
struct OpenLink {
    link: Link,
    challenge: Challenge,
    running: Vec<SessionId>,
    window: Window,
    spoke: BTreeMap<SessionId, u64>,
}

#[derive(Debug)]
struct OpenOrder {
    order: Order,
    sent: u32,
    due_ms: u64,
}

#[derive(Debug)]
struct Stored {
    bytes: Vec<u8>,
    at_ms: u64,
    answer: Answer,
}

/// The terms of the next grants, which the test changes as it likes.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    pub lease_s: u64,
    pub on_lost: StopPolicy,
    pub until_in_s: Option<u64>,
}

#[derive(Debug)]
pub struct Registry {
    to: ControllerId,
    pub terms: Terms,
    pub promises: BTreeMap<SessionId, Promise>,
    links: Vec<OpenLink>,
    current: Option<Link>,
    challenges: BTreeMap<Challenge, Link>,
    nonces: BTreeMap<Nonce, Stored>,
    sessions: BTreeMap<SessionId, Session>,
    orders: BTreeMap<u64, OpenOrder>,
    all_orders: BTreeMap<u64, Order>,
    locked: BTreeMap<String, u64>,
    last_number: u64,
    drawn: u64,
    unnamed: Vec<SessionId>,
    out: Vec<Down>,
}

impl Registry {
    pub fn new(to: ControllerId, terms: Terms) -> Self {
        Self {
            to,
            terms,
            promises: BTreeMap::new(),
            links: Vec::new(),
            current: None,
            challenges: BTreeMap::new(),
            nonces: BTreeMap::new(),
            sessions: BTreeMap::new(),
            orders: BTreeMap::new(),
            all_orders: BTreeMap::new(),
            locked: BTreeMap::new(),
            last_number: 0,
            drawn: 0,
            unnamed: Vec::new(),
            out: Vec::new(),
        }
    }

    /// What is to be sent.
    pub fn take(&mut self) -> Vec<Down> {
        std::mem::take(&mut self.out)
    }

    /// The sessions that a new link has just ended, because its hello did not name them.
    pub fn closed_as_unnamed(&mut self) -> Vec<SessionId> {
        std::mem::take(&mut self.unnamed)
    }

    /// What a restore from an old backup does.
    pub fn forget_links(&mut self) {
        self.links.clear();
        self.challenges.clear();
        self.current = None;
    }

    /// The session that is open at a machine.
    pub fn open_at(&self, machine: &str) -> Option<SessionId> {
        let open = self.sessions.iter().find(|(_, s)| s.machine == machine && !s.closed);
        open.map(|(id, _)| *id)
    }

    pub fn is_being_stopped(&self, id: SessionId) -> bool {
        self.sessions[&id].stop.is_some()
    }

    pub fn orders_open(&self) -> Vec<u64> {
        self.orders.keys().copied().collect()
    }

    pub fn order(&self, number: u64) -> &Order {
        &self.all_orders[&number]
    }

    pub fn hear(&mut self, channel: Channel, bytes: &[u8], protection: Protection<'_>, now_ms: u64) {
        match Up::decode(&self.to, channel, bytes, protection).expect("an honest controller says nothing malformed") {
            Up::Hello(hello) => self.hello(&hello, now_ms),
            Up::Ask(ask) => {
                if self.take_up(ask.link.unwrap(), now_ms) {
                    self.ask(&ask, bytes, now_ms);
                }
            }
            Up::Report(report) => {
                if self.take_up(report.link.unwrap(), now_ms) {
                    self.report(&report, now_ms);
                }
            }
        }
    }

    fn draw(&mut self) -> [u8; 8] {
        self.drawn += 1;
        self.drawn.to_be_bytes()
    }

    fn hello(&mut self, hello: &Hello, now_ms: u64) {
        let link = match self.challenges.get(&hello.challenge) {
            Some(link) if self.links.iter().any(|open| open.link == *link) => *link,
            Some(_) => return,
            None => {
                let link = Link(self.draw());
                self.challenges.insert(hello.challenge, link);
                self.last_number = self.last_number.max(hello.last_order);
                self.links.push(OpenLink {
                    link,
                    challenge: hello.challenge,
                    running: hello.running.clone(),
                    window: Window::new(),
                    spoke: BTreeMap::new(),
                });
                let pending = self.links.iter().filter(|open| Some(open.link) != self.current).count();
                if pending > 8 {
                    let oldest = self.links.iter().position(|open| Some(open.link) != self.current).unwrap();
                    self.links.remove(oldest);
                }
                link
            }
        };
        assert_eq!(self.links.iter().find(|open| open.link == link).unwrap().challenge, hello.challenge);
        let machines = MACHINES.map(|machine| MachineCard {
            machine: machine.into(),
            title: machine.into(),
            state: ShownState::Free,
            on_lost: self.terms.on_lost,
        });
        self.out.push(Down::Welcome(Welcome {
            link,
            challenge: hello.challenge,
            at_s: START_S + now_ms / 1_000,
            machines: machines.to_vec(),
        }));
    }

    /// The first good message in a pending link makes it current.
    fn take_up(&mut self, link: Link, now_ms: u64) -> bool {
        let Some(at) = self.links.iter().position(|open| open.link == link) else { return false };
        if self.current != Some(link) {
            self.links.drain(..at);
            self.links.retain(|open| Some(open.link) != self.current);
            self.current = Some(link);
            let running = self.links[0].running.clone();
            let unnamed: Vec<_> = self.sessions.keys().filter(|id| !running.contains(id)).copied().collect();
            for id in unnamed {
                if !self.sessions[&id].closed {
                    self.close(id);
                    self.unnamed.push(id);
                }
            }
            for order in self.orders.values_mut() {
                order.due_ms = now_ms;
            }
            self.send_orders(now_ms);
        }
        true
    }

    fn current(&mut self) -> &mut OpenLink {
        let current = self.current;
        self.links.iter_mut().find(|open| Some(open.link) == current).unwrap()
    }

    fn ask(&mut self, ask: &Ask, bytes: &[u8], now_ms: u64) {
        let first = self.current().window.accept(ask.n.unwrap());
        if let Some(stored) = self.nonces.get(&ask.nonce) {
            let mut answer = stored.answer.clone();
            let over = match answer.outcome {
                Outcome::Grant { session, .. } => {
                    self.sessions[&session].closed || self.sessions[&session].stop.is_some()
                }
                _ => false,
            };
            if stored.bytes != bytes || now_ms >= stored.at_ms + 10_000 || over {
                answer.outcome = deny("replayed_request");
            }
            return self.out.push(Down::Answer(answer));
        }
        if !first {
            return;
        }
        let old = START_S + now_ms / 1_000 >= ask.at_s.unwrap() + 20;
        let outcome = if old { deny("replayed_request") } else { self.decide(ask, now_ms) };
        let answer = Answer {
            link: ask.link,
            nonce: ask.nonce,
            machine: ask.machine.clone(),
            lcd: ["".into(), "".into()],
            outcome,
        };
        self.nonces.insert(ask.nonce, Stored { bytes: bytes.to_vec(), at_ms: now_ms, answer: answer.clone() });
        self.out.push(Down::Answer(answer));
    }

    fn decide(&mut self, ask: &Ask, now_ms: u64) -> Outcome {
        if self.locked.get(&ask.machine).is_some_and(|number| self.all_orders[number].action == Action::Lock) {
            return deny("machine_out_of_service");
        }
        let id = match self.open_at(&ask.machine) {
            Some(id) if self.sessions[&id].owner != ask.reading || self.sessions[&id].stop.is_some() => {
                return deny("machine_busy");
            }
            Some(id) if ask.intent == Intent::Toggle => {
                self.close(id);
                return Outcome::Done { session: Some(id) };
            }
            Some(id) => id,
            None => {
                let id = SessionId(self.draw());
                let session = Session {
                    machine: ask.machine.clone(),
                    owner: ask.reading.clone(),
                    lease_s: self.terms.lease_s,
                    on_lost: self.terms.on_lost,
                    until_s: self.terms.until_in_s.map(|s| START_S + now_ms / 1_000 + s),
                    lease_ends_ms: 0,
                    stop: None,
                    closed: false,
                };
                self.sessions.insert(id, session);
                self.promises.insert(id, Promise { machine: ask.machine.clone(), at_the_latest_ms: 0 });
                id
            }
        };
        let (lease_s, until_s, on_lost) = self.promise(id, now_ms);
        Outcome::Grant { session: id, lease_s, until_s, on_lost }
    }

    /// A lease from now on, which is later than the controller counts it from.
    fn promise(&mut self, id: SessionId, now_ms: u64) -> (u64, Option<u64>, StopPolicy) {
        let session = self.sessions.get_mut(&id).unwrap();
        session.lease_ends_ms = now_ms + session.lease_s * 1_000;
        // the registry's clock is told in whole seconds
        let until_ms = session.until_s.map_or(u64::MAX, |until_s| (until_s - START_S + 1) * 1_000);
        let latest = session.lease_ends_ms.min(until_ms).saturating_add(bound_ms(session.on_lost));
        let promise = self.promises.get_mut(&id).unwrap();
        promise.at_the_latest_ms = promise.at_the_latest_ms.max(latest);
        (session.lease_s, session.until_s, session.on_lost)
    }

    fn report(&mut self, report: &Report, now_ms: u64) {
        let n = report.n.unwrap();
        let link = self.current();
        if !link.window.accept(n) {
            return;
        }
        let news = report.session.is_none_or(|id| {
            let spoke = link.spoke.entry(id).or_insert(0);
            n > std::mem::replace(spoke, n.max(*spoke))
        });
        match report.event {
            Event::Linked | Event::OfflineUse => self.lease(n, None, 0, None, None),
            Event::Started | Event::Alive => {
                let id = report.session.unwrap();
                let session = &self.sessions[&id];
                let past = session.until_s.is_some_and(|until_s| START_S + now_ms / 1_000 >= until_s);
                if session.closed || session.stop.is_some() {
                    self.stop_again(id, now_ms);
                } else if past {
                    self.lease(n, Some(id), 0, None, None);
                } else if news {
                    let (lease_s, until_s, on_lost) = self.promise(id, now_ms);
                    self.lease(n, Some(id), lease_s, until_s, Some(on_lost));
                }
            }
            Event::Ended => {
                let id = report.session.unwrap();
                self.close(id);
                let session = &self.sessions[&id];
                if let Some(number) = session.stop {
                    self.orders.remove(&number);
                }
                self.lease(n, Some(id), 0, None, None);
            }
            Event::Confirmed | Event::Refused => {
                self.orders.remove(&report.order.unwrap());
            }
            _ => {}
        }
    }

    fn lease(
        &mut self,
        n: u64,
        id: Option<SessionId>,
        lease_s: u64,
        until_s: Option<u64>,
        on_lost: Option<StopPolicy>,
    ) {
        self.out.push(Down::Lease(Lease {
            link: self.current,
            n: Some(n),
            machine: id.map(|id| self.sessions[&id].machine.clone()),
            session: id,
            lease_s,
            until_s,
            on_lost,
        }));
    }

    fn close(&mut self, id: SessionId) {
        self.sessions.get_mut(&id).unwrap().closed = true;
    }

    /// A right ends.
    pub fn stop(&mut self, id: SessionId, policy: StopPolicy, now_ms: u64) {
        let machine = self.sessions[&id].machine.clone();
        let number = self.new_order(Action::Stop, &machine, Some((id, policy)), now_ms);
        self.sessions.get_mut(&id).unwrap().stop.get_or_insert(number);
    }

    fn stop_again(&mut self, id: SessionId, now_ms: u64) {
        match self.sessions[&id].stop {
            None => self.stop(id, StopPolicy::Immediate, now_ms),
            Some(number) => {
                let order = self.all_orders[&number].clone();
                self.out.push(Down::Order(Order { link: self.current, ..order }));
            }
        }
    }

    pub fn lock(&mut self, machine: &str, action: Action, now_ms: u64) {
        if let Some(superseded) = self.locked.get(machine) {
            self.orders.remove(superseded);
        }
        let number = self.new_order(action, machine, None, now_ms);
        self.locked.insert(machine.into(), number);
        if let Some(id) = self.open_at(machine).filter(|_| action == Action::Lock) {
            self.stop(id, StopPolicy::Graceful { seconds: 5 }, now_ms);
        }
    }

    fn new_order(&mut self, action: Action, machine: &str, stop: Option<(SessionId, StopPolicy)>, now_ms: u64) -> u64 {
        self.last_number += 1;
        let order = Order {
            link: None,
            number: self.last_number,
            action,
            machine: Some(machine.into()),
            session: stop.map(|(id, _)| id),
            stop: stop.map(|(_, policy)| policy),
            reason: stop.map(|_| "award_revoked".into()),
            lcd: None,
            detail: None,
        };
        self.all_orders.insert(self.last_number, order.clone());
        self.orders.insert(self.last_number, OpenOrder { order, sent: 0, due_ms: now_ms });
        self.send_orders(now_ms);
        self.last_number
    }

    fn send_orders(&mut self, now_ms: u64) {
        let Some(link) = self.current else { return };
        for open in self.orders.values_mut().filter(|open| open.due_ms <= now_ms) {
            open.due_ms = now_ms + 1_000 * (1_u64 << open.sent.min(6)).min(60);
            open.sent += 1;
            self.out.push(Down::Order(Order { link: Some(link), ..open.order.clone() }));
        }
    }

    pub fn wake_at(&self) -> Option<u64> {
        let orders = self.orders.values().map(|open| open.due_ms).filter(|_| self.current.is_some());
        let leases = self.sessions.values().filter(|s| !s.closed).map(|s| s.lease_ends_ms + 10_000);
        orders.chain(leases).min()
    }

    pub fn tick(&mut self, now_ms: u64) {
        for session in self.sessions.values_mut().filter(|s| s.lease_ends_ms + 10_000 <= now_ms) {
            session.closed = true;
        }
        self.send_orders(now_ms);
    }
}

fn deny(reason: &str) -> Outcome {
    Outcome::Deny { reason: reason.into(), reasons: vec![reason.into()] }
}
