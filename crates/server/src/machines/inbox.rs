//! What controllers send: told apart, opened, handed to its flow, answered after the commit.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tremen_rules::network::Language;
use tremen_rules::{ControllerId, Time};
use tremen_wire::{Answer, Ask, Channel, Down, MalformedKind, Nonce, Outcome, Presence, Refused, Topic, Up};

use super::client::Client;
use super::keyring::{Keyring, Known};
use super::outbox;
use super::patience::{Answered, Patience};
use crate::flows::decide_access::{self, Asking};
use crate::flows::take_report::{self, Reply};
use crate::flows::{FlowError, link_controller, sessions};
use crate::limits::{Allowances, ControllerLimits, Refusal, refuse};
use crate::metrics::OutOfReach;
use crate::store::{Store, StoreError, Tx};
use crate::words;

/// An ask that is not decided by then is answered `registry_unreachable`.
const PATIENCE: Duration = Duration::from_millis(1_900);
/// Malformed messages of one controller are told in the log once in this time.
const QUIET: Duration = Duration::from_secs(60);

/// Takes what comes in. Cheap to clone.
#[derive(Clone)]
pub(super) struct Inbox {
    store: Store,
    keyring: Arc<Keyring>,
    client: Client,
    told: Arc<Mutex<BTreeMap<String, Instant>>>,
    allowed: Arc<Allowed>,
    patience: Patience,
}

/// What controllers may still say, by their names.
struct Allowed {
    asks: Allowances<String>,
    reports: Allowances<String>,
    hellos: Allowances<String>,
    presence: Allowances<String>,
}

impl Inbox {
    pub(super) fn new(store: Store, keyring: Arc<Keyring>, client: Client, limits: &ControllerLimits) -> Self {
        let allowed = Allowed {
            asks: Allowances::new(limits.asks),
            reports: Allowances::new(limits.reports),
            hellos: Allowances::new(limits.hellos),
            presence: Allowances::new(limits.presence),
        };
        let patience = Patience::start(PATIENCE);
        Self { store, keyring, client, told: Arc::default(), allowed: Arc::new(allowed), patience }
    }

    /// Takes one message. Jobs enter the store's queue here, in the order of arrival; their answers are sent by tasks.
    pub(super) fn take(&self, topic: &str, retained: bool, bytes: &[u8]) {
        let Some(Topic { controller, channel }) = Topic::parse(topic) else { return };
        if channel == Channel::Alive {
            return self.take_presence(controller.as_str(), bytes);
        }
        if retained || !channel.is_up() {
            return; // a command is never retained: what a broker kept is not what somebody says now
        }
        let Some(known) = self.keyring.get(controller.as_str()) else {
            return self.tell(
                controller.as_str(),
                "unknown_controller",
                "a message of an unknown controller is dropped",
            );
        };
        match open(&known, channel, bytes) {
            Err(Refused::BadSeal) if !known.is_fresh() => {
                // Perhaps its secrets were changed a moment ago.
                let fresh = self.keyring.read_again(controller.as_str());
                match fresh.filter(|fresh| fresh.sender.version != known.sender.version) {
                    Some(fresh) => self.sort(&fresh, open(&fresh, channel, bytes), bytes),
                    None => self.sort(&known, Err(Refused::BadSeal), bytes),
                }
            }
            opened => self.sort(&known, opened, bytes),
        }
    }

    fn sort(&self, known: &Arc<Known>, opened: Result<Up, Refused>, bytes: &[u8]) {
        match opened {
            Ok(Up::Ask(ask)) if !self.may(&self.allowed.asks, known, Refusal::ControllerAsks) => {
                self.say_unreachable(known, &ask);
            }
            Ok(Up::Report(_)) if !self.may(&self.allowed.reports, known, Refusal::ControllerReports) => {}
            Ok(Up::Hello(_)) if !self.may(&self.allowed.hellos, known, Refusal::ControllerHellos) => {}
            Ok(Up::Ask(ask)) => self.take_ask(known, ask, bytes, Instant::now()),
            Ok(Up::Report(report)) => {
                let sender = known.sender.clone();
                self.answer(
                    known,
                    move |tx| take_report::run(tx, &sender, &report),
                    |reply| match reply {
                        Reply::Lease(lease) => Down::Lease(lease),
                        Reply::Order(order, link) => Down::Order(outbox::to_wire(&order, link)),
                    },
                );
            }
            Ok(Up::Hello(hello)) => {
                let sender = known.sender.clone();
                self.answer(known, move |tx| link_controller::welcome(tx, &sender, &hello), Down::Welcome);
            }
            Err(Refused::Unsealed | Refused::BadSeal) => {
                self.tell(known.wire_id.as_str(), "controller_not_trusted", "a message without a good seal is dropped");
            }
            Err(Refused::Malformed(malformed)) => {
                self.tell(known.wire_id.as_str(), malformed.kind.as_str(), "a malformed message is dropped");
                if let Some(nonce) = malformed.nonce
                    && self.may(&self.allowed.asks, known, Refusal::ControllerAsks)
                {
                    self.refuse(known, nonce, malformed.kind);
                }
            }
        }
    }

    /// Whether a controller may say one more; what was opened counts, so that nobody else uses its allowance up.
    fn may(&self, allowances: &Allowances<String>, known: &Known, refusal: Refusal) -> bool {
        let may = allowances.take(known.wire_id.as_str().to_owned(), Instant::now()).is_ok();
        if !may {
            refuse(self.store.metrics(), refusal);
        }
        may
    }

    /// An ask is answered by whoever comes first: the decision, or the end of patience.
    fn take_ask(&self, known: &Arc<Known>, ask: Ask, bytes: &[u8], received: Instant) {
        let asking = Asking { sender: known.sender.clone(), ask: ask.clone(), digest: Sha256::digest(bytes).into() };
        let answered = Answered::default();
        let done = {
            let (inbox, known, ask, answered) = (self.clone(), known.clone(), ask.clone(), answered.clone());
            move |decided: Result<Option<(Answer, Time)>, FlowError>| {
                if answered.swap(true, Ordering::SeqCst) {
                    return inbox.withdraw(decided);
                }
                match decided {
                    Ok(Some((answer, _))) => {
                        inbox.send(&known, &Down::Answer(answer));
                        inbox.store.metrics().decision_seconds.observe(received.elapsed());
                    }
                    Ok(None) => {}
                    Err(error) => inbox.unreachable(&known, &ask, &error),
                }
            }
        };
        let decide = move |tx: &mut Tx<'_>| {
            let Some(answer) = decide_access::run(tx, &asking)? else { return Ok(None) };
            Ok(Some((answer, tx.now())))
        };
        if let Err(error) = self.store.submit(decide, done) {
            return self.unreachable(known, &ask, &error.into());
        }
        let (inbox, known) = (self.clone(), known.clone());
        self.patience.wait_for(answered, move || inbox.unreachable(&known, &ask, &StoreError::Late.into()));
    }

    fn refuse(&self, known: &Arc<Known>, nonce: Nonce, kind: MalformedKind) {
        let sender = known.sender.clone();
        tracing::debug!(kind = kind.as_str(), "a malformed ask is refused");
        self.answer(known, move |tx| decide_access::refuse_malformed(tx, &sender, nonce), Down::Answer);
    }

    /// Runs a flow and sends what it answers, once it is durable.
    fn answer<T: Send + 'static>(
        &self,
        known: &Arc<Known>,
        flow: impl FnOnce(&mut Tx<'_>) -> Result<Option<T>, FlowError> + Send + 'static,
        to_wire: impl FnOnce(T) -> Down + Send + 'static,
    ) {
        let (inbox, sender) = (self.clone(), known.clone());
        let submitted = self.store.submit(flow, move |answer| match answer {
            Ok(Some(answer)) => inbox.send(&sender, &to_wire(answer)),
            Ok(None) => {}
            // The controller repeats what it must know; a silence is what it takes for a registry out of reach.
            Err(error) => tracing::error!(controller.id = %sender.wire_id, %error, "a message could not be answered"),
        });
        if let Err(error) = submitted {
            tracing::error!(controller.id = %known.wire_id, %error, "a message could not be answered");
        }
    }

    fn send(&self, known: &Known, down: &Down) {
        let topic = down.channel().topic(&known.wire_id);
        self.client.publish(&topic, down.encode(&known.wire_id, known.protection()), false);
    }

    /// Says that the registry cannot decide in time. This is no decision and is in no journal.
    fn unreachable(&self, known: &Known, ask: &Ask, error: &FlowError) {
        let cause = if *error == FlowError::ClockDoubted { OutOfReach::Clock } else { OutOfReach::Store };
        self.store.metrics().out_of_reach(cause);
        tracing::error!(controller.id = %known.wire_id, %error, "an ask is answered registry_unreachable");
        self.say_unreachable(known, ask);
    }

    fn say_unreachable(&self, known: &Known, ask: &Ask) {
        let reason = "registry_unreachable".to_owned();
        self.send(
            known,
            &Down::Answer(Answer {
                link: ask.link,
                nonce: ask.nonce,
                machine: ask.machine.clone(),
                lcd: words::unreachable_lcd(Language::Fr),
                outcome: Outcome::Deny { reason: reason.clone(), reasons: vec![reason] },
            }),
        );
    }

    /// A decision that was committed after its controller had been told that the registry is out of reach: a session that
    /// it opened is closed, since nobody will use it. One that was open before, as for an owner's second tap, goes on.
    fn withdraw(&self, decided: Result<Option<(Answer, Time)>, FlowError>) {
        let Ok(Some((Answer { outcome: Outcome::Grant { session, .. }, .. }, at))) = decided else { return };
        let withdrawn = self.store.submit(
            move |tx| {
                if let Some(row) = tx.session(session)?.filter(|row| row.opened_at == at && row.ended_at.is_none()) {
                    sessions::close(tx, &row, "registry_unreachable")?;
                }
                Ok::<_, FlowError>(())
            },
            |done| {
                if let Err(error) = done {
                    tracing::error!(%error, "a grant that came too late could not be withdrawn; its lease ends it");
                }
            },
        );
        if let Err(error) = withdrawn {
            tracing::error!(%error, "a grant that came too late could not be withdrawn; its lease ends it");
        }
    }

    fn take_presence(&self, controller: &str, bytes: &[u8]) {
        let (Ok(controller), Some(presence)) =
            (ControllerId::parse(controller), std::str::from_utf8(bytes).ok().and_then(Presence::parse))
        else {
            return;
        };
        let Some(known) = self.keyring.get(controller.as_str()) else { return };
        if !self.may(&self.allowed.presence, &known, Refusal::ControllerPresence) {
            return;
        }
        let online = presence == Presence::Online;
        let noted = self.store.submit(
            move |tx| link_controller::note_presence(tx, &controller, online),
            |noted| {
                if let Err(error) = noted {
                    tracing::warn!(%error, "a controller's presence could not be noted");
                }
            },
        );
        if let Err(error) = noted {
            tracing::warn!(%error, "a controller's presence could not be noted");
        }
    }

    /// Counts a message that is dropped, and tells the log, at most once a minute for each controller.
    fn tell(&self, controller: &str, kind: &str, sentence: &str) {
        self.store.metrics().malformed(kind);
        let now = Instant::now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.get(controller).is_none_or(|last| now.duration_since(*last) >= QUIET) {
            if told.len() > 1024 {
                told.clear(); // somebody makes names up
            }
            told.insert(controller.to_owned(), now);
            tracing::warn!(controller.id = controller, kind, "{sentence}");
        }
    }
}

fn open(known: &Known, channel: Channel, bytes: &[u8]) -> Result<Up, Refused> {
    Up::decode(&known.wire_id, channel, bytes, known.protection())
}
