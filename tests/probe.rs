//! An MQTT client that tells what a broker says to each packet, for stories about who may do what.

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{ConnectReturnCode, LastWill, Packet, PubAckReason, Publish, SubscribeReasonCode};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, EventLoop, MqttOptions};
use tremen_server::machines::Address;

use crate::world::PATIENCE;

/// One connection; nothing is repeated, and it does not come back.
pub struct Probe {
    client: AsyncClient,
    events: EventLoop,
    /// Messages that came while something else was waited for.
    pub heard: Vec<Publish>,
}

/// What to log in with.
pub struct Account<'a> {
    pub user: &'a str,
    pub password: &'a str,
    pub client_id: &'a str,
    /// The topic of a last will, if one is left.
    pub will: Option<&'a str>,
}

impl<'a> Account<'a> {
    /// A controller's account.
    pub const fn of(user: &'a str) -> Self {
        Self { user, password: crate::world::PASSWORD, client_id: user, will: None }
    }
}

impl Probe {
    /// Logs in.
    pub async fn connect(broker: &Address, account: &Account<'_>) -> Result<Self, ConnectReturnCode> {
        let mut options = MqttOptions::new(account.client_id, &broker.host, broker.port);
        options.set_credentials(account.user, account.password);
        options.set_clean_start(true);
        if let Some(topic) = account.will {
            options.set_last_will(LastWill::new(topic, "offline", QoS::AtLeastOnce, true, None));
        }
        let mut network = rumqttc::NetworkOptions::new();
        network.set_tcp_nodelay(true);
        options.set_network_options(network);
        let (client, events) = AsyncClient::new(options, 16);
        let mut probe = Self { client, events, heard: Vec::new() };
        loop {
            match probe.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => return Ok(probe),
                Ok(_) => {}
                Err(ConnectionError::ConnectionRefused(code)) => return Err(code),
                Err(_) => return Err(ConnectReturnCode::UnspecifiedError), // closed without a word
            }
        }
    }

    async fn poll(&mut self) -> Result<Event, ConnectionError> {
        tokio::time::timeout(PATIENCE, self.events.poll()).await.unwrap()
    }

    async fn packet(&mut self) -> Packet {
        loop {
            match self.poll().await.unwrap() {
                Event::Incoming(packet) => return packet,
                Event::Outgoing(_) => {}
            }
        }
    }

    /// Publishes, and tells what the broker says to it.
    pub async fn publish(&mut self, topic: &str, bytes: &[u8], retain: bool) -> PubAckReason {
        self.client.try_publish(topic, QoS::AtLeastOnce, retain, bytes.to_vec()).unwrap();
        loop {
            match self.packet().await {
                Packet::PubAck(ack) => return ack.reason,
                Packet::Publish(message) => self.heard.push(message),
                _ => {}
            }
        }
    }

    /// Subscribes, and tells what the broker says to it.
    pub async fn subscribe(&mut self, filter: &str) -> SubscribeReasonCode {
        self.client.try_subscribe(filter, QoS::AtLeastOnce).unwrap();
        loop {
            match self.packet().await {
                Packet::SubAck(ack) => return ack.return_codes[0],
                Packet::Publish(message) => self.heard.push(message),
                _ => {}
            }
        }
    }

    /// The next message.
    pub async fn message(&mut self) -> Publish {
        if !self.heard.is_empty() {
            return self.heard.remove(0);
        }
        loop {
            if let Packet::Publish(message) = self.packet().await {
                return message;
            }
        }
    }

    /// Returns once the broker has closed the connection.
    pub async fn is_closed(&mut self) {
        while self.poll().await.is_ok() {}
    }
}
