//! What controllers send: told apart, opened, handed to its flow, answered after the commit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use tremen_rules::ControllerId;
use tremen_wire::{
    Answer, Ask, Channel, Down, MalformedKind, Nonce, Outcome, Presence, Refused, Topic, Up, Verdict,
};

use super::client::Client;
use super::keyring::{Keyring, Known};
use super::outbox;
use crate::flows::decide_access::{self, Asking};
use crate::flows::take_report::{self, Reply};
use crate::flows::{FlowError, link_controller, network};
use crate::store::{Store, StoreError};
use crate::words;

/// An ask that is not decided by then is answered `registry_unreachable`.
const PATIENCE: Duration = Duration::from_millis(1_900);
/// Malformed messages of one controller are told in the log once in this time.
const QUIET: Duration = Duration::from_secs(60);

/// Takes what comes in.
pub(super) struct Inbox {
    store: Store,
    keyring: Arc<Keyring>,
    client: Client,
    told: Mutex<BTreeMap<String, Instant>>,
}

/// A question that the store works on.
type Pending<T> = Result<oneshot::Receiver<Result<T, FlowError>>, StoreError>;

impl Inbox {
    pub(super) const fn new(store: Store, keyring: Arc<Keyring>, client: Client) -> Self {
        Self { store, keyring, client, told: Mutex::new(BTreeMap::new()) }
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
            return self.tell(controller.as_str(), "unknown", "a message of an unknown controller is dropped");
        };
        match open(&known, channel, bytes) {
            Err(Refused::BadSeal) => {
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
            Ok(Up::Ask(ask)) => self.take_ask(known, ask, bytes),
            Ok(Up::Report(report)) => {
                let sender = known.sender.clone();
                self.answer(known, self.store.submit(move |tx| take_report::run(tx, &sender, &report)), |reply| match reply {
                    Reply::Lease(lease) => Down::Lease(lease),
                    Reply::Order(order) => Down::Order(outbox::to_wire(&order, None)),
                });
            }
            Ok(Up::Hello(hello)) => {
                let sender = known.sender.clone();
                self.answer(known, self.store.submit(move |tx| link_controller::welcome(tx, &sender, &hello)), Down::Welcome);
            }
            Err(Refused::Unsealed | Refused::BadSeal) => {
                self.tell(known.wire_id.as_str(), "controller_not_trusted", "a message without a good seal is dropped");
            }
            Err(Refused::Malformed(malformed)) => {
                self.tell(known.wire_id.as_str(), malformed.kind.as_str(), "a malformed message is dropped");
                if let Some(nonce) = malformed.nonce {
                    self.refuse(known, nonce, malformed.kind);
                }
            }
        }
    }

    fn take_ask(&self, known: &Arc<Known>, ask: Ask, bytes: &[u8]) {
        let asking = Asking { sender: known.sender.clone(), ask: ask.clone(), digest: Sha256::digest(bytes).into() };
        let pending: Pending<Option<Answer>> = self.store.submit(move |tx| decide_access::run(tx, &asking));
        let (store, client, known) = (self.store.clone(), self.client.clone(), known.clone());
        tokio::spawn(async move {
            let answer = match pending {
                Ok(mut told) => match tokio::time::timeout(PATIENCE, &mut told).await {
                    Ok(answer) => answer.unwrap_or(Err(StoreError::Closed.into())),
                    Err(_) => {
                        tokio::spawn(withdraw(store.clone(), told));
                        Err(StoreError::Late.into())
                    }
                },
                Err(error) => Err(error.into()),
            };
            let answer = answer.unwrap_or_else(|error| {
                tracing::error!(controller.id = %known.wire_id, %error, "an ask is answered registry_unreachable");
                Some(unreachable(&store, &ask))
            });
            if let Some(answer) = answer {
                send(&client, &known, &Down::Answer(answer));
            }
        });
    }

    fn refuse(&self, known: &Arc<Known>, nonce: Nonce, kind: MalformedKind) {
        let sender = known.sender.clone();
        tracing::debug!(kind = kind.as_str(), "a malformed ask is refused");
        self.answer(known, self.store.submit(move |tx| decide_access::refuse_malformed(tx, &sender, nonce)), Down::Answer);
    }

    /// Sends what a flow answers, once it is durable.
    fn answer<T: Send + 'static>(
        &self,
        known: &Arc<Known>,
        pending: Pending<Option<T>>,
        to_wire: impl FnOnce(T) -> Down + Send + 'static,
    ) {
        let (store, client, known) = (self.store.clone(), self.client.clone(), known.clone());
        tokio::spawn(async move {
            let answer = match pending {
                Ok(told) => told.await.unwrap_or(Err(StoreError::Closed.into())),
                Err(error) => Err(error.into()),
            };
            match answer {
                Ok(Some(answer)) => {
                    let down = with_link(&store, &known, to_wire(answer));
                    send(&client, &known, &down);
                }
                Ok(None) => {}
                // The controller repeats what it must know; a silence is what it takes for a registry out of reach.
                Err(error) => tracing::error!(controller.id = %known.wire_id, %error, "a message could not be answered"),
            }
        });
    }

    fn take_presence(&self, controller: &str, bytes: &[u8]) {
        let (Ok(controller), Some(presence)) = (
            ControllerId::parse(controller),
            std::str::from_utf8(bytes).ok().and_then(Presence::parse),
        ) else {
            return;
        };
        let online = presence == Presence::Online;
        let noted = self.store.submit(move |tx| link_controller::note_presence(tx, &controller, online));
        if let Err(error) = noted {
            tracing::warn!(%error, "a controller's presence could not be noted");
        }
    }

    /// Tells the log, at most once a minute for each controller.
    fn tell(&self, controller: &str, kind: &str, sentence: &str) {
        let now = Instant::now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.get(controller).is_none_or(|last| now.duration_since(*last) >= QUIET) {
            told.insert(controller.to_owned(), now);
            tracing::warn!(controller.id = controller, kind, "{sentence}");
        }
    }
}

fn open(known: &Known, channel: Channel, bytes: &[u8]) -> Result<Up, Refused> {
    Up::decode(&known.wire_id, channel, bytes, known.protection())
}

fn send(client: &Client, known: &Known, down: &Down) {
    let topic = down.channel().topic(&known.wire_id);
    client.publish(&topic, down.encode(&known.wire_id, known.protection()), false);
}

/// An order that answers an `alive` travels in the current link.
fn with_link(store: &Store, known: &Known, down: Down) -> Down {
    match down {
        Down::Order(mut order) => {
            let link = store.read_here(|tx| tx.current_link(&known.sender.controller));
            order.link = link.unwrap_or_else(|error: StoreError| {
                tracing::error!(%error, "a link cannot be read");
                None
            });
            Down::Order(order)
        }
        other @ (Down::Answer(_) | Down::Lease(_) | Down::Welcome(_)) => other,
    }
}

/// The registry cannot decide in time. This is no decision and is in no journal.
fn unreachable(store: &Store, ask: &Ask) -> Answer {
    let language = store.read_here(|tx| network(tx).map(|network| words::language_of(&network)));
    let language = language.unwrap_or(tremen_rules::network::Language::Fr);
    let reason = "registry_unreachable".to_owned();
    Answer {
        link: ask.link,
        nonce: ask.nonce,
        machine: ask.machine.clone(),
        lcd: words::unreachable_lcd(language),
        outcome: Outcome::Deny { reason: reason.clone(), reasons: vec![reason] },
    }
}

/// A decision that was committed after its controller had been told that the registry is out of reach: a session that it
/// granted is closed, since nobody will use it.
async fn withdraw(store: Store, told: oneshot::Receiver<Result<Option<Answer>, FlowError>>) {
    let Ok(Ok(Some(answer))) = told.await else { return };
    let (Verdict::Grant, Outcome::Grant { session, .. }) = (answer.outcome.verdict(), answer.outcome) else { return };
    let closed = store
        .write(move |tx| {
            if let Some(row) = tx.session(session)?.filter(|row| row.ended_at.is_none()) {
                crate::flows::sessions::close(tx, &row, "registry_unreachable")?;
            }
            Ok::<_, FlowError>(())
        })
        .await;
    if let Err(error) = closed {
        tracing::error!(%error, "a grant that came too late could not be withdrawn; its lease ends it");
    }
}

