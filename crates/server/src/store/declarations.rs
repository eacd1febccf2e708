//! What the network declares, versioned by revision, and the network that is in force. Start at [`SnapshotCache::current`].
//!
//! The network is small and changes rarely, so its checked value is kept in memory; each transaction compares its
//! revision with the database first. Rights are never kept, only the rules that they follow from.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tremen_rules::Network;
use tremen_rules::network::{Acceptance, Controller, Issuer, Machine, Reference, Settings, Venue};

use super::tx::{StoreError, Touched, Tx};
use crate::params;

/// The network of one revision.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Which revision; 0 before anything was declared.
    pub revision: u64,
    /// What it declares; an empty network before anything was declared.
    pub network: Network,
}

/// The last snapshot that a connection saw.
#[derive(Debug, Default)]
pub(super) struct SnapshotCache(Option<Arc<Snapshot>>);

impl SnapshotCache {
    pub(super) fn current(&mut self, tx: &Tx<'_>) -> Result<Arc<Snapshot>, StoreError> {
        let revision = tx
            .query_one("SELECT COALESCE(MAX(revision), 0) FROM revisions", params![], |row| row.get::<u64>(0))?
            .unwrap_or(0);
        if let Some(snapshot) = self.0.as_ref().filter(|snapshot| snapshot.revision == revision) {
            return Ok(snapshot.clone());
        }
        let snapshot = Arc::new(Snapshot { revision, network: tx.network_of(revision)? });
        self.0 = Some(snapshot.clone());
        Ok(snapshot)
    }
}

/// One thing that the network file declares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "spec", rename_all = "lowercase")]
#[expect(missing_docs, reason = "each variant is named after the table of the network file")]
pub enum Declared {
    Network(Settings),
    Issuer(Issuer),
    Venue(Venue),
    Reference(Reference),
    Machine(Machine),
    Acceptance(Acceptance),
    Controller(Controller),
}

impl Declared {
    /// Everything that a network declares, in the file's order of tables.
    #[must_use]
    pub fn all_of(network: &Network) -> Vec<Self> {
        let mut all = vec![Self::Network(network.settings.clone())];
        all.extend(network.issuers.values().cloned().map(Self::Issuer));
        all.extend(network.venues.values().cloned().map(Self::Venue));
        all.extend(network.references.values().cloned().map(Self::Reference));
        all.extend(network.machines.values().cloned().map(Self::Machine));
        all.extend(network.acceptances.iter().cloned().map(Self::Acceptance));
        all.extend(network.controllers.values().cloned().map(Self::Controller));
        all
    }

    /// The table of the network file.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Network(_) => "network",
            Self::Issuer(_) => "issuer",
            Self::Venue(_) => "venue",
            Self::Reference(_) => "reference",
            Self::Machine(_) => "machine",
            Self::Acceptance(_) => "acceptance",
            Self::Controller(_) => "controller",
        }
    }

    /// The id within its table; of an acceptance rule, whose and for what it is.
    #[must_use]
    pub fn id(&self) -> String {
        use tremen_rules::network::AcceptedReferences::{All, These};
        match self {
            Self::Network(_) => "network".to_owned(),
            Self::Issuer(issuer) => issuer.id.to_string(),
            Self::Venue(venue) => venue.id.to_string(),
            Self::Reference(reference) => reference.id.to_string(),
            Self::Machine(machine) => machine.id.to_string(),
            Self::Controller(controller) => controller.id.to_string(),
            Self::Acceptance(rule) => {
                let references = match &rule.references {
                    All => "all".to_owned(),
                    These(ids) => {
                        let mut ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
                        ids.sort_unstable();
                        ids.join("+")
                    }
                };
                format!("{}/{}/{references}", rule.venue, rule.issuer)
            }
        }
    }
}

impl Tx<'_> {
    /// The network that a revision declared; an empty one before revision 1.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn network_of(&self, revision: u64) -> Result<Network, StoreError> {
        let declared = self.query(
            "SELECT kind, spec FROM declarations
             WHERE since_revision <= $1 AND (until_revision IS NULL OR until_revision > $1) ORDER BY kind, id",
            params![revision],
            |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)),
        )?;
        let mut network = Network::empty();
        for (kind, spec) in declared {
            let json = format!(r#"{{"kind":"{kind}","spec":{spec}}}"#);
            match serde_json::from_str(&json)
                .map_err(|error| StoreError::Unreadable(format!("{kind} {spec}: {error}")))?
            {
                Declared::Network(settings) => network.settings = settings,
                Declared::Issuer(it) => drop(network.issuers.insert(it.id.clone(), it)),
                Declared::Venue(it) => drop(network.venues.insert(it.id.clone(), it)),
                Declared::Reference(it) => drop(network.references.insert(it.id.clone(), it)),
                Declared::Machine(it) => drop(network.machines.insert(it.id.clone(), it)),
                Declared::Acceptance(it) => network.acceptances.push(it),
                Declared::Controller(it) => drop(network.controllers.insert(it.id.clone(), it)),
            }
        }
        Ok(network)
    }

    /// Makes a network the one in force: a new revision, in which only what differs from the last is written.
    /// The caller has checked it.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn declare(&mut self, network: &Network, entry: i64, source: &str) -> Result<u64, StoreError> {
        let before = self.network()?;
        let old = if before.revision == 0 { Vec::new() } else { Declared::all_of(&before.network) };
        let new = Declared::all_of(network);
        let revision = before.revision + 1;
        self.execute(
            "INSERT INTO revisions (revision, at, entry, source) VALUES ($1, $2, $3, $4)",
            params![revision, self.now(), entry, source],
        )?;
        for gone in old.iter().filter(|declared| !new.contains(declared)) {
            self.execute(
                "UPDATE declarations SET until_revision = $1 WHERE kind = $2 AND id = $3 AND until_revision IS NULL",
                params![revision, gone.kind(), gone.id()],
            )?;
        }
        for come in new.iter().filter(|declared| !old.contains(declared)) {
            let tagged = serde_json::to_value(come).map_err(|error| StoreError::Unreadable(error.to_string()))?;
            let spec = tagged.get("spec").map(ToString::to_string).unwrap_or_default();
            self.execute(
                "INSERT INTO declarations (kind, id, since_revision, spec) VALUES ($1, $2, $3, $4)",
                params![come.kind(), come.id(), revision, spec],
            )?;
        }
        self.touch(Touched::Network);
        self.touch(Touched::Everything);
        Ok(revision)
    }

    /// The last revision that a network file made; 0 for none.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn last_file_revision(&self) -> Result<u64, StoreError> {
        let revision = self.query_one(
            "SELECT COALESCE(MAX(revision), 0) FROM revisions WHERE source = 'file'",
            params![],
            |row| row.get(0),
        )?;
        Ok(revision.unwrap_or(0))
    }
}
