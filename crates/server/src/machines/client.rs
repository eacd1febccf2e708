//! One connection to a broker: over a network it is kept up, subscribed again after each loss, with TCP_NODELAY; to the
//! embedded broker of this process it is a line in memory (`inside.rs`). Who speaks through it sees no difference.

use std::sync::Arc;
use std::time::Duration;

use mqtt5::broker::router::MessageRouter;
use mqtt5::packet::publish::PublishPacket;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Filter, LastWill, Packet, SubscribeReasonCode};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, EventLoop, MqttOptions};
use tokio::sync::{mpsc, watch};

use super::access::Secret;
use super::inside::Line;

/// Largest packet that is taken, in bytes.
const LARGEST_PACKET: u32 = 300 * 1024;
/// How many messages may wait to be sent.
const WAITING: usize = 4096;
/// First and longest wait before a new attempt, in milliseconds.
const RETRY_MS: (u64, u64) = (100, 5_000);

/// Where a broker is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Its name or number.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Address {
    /// Reads `mqtt://host[:port]`.
    ///
    /// # Errors
    /// A sentence that says what is allowed.
    pub fn parse(url: &str) -> Result<Self, String> {
        let allowed = || format!("`{url}` is not a broker's address: `mqtt://host` or `mqtt://host:port` is allowed");
        if url.starts_with("mqtts://") {
            return Err(format!(
                "`{url}`: this Tremen speaks to external brokers without TLS only; let a proxy on this machine \
                 (stunnel, HAProxy) carry the connection, and name it as `mqtt://127.0.0.1:port`"
            ));
        }
        let rest = url.strip_prefix("mqtt://").ok_or_else(allowed)?.trim_end_matches('/');
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| allowed())?),
            _ => (rest, 1883),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() || host.contains(['/', '@', ' ']) {
            Err(allowed())
        } else {
            Ok(Self { host: host.to_owned(), port })
        }
    }
}

/// How to log in, and what to listen to.
#[derive(Debug, Clone)]
pub struct Login {
    /// Where.
    pub address: Address,
    /// The MQTT client id.
    pub client_id: String,
    /// The user name and password, if the broker asks for them.
    pub credentials: Option<(String, Secret)>,
    /// Topic filters.
    pub filters: Vec<String>,
    /// What the broker says in our place when we are gone: topic and text, retained.
    pub last_will: Option<(String, String)>,
}

/// Sends messages. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    sender: Sender,
    connected: watch::Receiver<bool>,
}

/// What carries a message to the connection's task.
#[derive(Debug, Clone)]
enum Sender {
    Network(AsyncClient),
    Inside(mpsc::Sender<PublishPacket>),
}

impl Client {
    /// Hands a message over for sending with QoS 1. What does not fit is dropped and told in the log; the wire's own
    /// repeats make up for it.
    ///
    /// What is said while the connection is down is dropped too: it would come too late, and fill the queue that the
    /// subscriptions need when the broker is back.
    pub fn publish(&self, topic: &str, bytes: Vec<u8>, retained: bool) {
        if !*self.connected.borrow() {
            tracing::debug!(topic, "a message is dropped, since the broker cannot be reached");
            return;
        }
        let full = match &self.sender {
            Sender::Network(sender) => sender.try_publish(topic, QoS::AtLeastOnce, retained, bytes).is_err(),
            Sender::Inside(sender) => {
                let message = PublishPacket::new(topic, bytes, mqtt5::QoS::AtLeastOnce).with_retain(retained);
                sender.try_send(message).is_err()
            }
        };
        if full {
            tracing::warn!(topic, "a message could not be handed to the broker's connection, which is busy or closed");
        }
    }

    /// Whether the connection stands and all filters are subscribed.
    #[must_use]
    pub fn connected(&self) -> watch::Receiver<bool> {
        self.connected.clone()
    }

    /// Says goodbye to the broker, so that it does not speak our last will.
    pub fn leave(&self) {
        match &self.sender {
            // A full queue or a lost connection: the broker notices by itself.
            Sender::Network(sender) => drop(sender.try_disconnect()),
            Sender::Inside(_) => {} // it has no last will, and the broker ends with us
        }
    }
}

/// The connection itself, to be run in a task of its own.
pub struct Connection(Way);

enum Way {
    Network(Box<Network>),
    Inside(Line),
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// A connection over a network.
struct Network {
    events: EventLoop,
    sender: AsyncClient,
    address: Address,
    filters: Vec<String>,
    connected: watch::Sender<bool>,
    /// How long it waits before it tries again.
    wait_ms: u64,
    /// Whether the log says that the broker is lost: each loss is told once, and its end once.
    told_lost: bool,
}

/// Prepares a connection; it connects when it is run.
#[must_use]
pub fn connect(login: &Login) -> (Client, Connection) {
    let mut options = MqttOptions::new(&login.client_id, &login.address.host, login.address.port);
    options.set_keep_alive(Duration::from_secs(5));
    options.set_clean_start(true);
    options.set_session_expiry_interval(Some(0));
    options.set_max_packet_size(Some(LARGEST_PACKET));
    if let Some((user, password)) = &login.credentials {
        options.set_credentials(user, &password.0);
    }
    if let Some((topic, text)) = &login.last_will {
        options.set_last_will(LastWill::new(topic.as_str(), text.clone(), QoS::AtLeastOnce, true, None));
    }
    // Without this a round trip costs 45 to 90 ms.
    let mut network = rumqttc::NetworkOptions::new();
    network.set_tcp_nodelay(true);
    options.set_network_options(network);
    let (sender, events) = AsyncClient::new(options, WAITING);
    let (told, connected) = watch::channel(false);
    let client = Client { sender: Sender::Network(sender.clone()), connected };
    let network = Network {
        events,
        sender,
        address: login.address.clone(),
        filters: login.filters.clone(),
        connected: told,
        wait_ms: RETRY_MS.0,
        told_lost: false,
    };
    (client, Connection(Way::Network(Box::new(network))))
}

/// Prepares a line to the broker of this process.
pub(super) fn connect_inside(
    router: Arc<MessageRouter>,
    client_id: &str,
    filters: Vec<String>,
) -> (Client, Connection) {
    let (sender, to_send) = mpsc::channel(WAITING);
    let (told, connected) = watch::channel(false);
    let line = Line::new(router, client_id.to_owned(), filters, to_send, told);
    (Client { sender: Sender::Inside(sender), connected }, Connection(Way::Inside(line)))
}

impl Connection {
    /// Keeps the connection up for ever and hands over every message: topic, whether it is a retained one, bytes.
    pub async fn run(self, take: impl FnMut(&str, bool, &[u8])) {
        match self.0 {
            Way::Network(network) => network.run(take).await,
            Way::Inside(line) => line.run(take).await,
        }
    }
}

impl Network {
    async fn run(mut self, mut take: impl FnMut(&str, bool, &[u8])) {
        loop {
            match self.events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => self.subscribe(),
                Ok(Event::Incoming(Packet::SubAck(answer))) => {
                    let refused =
                        answer.return_codes.iter().any(|code| !matches!(code, SubscribeReasonCode::Success(_)));
                    if refused {
                        tracing::error!(codes = ?answer.return_codes, "the broker refuses a subscription: see its access rules");
                        self.connected.send_replace(false);
                    } else {
                        self.stands();
                    }
                }
                Ok(Event::Incoming(Packet::Publish(message))) => {
                    if let Ok(topic) = std::str::from_utf8(&message.topic) {
                        take(topic, message.retain, &message.payload);
                    }
                }
                Ok(_) => {}
                Err(error) => self.lost(&error).await,
            }
        }
    }

    /// A broker that only lets us in and hangs up again does not stand: it is not asked without pause.
    fn stands(&mut self) {
        self.wait_ms = RETRY_MS.0;
        if std::mem::take(&mut self.told_lost) {
            tracing::info!(host = self.address.host, port = self.address.port, "the broker answers again");
        }
        self.connected.send_replace(true);
    }

    async fn lost(&mut self, error: &ConnectionError) {
        self.connected.send_replace(false);
        if !std::mem::replace(&mut self.told_lost, true) {
            let Address { host, port } = &self.address;
            tracing::warn!(%error, host, port, "the broker cannot be reached; tries again until it can");
        }
        tokio::time::sleep(Duration::from_millis(self.wait_ms)).await;
        self.wait_ms = (self.wait_ms * 2).min(RETRY_MS.1);
    }

    fn subscribe(&mut self) {
        if self.filters.is_empty() {
            self.stands();
            return;
        }
        let filters = self.filters.iter().map(|filter| Filter::new(filter.clone(), QoS::AtLeastOnce));
        if let Err(error) = self.sender.try_subscribe_many(filters) {
            tracing::error!(%error, "the subscriptions could not be asked for");
        }
    }
}
