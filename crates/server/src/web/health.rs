//! `/healthz` and `/readyz`, for whoever watches the process: does it run, and can it answer?

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::sync::watch;
use tremen_rules::network::Language;

use super::Visit;
use crate::clock::Doubt;
use crate::store::{Store, StoreError};
use crate::words::doubted_clock;

/// How long the database may take to say that it is well.
const PATIENCE: Duration = Duration::from_secs(3);

/// What must be well for this node to be sent visitors, database and clock aside, which are asked each time.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    checks: BTreeMap<&'static str, (watch::Receiver<bool>, &'static str)>,
}

impl Readiness {
    /// Adds a check by its name: well while the receiver says true; `why_not` is what is said while it does not.
    #[must_use]
    pub fn with(mut self, name: &'static str, well: watch::Receiver<bool>, why_not: &'static str) -> Self {
        self.checks.insert(name, (well, why_not));
        self
    }

    /// All checks: nothing for one that is well, else why not.
    pub async fn look(&self, store: &Store) -> BTreeMap<&'static str, Option<String>> {
        let mut found: BTreeMap<_, _> = self
            .checks
            .iter()
            .map(|(name, (well, why_not))| (*name, (!*well.borrow()).then(|| (*why_not).to_owned())))
            .collect();
        let database = match tokio::time::timeout(PATIENCE, database(store)).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("the database does not answer within 3 s".to_owned()),
        };
        found.insert("database", database);
        found.insert("clock", store.belief().doubt.map(why_doubted));
        found
    }
}

/// In English, for whoever watches the process; people read it in their language elsewhere.
fn why_doubted(doubt: Doubt) -> String {
    let said = doubted_clock(doubt, Language::En);
    format!("{} {}", said.sentence, said.next.unwrap_or_default())
}

/// Both ways: what reads and what writes.
async fn database(store: &Store) -> Result<(), StoreError> {
    store.read(|tx| tx.network().map(drop)).await?;
    store.write(|_| Ok(())).await
}

/// Answers `/healthz`: the process runs.
pub(super) async fn process() -> Response {
    answer(StatusCode::OK, &json!({ "status": "ok" }))
}

/// Answers `/readyz`: the database and the broker answer, and the clock is believed.
pub(super) async fn ready(visit: Visit) -> Response {
    let found = visit.state.readiness.look(&visit.state.store).await;
    let is_ready = found.values().all(Option::is_none);
    let checks: BTreeMap<_, _> = found.iter().map(|(name, why)| (*name, why.as_deref().unwrap_or("ok"))).collect();
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answer(status, &json!({ "ready": is_ready, "checks": checks }))
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}
