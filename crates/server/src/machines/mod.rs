//! Controllers over MQTT: from a message to a flow, and from what a flow says to a message.
//!
//! Start at [`run`]. `client.rs` is the one connection to the broker, over a network or in memory; `inbox.rs` takes what comes in;
//! `outbox.rs` sends orders until they are settled; `timer.rs` ends what ends by itself; `public_state.rs` tells the
//! public what each machine does; `broker.rs`, `door.rs` and `access.rs` are the embedded broker. `player.rs` is the other side: a
//! controller, for `tap`, the demonstration and the tests. Nothing here has an idea of its own of who may enter.

pub mod access;
pub mod broker;
pub mod client;
mod door;
mod inbox;
mod inside;
mod keyring;
mod outbox;
mod patience;
pub mod player;
mod public_state;
pub mod simulated_card;
mod timer;

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

pub use access::{REGISTRY_USER, Secret};
pub use broker::{Embedded, EmbeddedSettings, Listeners, Tls};
pub use client::{Address, Client, Connection, Login, connect};
pub use keyring::Keyring;

use crate::limits::ControllerLimits;
use crate::store::{Store, Touched};

/// How often the registry looks whether another process wrote to the database, in milliseconds.
const LOOK_AROUND_MS: u64 = 200;

/// The registry's side of the wire.
#[derive(Debug)]
pub struct Machines {
    /// Becomes true once the registry hears controllers, false while it does not.
    pub connected: watch::Receiver<bool>,
    tasks: tokio::task::JoinSet<()>,
    client: client::Client,
}

/// What the registry listens to.
#[must_use]
pub fn filters() -> Vec<String> {
    // Shared, so that several registries may serve one network; presence is for every one of them.
    let filters = [
        "$share/tremen/tremen/1/c/+/up/hello",
        "$share/tremen/tremen/1/c/+/up/ask",
        "$share/tremen/tremen/1/c/+/up/report",
        "tremen/1/c/+/up/alive",
    ];
    filters.map(str::to_owned).to_vec()
}

/// Serves controllers over a connection to their broker until [`Machines::stop`].
#[must_use]
pub fn run(
    store: &Store,
    keyring: &Arc<Keyring>,
    (client, connection): (Client, Connection),
    limits: &ControllerLimits,
) -> Machines {
    let connected = client.connected();
    let mut tasks = tokio::task::JoinSet::new();
    let inbox = inbox::Inbox::new(store.clone(), keyring.clone(), client.clone(), limits);
    tasks.spawn(connection.run(move |topic, retained, bytes| inbox.take(topic, retained, bytes)));
    tasks.spawn(outbox::run(store.clone(), keyring.clone(), client.clone()));
    tasks.spawn(timer::run(store.clone()));
    tasks.spawn(public_state::run(store.clone(), client.clone()));
    tasks.spawn(look_around(store.clone()));
    tasks.spawn(forget_secrets(store.clone(), keyring.clone()));
    Machines { connected, tasks, client }
}

impl Machines {
    /// Leaves the broker and ends all tasks.
    pub async fn stop(mut self) {
        self.client.leave();
        self.tasks.shutdown().await;
    }
}

/// Notices what other processes write, such as a manager's command beside the server.
async fn look_around(store: Store) {
    let mut tick = tokio::time::interval(std::time::Duration::from_millis(LOOK_AROUND_MS));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Err(error) = store.notice_other_writers().await {
            tracing::warn!(%error, "cannot see whether another process wrote");
        }
    }
}

/// Drops secrets that are not in force any more.
async fn forget_secrets(store: Store, keyring: Arc<Keyring>) {
    let mut touched = store.touched();
    loop {
        match next(&mut touched).await {
            Some(Touched::Credentials(controller)) => keyring.forget(controller.as_str()),
            Some(Touched::Network | Touched::Everything) => keyring.forget_all(),
            Some(Touched::Machine(_) | Touched::Answer(_) | Touched::Orders(_) | Touched::Sessions) => {}
            None => return,
        }
    }
}

/// What is touched within this time is looked at once, by those who look on: a busy minute costs them one look for many
/// changes, and none of it in the way of the next answer.
const GATHER: std::time::Duration = std::time::Duration::from_millis(10);

/// The things touched from the next one on, for a short while; none once the store is gone.
async fn news(touched: &mut tokio::sync::broadcast::Receiver<Touched>) -> Option<BTreeSet<Touched>> {
    use tokio::sync::broadcast::error::TryRecvError;
    let mut news = BTreeSet::from([next(touched).await?]);
    tokio::time::sleep(GATHER).await;
    loop {
        match touched.try_recv() {
            Ok(what) => news.insert(what),
            Err(TryRecvError::Lagged(_)) => news.insert(Touched::Everything),
            Err(TryRecvError::Empty | TryRecvError::Closed) => return Some(news),
        };
    }
}

/// The next thing touched; everything, when too much was to hear it all; none once the store is gone.
async fn next(touched: &mut tokio::sync::broadcast::Receiver<Touched>) -> Option<Touched> {
    match touched.recv().await {
        Ok(what) => Some(what),
        Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => Some(Touched::Everything),
        Err(tokio::sync::broadcast::error::RecvError::Closed) => None,
    }
}
