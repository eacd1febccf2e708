//! The API, `/api/v1`: what people do on pages, for scripts. Start at `endpoints`, the list of all that can be asked, then
//! `serve`, which every request goes through.
//!
//! `POST /api/v1/machines/{id}/lock` is in `machines/lock.rs` and runs the flow `lock_machine`. An endpoint is a function
//! over one transaction: whose token it is, what the flow changes and the answer to a repeat are one commit.

mod awards;
mod call;
mod cards;
mod check;
mod controllers;
mod decisions;
mod endpoint;
mod etag;
mod events;
mod explain;
mod handovers;
mod journal;
mod limits;
mod machines;
mod memberships;
mod openapi;
mod orders;
mod page;
mod people;
mod problem;
mod query;
mod references;
mod restrictions;
mod roles;
mod serve;
mod sessions;
mod sight;
mod venues;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::routing::{MethodFilter, get, on};

use tremen_rules::PersonId;

use super::WebState;
use crate::store::Tx;
use call::Caller;
use endpoint::Endpoint;
use problem::Problem;
use serve::Door;

/// Where all of it is.
pub const ROOT: &str = "/api/v1";

/// All that can be asked, in the order in which it is described.
fn endpoints() -> Vec<Endpoint> {
    let all = [
        venues::endpoints(),
        machines::endpoints(),
        references::endpoints(),
        people::endpoints(),
        cards::endpoints(),
        awards::endpoints(),
        restrictions::endpoints(),
        handovers::endpoints(),
        memberships::endpoints(),
        roles::endpoints(),
        sessions::endpoints(),
        controllers::endpoints(),
        orders::endpoints(),
        decisions::endpoints(),
        journal::endpoints(),
        explain::endpoints(),
    ];
    all.into_iter().flatten().collect()
}

/// The routes of [`endpoints`], and its description.
pub(super) fn router(state: &WebState) -> Router<WebState> {
    let door = Arc::new(Door::new(state));
    let description = Arc::new(openapi::Description::of(&endpoints()));
    let mut router = Router::new();
    for endpoint in endpoints() {
        let filter = if endpoint.method == Method::GET { MethodFilter::GET } else { MethodFilter::POST };
        let path = format!("{ROOT}{}", endpoint.path);
        let (door, endpoint) = (door.clone(), Arc::new(endpoint));
        let handler = on(filter, async move |params, request| serve::serve(door, endpoint, params, request).await);
        router = router.route(&path, handler);
    }
    let description = get(async move |headers| description.answer(&headers));
    let problems = get(problem::page);
    router
        .route(&format!("{ROOT}/openapi.json"), description)
        .route(&format!("{ROOT}/problems/{{name}}"), problems)
        .route(ROOT, get(serve::nothing))
        .route(&format!("{ROOT}/{{*rest}}"), axum::routing::any(serve::nothing))
        .method_not_allowed_fallback(serve::wrong_method)
}

/// The answer to an address that asks too much.
pub(super) fn too_many(retry_after_s: u64) -> axum::response::Response {
    Problem::too_many("address", retry_after_s).answer()
}

/// The answer to a request whose body does not come.
pub(super) fn too_slow() -> axum::response::Response {
    Problem::new(problem::SLOW, "what the request carries did not come in time").answer()
}

/// The person whom the body names, for a look at what a change would do; none where it names nobody.
fn about_person(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Option<PersonId>, Problem> {
    let name = caller.call.body.get("person").and_then(serde_json::Value::as_str).unwrap_or_default();
    caller.named(tx, "/person", name).map(|row| Some(row.person))
}
