//! The registry's own line to the embedded broker: the same topics and bytes as over a network, handed over in memory.
//!
//! It saves a tap four trips through a socket. What a broker elsewhere does for us, this one does too: it takes our
//! subscriptions, shared ones included, hands over what others publish and delivers what we publish.

use std::sync::Arc;

use mqtt5::QoS;
use mqtt5::broker::router::{DeliveryLanes, LaneReceivers, MessageRouter, SubscriptionRequest};
use mqtt5::packet::publish::PublishPacket;
use tokio::sync::{mpsc, oneshot, watch};

/// How many messages may wait to be taken.
const WAITING: usize = 4096;

/// The line, to be run in a task of its own.
pub(super) struct Line {
    router: Arc<MessageRouter>,
    client_id: String,
    filters: Vec<String>,
    to_send: mpsc::Receiver<PublishPacket>,
    connected: watch::Sender<bool>,
}

impl Line {
    pub(super) const fn new(
        router: Arc<MessageRouter>,
        client_id: String,
        filters: Vec<String>,
        to_send: mpsc::Receiver<PublishPacket>,
        connected: watch::Sender<bool>,
    ) -> Self {
        Self { router, client_id, filters, to_send, connected }
    }

    /// Hands over every message until the task is ended: topic, whether it is a retained one, bytes.
    pub(super) async fn run(self, take: impl FnMut(&str, bool, &[u8])) {
        let (lanes, heard) = DeliveryLanes::channel(WAITING);
        // Nobody takes this client id over: the doorkeeper lets nobody in under it.
        let (displace, _displaced) = oneshot::channel();
        let queue = self.router.queue_handle(&self.client_id);
        self.router.register_client(self.client_id.clone(), lanes, queue, displace).await;
        for filter in &self.filters {
            // QoS 0 in here: between two tasks of one process nothing is lost, but what finds the lane full, as it would
            // find the store's queue. The controller's own QoS 1 with the broker is as it asked.
            let request = SubscriptionRequest::new(&self.client_id, filter, QoS::AtMostOnce);
            if let Err(error) = self.router.subscribe(request).await {
                tracing::error!(%error, filter, "the embedded broker refuses a subscription");
                return;
            }
        }
        self.connected.send_replace(true); // the broker is new with this process: it has kept no retained message
        tokio::join!(hear(heard, take), send(&self.router, &self.client_id, self.to_send));
    }
}

async fn hear(mut heard: LaneReceivers, mut take: impl FnMut(&str, bool, &[u8])) {
    while let Some(message) = heard.recv().await {
        take(&message.publish.topic_name, message.publish.retain, &message.publish.payload);
    }
}

async fn send(router: &MessageRouter, client_id: &str, mut to_send: mpsc::Receiver<PublishPacket>) {
    while let Some(message) = to_send.recv().await {
        router.route_message(&message, Some(client_id)).await;
    }
}
