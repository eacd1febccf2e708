//! Links: hello, welcome, and what goes out in the link that counts (the Tremen wire, "Links").
//!
//! Start with [`Line`]. INVARIANT (one waiting challenge): only the latest hello counts, once, for 10 s; the link that was
//! there goes on until its welcome, and no link is ever taken up without one.

use alloc::vec::Vec;

use tremen_wire::{Challenge, Channel, ControllerId, Hello, Link, Presence, Report, Up, Welcome};

use crate::Controller;
use crate::io::{Output, TapResult};
use crate::settings::Security;
use crate::time::{Clock, Instant, back_off_s};
use crate::turn::Turn;

/// A welcome counts for so long after its hello; nothing is asked until then.
const WELCOME_MS: u64 = 10_000;

/// The controller's end of its channel with the registry.
#[derive(Debug)]
pub(crate) struct Line {
    id: ControllerId,
    security: Security,
    connected: bool,
    link: Option<OpenLink>,
    hello: Option<SentHello>,
    /// Hellos sent since there was last a link.
    hellos: u32,
    next_hello: Option<Instant>,
    /// Something asked for a new link in this turn.
    wants_hello: bool,
}

#[derive(Debug)]
struct OpenLink {
    id: Link,
    last_n: u64,
}

#[derive(Debug)]
struct SentHello {
    challenge: Challenge,
    sent: Instant,
}

impl Line {
    pub(crate) fn new(id: ControllerId, security: Security) -> Self {
        Self {
            id,
            security,
            connected: false,
            link: None,
            hello: None,
            hellos: 0,
            next_hello: None,
            wants_hello: false,
        }
    }

    pub(crate) fn connected(&self) -> bool {
        self.connected
    }

    pub(crate) fn is_linked(&self) -> bool {
        self.link.is_some()
    }

    /// Whether reports can go out now.
    pub(crate) fn can_report(&self) -> bool {
        self.connected && self.link.is_some()
    }

    /// Whether an ask may go out now: not while a hello waits for its welcome.
    pub(crate) fn can_ask(&self, now: Instant) -> bool {
        self.can_report() && self.hello_waits_until().is_none_or(|until| until <= now)
    }

    fn hello_waits_until(&self) -> Option<Instant> {
        self.hello.as_ref().map(|hello| hello.sent.plus_ms(WELCOME_MS))
    }

    pub(crate) fn want_hello(&mut self) {
        self.wants_hello = true;
    }

    /// Whether something that came down belongs to the current link. In plain a message may say nothing of links.
    pub(crate) fn is_current(&self, link: Option<Link>) -> bool {
        match (link, &self.security) {
            (Some(link), _) => self.link.as_ref().is_some_and(|open| open.id == link),
            (None, Security::Plain) => true,
            (None, Security::Sealed(_)) => false,
        }
    }

    /// The current link and the next number in it.
    pub(crate) fn next(&mut self) -> Option<(Link, u64)> {
        let link = self.link.as_mut()?;
        link.last_n = link.last_n.saturating_add(1);
        Some((link.id, link.last_n))
    }

    pub(crate) fn encode(&self, message: &Up) -> Vec<u8> {
        message.encode(&self.id, self.security.protection())
    }

    /// Reports in the current link, and says as which number; nothing while there is no link or no connection.
    pub(crate) fn report(&mut self, report: Report, turn: &mut Turn<'_>) -> Option<u64> {
        if !self.can_report() {
            return None;
        }
        let (link, n) = self.next()?;
        let message = Up::Report(Report { link: Some(link), n: Some(n), ..report });
        turn.publish(Channel::Report, self.encode(&message));
        Some(n)
    }

    pub(crate) fn wake_at(&self, now: Instant) -> Option<Instant> {
        let free = self.hello_waits_until().filter(|until| *until > now);
        let again = self.next_hello.filter(|_| self.connected);
        free.into_iter().chain(again).min()
    }
}

impl Controller {
    /// The MQTT connection is up: people may see it, and a new link begins.
    pub(crate) fn connected(&mut self, turn: &mut Turn<'_>) {
        self.line.connected = true;
        self.line.hellos = 0;
        turn.publish(Channel::Alive, Presence::Online.as_str().as_bytes().to_vec());
        self.line.want_hello();
    }

    /// The MQTT connection is gone. The link stays: it goes on until the welcome of the next.
    pub(crate) fn disconnected(&mut self) {
        self.line.connected = false;
        self.line.hello = None;
        self.line.next_hello = None;
    }

    /// Says hello if anything asks for it.
    pub(crate) fn say_hello_if_wanted(&mut self, turn: &mut Turn<'_>) {
        let due = self.line.next_hello.is_some_and(|at| at <= turn.now);
        let wanted = core::mem::take(&mut self.line.wants_hello) || due;
        if wanted && self.line.connected {
            self.say_hello(turn);
        }
    }

    fn say_hello(&mut self, turn: &mut Turn<'_>) {
        // A grant that the hello does not name must not be acted on: the new link ends its session at the registry.
        for (name, machine) in &mut self.machines {
            if machine.tap.take_if(|tap| tap.is_asked()).is_some() {
                turn.show(name, &self.settings.unreachable_lcd);
                turn.tapped(name, TapResult::Unreachable);
            }
        }
        self.barred.forget_all();

        let challenge = Challenge(turn.fresh());
        let message = Up::Hello(Hello {
            challenge,
            firmware: self.settings.firmware.clone(),
            capabilities: self.settings.capabilities.clone(),
            last_order: self.remembered.last_order,
            running: self.machines.values().filter_map(|m| m.session.as_ref()?.id()).collect(),
            at_s: self.clock.map(|clock| clock.now_s(turn.now)),
        });
        turn.publish(Channel::Hello, self.line.encode(&message));
        self.line.hello = Some(SentHello { challenge, sent: turn.now });
        self.line.hellos = self.line.hellos.saturating_add(1);
        self.line.next_hello = (!self.line.is_linked()).then(|| turn.now.plus_s(back_off_s(self.line.hellos)));
    }

    /// Takes up the link of a welcome that echoes the waiting challenge.
    pub(crate) fn welcome(&mut self, welcome: Welcome, turn: &mut Turn<'_>) {
        let Some(hello) = self.line.hello.take_if(|hello| hello.challenge == welcome.challenge) else { return };
        if turn.now.ms_since(hello.sent) >= WELCOME_MS {
            return;
        }
        self.line.link = Some(OpenLink { id: welcome.link, last_n: 0 });
        self.line.hellos = 0;
        self.line.next_hello = None;
        self.clock = Some(Clock::told(welcome.at_s, hello.sent, turn.now));
        for card in &welcome.machines {
            self.machine(&card.machine, turn).on_lost = card.on_lost;
        }
        turn.out.push(Output::Machines(welcome.machines));

        self.debts.speak_anew(turn.now);
        for machine in self.machines.values_mut() {
            if let Some(session) = machine.session.as_mut() {
                session.speak_anew(turn.now);
            }
        }
        self.report_welded(turn);
        self.reached(turn.now);
    }
}
