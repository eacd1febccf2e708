//! The stage of the flows' tests: a store in a temporary file, the sample network, a clock that stands still.

use std::path::PathBuf;
use std::sync::Arc;

use tremen_files::table;
use tremen_rules::{Assurance, AwardId, CardId, MachineId, Network, PersonId, Time};
use tremen_wire::SessionId;

use super::{Actor, Warrant, apply_network, import_awards, import_cards, import_handovers, import_memberships};
use super::{import_people, import_restrictions, import_roles, open_incident, provision_controller};
use crate::clock::ManualClock;
use crate::keys::Keys;
use crate::store::{Entry, NewDecision, NewSession, Store, StoreError, Tx, seeded_random};

/// A Thursday on which the sample's laser cutters may be used: 26 November 2026, 15:00 in Brest.
pub(crate) const NOW: &str = "2026-11-26T15:00:00+01:00";

macro_rules! sample {
    ($file:literal) => {
        include_str!(concat!("../../../../config/sample/", $file))
    };
}

pub(crate) struct Stage {
    pub store: Store,
    pub clock: Arc<ManualClock>,
    folder: PathBuf,
    runtime: tokio::runtime::Runtime,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder); // a test's leavings harm nobody
    }
}

pub(crate) fn time(text: &str) -> Time {
    tremen_files::when::parse_begin(text, chrono_tz::Europe::Paris).unwrap()
}

pub(crate) fn sample_network() -> Network {
    tremen_files::network_file::read(sample!("network.toml")).unwrap().network
}

pub(crate) fn operator() -> Warrant {
    Warrant { by: Actor::Operator, why: "a rehearsal".to_owned() }
}

pub(crate) fn id<T: TryFrom<String, Error: std::fmt::Debug>>(text: &str) -> T {
    T::try_from(text.to_owned()).unwrap()
}

impl Stage {
    /// Nothing is declared, nobody is known.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("tremen-flows-").tempdir().unwrap().keep();
        let clock = Arc::new(ManualClock::at(time(NOW)));
        let keys = Arc::new(Keys::from_seed(1));
        let store = Store::open(&folder.join("tremen.db"), keys, clock.clone(), seeded_random(1)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { store, clock, folder, runtime }
    }

    /// Opens an incident on the laser, from an hour ago to now.
    pub(crate) fn incident(&self) -> i64 {
        let open = open_incident::Request {
            machine: id("trotec-speedy"),
            from: time("2026-11-26T14:00:00+01:00"),
            until: None,
            people: Vec::new(),
            lock: false,
        };
        self.write(move |tx| open_incident::run(tx, &operator(), &open)).unwrap().incident
    }

    /// The sample network with its people; its controllers have secrets.
    pub(crate) fn sample() -> Self {
        let stage = Self::empty();
        let zone = chrono_tz::Europe::Paris;
        stage.change(move |tx| {
            let network = sample_network();
            let controllers: Vec<_> = network.controllers.keys().cloned().collect();
            let request = apply_network::Request { network, prune: false, side: None };
            apply_network::run(tx, &operator(), &request).unwrap();
            let by = operator();
            import_people::run(tx, &by, &table::read_people(sample!("people.csv").as_bytes(), zone).unwrap().rows)
                .unwrap();
            import_cards::run(tx, &by, &table::read_cards(sample!("cards.csv").as_bytes(), zone).unwrap().rows)
                .unwrap();
            import_awards::run(tx, &by, &table::read_awards(sample!("awards.csv").as_bytes(), zone).unwrap().rows)
                .unwrap();
            let memberships = table::read_memberships(sample!("memberships.csv").as_bytes(), zone).unwrap().rows;
            import_memberships::run(tx, &by, &memberships).unwrap();
            let handovers = table::read_handovers(sample!("handovers.csv").as_bytes(), zone).unwrap().rows;
            import_handovers::run(tx, &by, &handovers).unwrap();
            import_roles::run(tx, &by, &table::read_roles(sample!("roles.csv").as_bytes(), zone).unwrap().rows)
                .unwrap();
            let restrictions = table::read_restrictions(sample!("restrictions.csv").as_bytes(), zone).unwrap().rows;
            import_restrictions::run(tx, &by, &restrictions).unwrap();
            for controller in controllers {
                provision_controller::run(tx, &by, &provision_controller::Request::Declared(controller)).unwrap();
            }
        });
        stage
    }

    /// Runs a flow in a transaction of its own.
    pub(crate) fn write<T, E>(&self, job: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.runtime.block_on(self.store.write(job))
    }

    /// The folder of the database.
    pub(crate) fn store_folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Writes all that is committed into the database file itself, and empties the log beside it.
    pub(crate) fn checkpoint(&self) {
        let connection = rusqlite::Connection::open(self.folder.join("tremen.db")).unwrap();
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    }

    /// Runs what takes several transactions.
    pub(crate) fn wait<T>(&self, job: impl Future<Output = T>) -> T {
        self.runtime.block_on(job)
    }

    /// As [`Stage::write`] for what cannot be refused.
    pub(crate) fn change<T: Send + 'static>(&self, job: impl FnOnce(&mut Tx<'_>) -> T + Send + 'static) -> T {
        self.write(move |tx| Ok::<T, StoreError>(job(tx))).unwrap()
    }

    pub(crate) fn read<T>(&self, job: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>) -> T {
        self.store.read_here(job).unwrap()
    }

    pub(crate) fn person(&self, key: &str) -> PersonId {
        self.read(|tx| Ok(tx.person_by_key(key)?.unwrap().person))
    }

    pub(crate) fn by(&self, key: &str) -> Warrant {
        Warrant { by: Actor::Person(self.person(key)), why: "a good reason".to_owned() }
    }

    pub(crate) fn award(&self, key: &str, reference: &str) -> AwardId {
        let person = self.person(key);
        let awards = self.read(|tx| tx.awards_of(&person));
        awards.into_iter().rev().find(|it| it.award.reference.as_str() == reference).unwrap().award.id
    }

    pub(crate) fn card(&self, uid: &[u8]) -> CardId {
        self.read(|tx| Ok(tx.card_by_uid(uid)?.unwrap().card))
    }

    /// A session as a tap with a secure card opens it.
    pub(crate) fn session(&self, machine: &str, key: &str, card: Option<CardId>) -> SessionId {
        let (machine, person): (MachineId, _) = (id(machine), self.person(key));
        self.change(move |tx| {
            let network = tx.network().unwrap().network.clone();
            let controller = network.controllers.values().find(|it| it.machines.contains(&machine)).unwrap().id.clone();
            let story = serde_json::json!({ "machine": machine, "controller": controller, "intent": "use",
                "facts": tx.person_facts(&person).unwrap(), "revision": tx.network().unwrap().revision });
            let entry = tx.record("access_granted", &story).unwrap();
            let decision = NewDecision {
                entry,
                controller: &controller,
                ask: Some((tx.random(), [0; 32])),
                machine: machine.as_str(),
                person: Some(&person),
                card: card.as_ref(),
                intent: "use",
                verdict: "grant",
                reason: None,
                session: None,
                answer: "{}",
            };
            let decision = tx.add_decision(&decision).unwrap();
            let session = SessionId(tx.random());
            let lease_until = tx.now().plus_seconds(60);
            tx.open_session(&NewSession {
                session,
                machine: &machine,
                controller: &controller,
                person: &person,
                card: card.as_ref(),
                assurance: Assurance::A1,
                decision,
                hard_end: None,
                right_end: None,
                idle_end: None,
                lease_until,
                spoke: None,
            })
            .unwrap();
            session
        })
    }

    /// The last entry of the journal.
    pub(crate) fn last_entry(&self) -> Entry {
        self.read(|tx| Ok(tx.entries_after(0, Time::from_millis(0), 1_000_000)?.pop().unwrap()))
    }

    pub(crate) fn entries(&self) -> usize {
        self.read(|tx| Ok(tx.entries_after(0, Time::from_millis(0), 1_000_000)?.len()))
    }
}
