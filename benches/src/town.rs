//! A filled registry in a folder of its own, in this process or as `tremen serve`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tremen_rules::hours::{Shift, WeeklyHours};
use tremen_rules::network::{Controller, Machine, Profile};
use tremen_rules::{Assurance, ControllerId, MachineId, Network, VenueId};
use tremen_server::clock::SystemClock;
use tremen_server::flows::FlowError;
use tremen_server::keys::Keys;
use tremen_server::limits::{ControllerLimits, Limits, Rate, WebLimits};
use tremen_server::machines::EmbeddedSettings;
use tremen_server::serve::{Broker, Doors, Parts, Running, start_with};
use tremen_server::store::{Store, system_random};

use crate::device::{KEY, PASSWORD};
use crate::people;

/// How many machines controller 0 has, so that so many taps in flight are each on a machine of their own.
const MACHINES: u32 = 256;

/// The machine of a number that a controller serves: controller 0 has 256, each other one has one, number 0.
#[must_use]
pub fn machine_of(controller: u32, number: u32) -> String {
    format!("bench-{controller}-{number}")
}

/// A filled registry. Its folder goes with it.
#[derive(Debug)]
pub struct Town {
    /// Where everything is kept.
    pub folder: PathBuf,
}

impl Town {
    /// Prepares a registry of so many people and controllers (`bench-0` ...), and a plain one, `bench-echo`.
    ///
    /// People are written once for each number and kept in `target/benches`, for the runs that follow.
    pub async fn prepare(people: u32, controllers: u32) -> Self {
        let pristine = pristine(people).await;
        let folder = target().join(format!("run-{}-{people}-{controllers}", std::process::id()));
        std::fs::create_dir_all(folder.join("keys")).unwrap();
        let town = Self { folder };
        copy_files(&pristine, &town.folder);
        copy_files(&pristine.join("keys"), &town.folder.join("keys"));
        declare(&open(&town.folder), controllers).await;
        town
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.folder.join("tremen.db")
    }

    /// Opens the database alone.
    #[must_use]
    pub fn store(&self) -> Store {
        open(&self.folder)
    }

    /// Starts the registry in this process, with everything that `tremen serve` has.
    pub async fn start(&self) -> Running {
        let settings = EmbeddedSettings { address: "127.0.0.1:0".parse().unwrap(), tls: None, max_clients: 5_000 };
        let web = Some("127.0.0.1:0".parse().unwrap());
        // A benchmark asks as no controller may.
        let rate = Rate { burst: u32::MAX, per_minute: u32::MAX };
        let controller = ControllerLimits { asks: rate, reports: rate, hellos: rate, presence: rate };
        let pages = WebLimits { requests: rate, ..WebLimits::default() };
        let limits = Limits { controller, web: pages, ..Limits::default() };
        let parts = Parts { store: open(&self.folder), broker: Broker::Embedded(settings), web };
        start_with(parts, Doors { limits, ..Doors::default() }).await.unwrap()
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// `target/benches`: on a disk, as the registry's database would be; the system's temporary folder may be in memory.
fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program.ancestors().nth(3).unwrap().join("benches")
}

fn open(folder: &Path) -> Store {
    let keys = Arc::new(Keys::open(&folder.join("keys")).unwrap());
    Store::open(&folder.join("tremen.db"), keys, Arc::new(SystemClock::default()), system_random()).unwrap()
}

/// A database with so many people and nothing else, made when it is not there yet.
async fn pristine(count: u32) -> PathBuf {
    let mut version = DefaultHasher::new();
    (include_str!("../../migrations/sqlite/schema.sql"), include_str!("people.rs")).hash(&mut version);
    let folder = target().join(format!("people-{count}-{:x}", version.finish()));
    if !folder.exists() {
        let half_done = target().join(format!("making-{}", std::process::id()));
        std::fs::create_dir_all(&half_done).unwrap();
        people::fill(&open(&half_done), count).await;
        std::fs::rename(&half_done, &folder).unwrap();
    }
    folder
}

fn copy_files(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// The sample network with the benchmark's controllers and machines: laser cutters of the first venue, open day and night.
fn network(controllers: u32) -> Network {
    let text = include_str!("../../config/sample/network.toml");
    let mut network = tremen_files::network_file::read(text).unwrap().network;
    let venue = VenueId::parse("ubo").unwrap();
    let whole_day = vec![Shift::parse("00:00-24:00").unwrap()];
    let [mon, tue, wed, thu, fri, sat, sun] = [(); 7].map(|()| whole_day.clone());
    network.venues.get_mut(&venue).unwrap().hours = Some(WeeklyHours { mon, tue, wed, thu, fri, sat, sun });
    let model = network.machines["trotec-speedy"].clone();
    for number in 0..controllers {
        let id = ControllerId::parse(&format!("bench-{number}")).unwrap();
        let count = if number == 0 { MACHINES } else { 1 };
        let machines: Vec<_> = (0..count).map(|k| MachineId::parse(&machine_of(number, k)).unwrap()).collect();
        for machine in &machines {
            let name = machine.to_string();
            let of_anybody = Machine { min_assurance: Assurance::A0, min_age: None, ..model.clone() };
            network.machines.insert(machine.clone(), Machine { id: machine.clone(), name, ..of_anybody });
        }
        network
            .controllers
            .insert(id.clone(), Controller { id, venue: venue.clone(), machines, profile: Profile::Sealed });
    }
    let echo = ControllerId::parse("bench-echo").unwrap();
    let plain = Controller { id: echo.clone(), venue, machines: Vec::new(), profile: Profile::Plain };
    network.controllers.insert(echo, plain);
    assert_eq!(network.check(), []);
    network
}

async fn declare(store: &Store, controllers: u32) {
    let network = network(controllers);
    let tag = store.keys().tag("password", PASSWORD.as_bytes());
    let declared = store.write(move |tx| {
        let entry = tx.record("network_applied", &serde_json::json!({}))?;
        tx.declare(&network, entry, "file")?;
        for controller in network.controllers.values().filter(|it| it.id.as_str().starts_with("bench-")) {
            let key = (controller.profile == Profile::Sealed).then_some(&KEY);
            tx.put_credential(&controller.id, key, &tag)?;
        }
        Ok::<_, FlowError>(())
    });
    declared.await.unwrap();
}
