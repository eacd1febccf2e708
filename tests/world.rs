//! A registry in a folder of its own, with the sample network, on free ports, at an open Thursday afternoon.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tremen_controller::{Remembered, Settings};
use tremen_rules::{ControllerId, Time};
use tremen_server::clock::{Clock, WallClock};
use tremen_server::flows::FlowError;
use tremen_server::keys::Keys;
use tremen_server::machines::player::{self, Happening, Player};
use tremen_server::machines::EmbeddedSettings;
use tremen_server::serve::{Broker, Parts, Running, start};
use tremen_server::store::{Store, system_random};
use tremen_wire::Capability;

/// Longer than anything takes, even on a busy machine; nothing waits for it in vain.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Thursday 26 November 2026, 15:00 in Brest: all four venues but TyFab are open.
pub const THURSDAY: i64 = 1_795_701_600_000;

/// A folder that goes away with its story.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let path = std::env::temp_dir().join(format!("tremen-story-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0); // left behind for the system to clear where that fails
    }
}

/// The registry and its folder.
pub struct World {
    pub folder: Folder,
    pub store: Store,
    pub running: Running,
}

/// A clock that shows Thursday afternoon now and goes on from there.
pub fn thursday() -> Arc<dyn Clock> {
    let ahead_ms = THURSDAY - WallClock::default().now().millis();
    Arc::new(WallClock { ahead_ms })
}

pub fn open_store(folder: &Folder, clock: Arc<dyn Clock>) -> Store {
    let keys = Arc::new(Keys::open(&folder.0.join("keys")).unwrap());
    Store::open(&folder.0.join("tremen.db"), keys, clock, system_random()).unwrap()
}

impl World {
    pub async fn start() -> Self {
        let folder = Folder::new();
        let store = open_store(&folder, thursday());
        let text = include_str!("../config/sample/network.toml");
        let network = tremen_files::network_file::read(text).unwrap().network;
        store
            .write(move |tx| {
                let entry = tx.record("network_applied", &serde_json::json!({}))?;
                tx.declare(&network, entry, "file")?;
                Ok::<_, FlowError>(())
            })
            .await
            .unwrap();
        let settings = EmbeddedSettings { address: "127.0.0.1:0".parse().unwrap(), tls: None, max_clients: 100 };
        let running = start(Parts { store: store.clone(), broker: Broker::Embedded(settings), web: None }).await.unwrap();
        Self { folder, store, running }
    }

    pub fn now(&self) -> Time {
        self.store.clock().now()
    }

    /// Provisions a controller and powers it up; returns once it is linked.
    pub async fn controller(&self, name: &str, sealed: bool) -> Player {
        let id = ControllerId::parse(name).unwrap();
        let key = sealed.then_some([7; 32]);
        let tag = self.store.keys().tag("password", b"secret");
        self.store
            .write(move |tx| tx.put_credential(&id, key.as_ref(), &tag).map_err(FlowError::from))
            .await
            .unwrap();
        let wire_id = tremen_wire::ControllerId::parse(name).unwrap();
        let login = player::login(self.running.broker.clone(), &wire_id, "secret");
        let security = match key {
            Some(key) => tremen_controller::Security::Sealed(tremen_wire::Key::new(key)),
            None => tremen_controller::Security::Plain,
        };
        let settings = Settings { capabilities: vec![Capability::Lcd], ..Settings::new(wire_id, security, "story 1") };
        let mut player = Player::start(settings, Remembered::default(), &login);
        player.wait_for(PATIENCE, |it| (*it == Happening::Linked).then_some(())).await.unwrap();
        player
    }
}
