//! Somebody who has the broker in hand: hears everything, and may say anything.

use serde_json::Value as Json;
use tokio::sync::mpsc;
use tremen_server::machines::client::{self, Client, Login};

use crate::world::{PATIENCE, World};

/// A message as a broker delivers it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub topic: String,
    pub retained: bool,
    pub bytes: Vec<u8>,
}

/// A connection with the registry's own rights.
pub struct Listener {
    pub client: Client,
    heard: mpsc::UnboundedReceiver<Message>,
    _connection: tokio::task::JoinSet<()>,
}

impl Listener {
    /// Listens to topics on the registry's embedded broker.
    pub async fn start(world: &World, filters: &[&str]) -> Self {
        Self::dial(&world.broker_login("somebody-with-the-broker", filters)).await
    }

    /// Logs in somewhere.
    pub async fn dial(login: &Login) -> Self {
        let (teller, heard) = mpsc::unbounded_channel();
        let (client, connection) = client::connect(login);
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(connection.run(move |topic, retained, bytes| {
            let message = Message { topic: topic.to_owned(), retained, bytes: bytes.to_vec() };
            let _ = teller.send(message); // the story may be over
        }));
        let up = async { client.connected().wait_for(|up| *up).await.map(drop) };
        tokio::time::timeout(PATIENCE, up).await.unwrap().unwrap();
        Self { client, heard, _connection: tasks }
    }

    /// The next message.
    pub async fn next(&mut self) -> Message {
        tokio::time::timeout(PATIENCE, self.heard.recv()).await.unwrap().unwrap()
    }

    /// What was heard and not asked for yet.
    pub fn heard_so_far(&mut self) -> Vec<Message> {
        std::iter::from_fn(|| self.heard.try_recv().ok()).collect()
    }

    /// Waits until a machine shows a state to the public, and tells the whole message.
    pub async fn state(&mut self, machine: &str, state: &str) -> (Message, Json) {
        loop {
            let message = self.next().await;
            let json: Json = serde_json::from_slice(&message.bytes).unwrap();
            if message.topic.ends_with(&format!("/{machine}/state")) && json["state"] == state {
                return (message, json);
            }
        }
    }

    /// Waits until several machines have shown their states, in any order.
    pub async fn states(&mut self, wanted: &[(&str, &str)]) {
        let mut wanted = wanted.to_vec();
        while !wanted.is_empty() {
            let message = self.next().await;
            let json: Json = serde_json::from_slice(&message.bytes).unwrap();
            wanted.retain(|(machine, state)| {
                !(message.topic.ends_with(&format!("/{machine}/state")) && json["state"] == *state)
            });
        }
    }
}
