//! The connection to the broker: kept up, subscribed again after each loss, with a last will. Start at [`connect`].

use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{LastWill, Packet, SubscribeReasonCode};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use rumqttc::{NetworkOptions, Outgoing};
use tokio::sync::mpsc;
use tremen_wire::{Channel, ControllerId, MAX_ALLOWLIST, Presence, Topic};

use crate::key_file::KeyFile;

/// Room for a packet's head and topic beside the longest message, in bytes.
const HEAD: usize = 1024;
/// How many messages may wait to be sent.
const WAITING: usize = 256;
/// First and longest wait before a new attempt, in milliseconds.
const RETRY_MS: (u64, u64) = (200, 5_000);

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
                "`{url}`: this bridge speaks to brokers without TLS only; use the sealed profile, or let a proxy on \
                 this board (stunnel) carry the connection and name it as `mqtt://127.0.0.1:port`"
            ));
        }
        let rest = url.strip_prefix("mqtt://").ok_or_else(allowed)?.trim_end_matches('/');
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| allowed())?),
            Some(_) | None => (rest, 1883),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let good = !host.is_empty() && !host.contains(['/', '@', ' ']);
        if good { Ok(Self { host: host.to_owned(), port }) } else { Err(allowed()) }
    }
}

/// What the connection tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It is up, and `down/#` is subscribed.
    Connected,
    /// It is gone.
    Disconnected,
    /// A message came.
    Message(Channel, Vec<u8>),
}

/// Sends messages.
#[derive(Debug, Clone)]
pub struct Client {
    sender: AsyncClient,
    controller: ControllerId,
}

impl Client {
    /// Hands a message over for sending with QoS 1. What does not fit is dropped; the wire's own repeats make up for it.
    pub fn publish(&self, channel: Channel, bytes: Vec<u8>, retained: bool) {
        let topic = channel.topic(&self.controller);
        if let Err(error) = self.sender.try_publish(topic.as_str(), QoS::AtLeastOnce, retained, bytes) {
            tracing::warn!(%error, topic, "a message could not be handed to the broker's connection");
        }
    }

    /// Says that the controller is off, and goodbye.
    pub fn leave(&self) {
        self.publish(Channel::Alive, Presence::Offline.as_str().into(), true);
        // A full queue or a lost connection: the broker notices by itself, and speaks the last will.
        let _ = self.sender.try_disconnect();
    }
}

/// The connection itself, to be run in a task of its own.
pub struct Connection {
    events: EventLoop,
    sender: AsyncClient,
    filter: String,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("filter", &self.filter).finish_non_exhaustive()
    }
}

/// Prepares a controller's connection; it connects when it is run.
#[must_use]
pub fn connect(address: &Address, key: &KeyFile) -> (Client, Connection) {
    let mut options = MqttOptions::new(key.controller.as_str(), &address.host, address.port);
    options.set_keep_alive(Duration::from_secs(5));
    options.set_clean_start(true);
    options.set_session_expiry_interval(Some(0));
    options.set_max_packet_size(u32::try_from(MAX_ALLOWLIST + HEAD).ok());
    options.set_credentials(key.controller.as_str(), &key.password);
    let offline = Presence::Offline.as_str();
    let alive = Channel::Alive.topic(&key.controller);
    options.set_last_will(LastWill::new(alive, offline, QoS::AtLeastOnce, true, None));
    // Without this a round trip costs 45 to 90 ms.
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    options.set_network_options(network);
    let (sender, events) = AsyncClient::new(options, WAITING);
    let client = Client { sender: sender.clone(), controller: key.controller.clone() };
    let filter = format!("tremen/1/c/{}/down/#", key.controller);
    (client, Connection { events, sender, filter })
}

impl Connection {
    /// Keeps the connection up until [`Client::leave`], or until nobody listens any more.
    pub async fn run(mut self, tell: mpsc::Sender<News>) {
        let mut wait_ms = RETRY_MS.0;
        let mut is_up = true; // so that the first failure is told
        loop {
            let news = match self.events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    wait_ms = RETRY_MS.0;
                    is_up = true;
                    if let Err(error) = self.sender.try_subscribe(self.filter.as_str(), QoS::AtLeastOnce) {
                        tracing::error!(%error, "the subscription could not be asked for");
                    }
                    None
                }
                Ok(Event::Incoming(Packet::SubAck(answer))) => {
                    let granted =
                        answer.return_codes.iter().all(|code| matches!(code, SubscribeReasonCode::Success(_)));
                    if !granted {
                        tracing::error!(
                            filter = self.filter,
                            "the broker refuses the subscription: see its access rules"
                        );
                    }
                    granted.then_some(News::Connected)
                }
                Ok(Event::Incoming(Packet::Publish(message))) => {
                    let topic = std::str::from_utf8(&message.topic).ok().and_then(Topic::parse);
                    topic.map(|topic| News::Message(topic.channel, message.payload.to_vec()))
                }
                Ok(Event::Outgoing(Outgoing::Disconnect)) => return,
                Ok(_) => None,
                Err(error) => {
                    if std::mem::take(&mut is_up) {
                        tracing::warn!(%error, "the broker cannot be reached; tries again until it can");
                    }
                    if tell.send(News::Disconnected).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                    wait_ms = (wait_ms * 2).min(RETRY_MS.1);
                    None
                }
            };
            if let Some(news) = news
                && tell.send(news).await.is_err()
            {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_perhaps_a_port() {
        let address = |url: &str| Address::parse(url).map(|it| (it.host, it.port));
        assert_eq!(address("mqtt://registry.lan"), Ok(("registry.lan".to_owned(), 1883)));
        assert_eq!(address("mqtt://10.0.0.2:1884/"), Ok(("10.0.0.2".to_owned(), 1884)));
        assert_eq!(address("mqtt://[::1]:1884"), Ok(("::1".to_owned(), 1884)));
        assert_eq!(address("mqtt://[fe80::1]"), Ok(("fe80::1".to_owned(), 1883)));
        for wrong in ["", "registry.lan", "mqtt://", "mqtt://a:b", "mqtt://u@h", "http://h"] {
            assert!(address(wrong).unwrap_err().contains("is allowed"), "{wrong}");
        }
        assert!(address("mqtts://h").unwrap_err().contains("stunnel"));
    }
}
