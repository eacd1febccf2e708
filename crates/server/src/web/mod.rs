//! The web door: pages, their live fragments, the files they need, and the answers for whoever watches the process.
//! Start at [`router`]; each page is a file named after it, all of them made from a [`board::Board`].
//!
//! Every page works without script. Nothing here speaks MQTT or holds SQL; no public page names a person. Pages write by
//! flows alone, and only on a POST from a page of ours (`visitor.rs`).

pub mod api;
pub mod assets;
pub mod board;
pub mod certificate;
pub mod door;
pub mod dossier;
mod event_stream;
mod events;
mod faults;
pub mod health;
mod home;
mod journal;
mod kiosk;
pub mod live;
mod machine;
mod me;
pub mod metrics;
mod own_texts;
mod panel;
mod parts;
pub mod reader;
mod sign_in;
pub mod texts;
mod visitor;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::Markup;

pub use door::{WebDoor, serve};
pub use health::Readiness;
pub use live::Live;

use crate::store::{Store, StoreError};
use board::Board;
use door::ClientAddress;
use reader::{Reader, tag};

/// What the pages are made from.
#[derive(Debug, Clone)]
pub struct WebState {
    /// The database.
    pub store: Store,
    /// The news for open pages.
    pub live: Live,
    /// What must be well for this node to be sent visitors.
    pub readiness: Readiness,
    /// How much anybody may take.
    pub door: Arc<WebDoor>,
    /// How people reach the pages from outside, without a slash at its end; none where that is nowhere said.
    pub public_url: Option<String>,
    /// Whether people come by https, to a proxy or to this program itself.
    pub is_secure: bool,
}

/// All addresses of the web door.
pub fn router(state: WebState) -> Router {
    Router::new()
        .route("/", get(home::page))
        .route("/m/{machine}", get(machine::page))
        .route("/kiosque/{machine}", get(kiosk::page))
        .route("/moi", get(me::page))
        .route("/connexion", get(sign_in::ask))
        .route("/connexion/{link}", get(sign_in::look).post(sign_in::redeem).layer(DefaultBodyLimit::max(FORM_BYTES)))
        .route("/deconnexion", post(sign_in::leave))
        .route("/flux", get(events::network))
        .route("/flux/lieu/{venue}", get(events::venue))
        .route("/flux/machine/{machine}", get(events::machine))
        .route("/static/{file}", get(assets::page))
        .route("/journal/checkpoint", get(journal::checkpoint))
        .route("/journal/offer", get(journal::offer))
        .route("/healthz", get(health::process))
        .route("/readyz", get(health::ready))
        .merge(api::router(&state))
        .fallback(async |visit: Visit| visit.not_found())
        .method_not_allowed_fallback(async |visit: Visit| visit.wrong_method())
        .layer(from_fn_with_state(state.clone(), limited))
        .layer(from_fn(guarded))
        .with_state(state)
}

/// No form of these pages is longer.
const FORM_BYTES: usize = 16 * 1024;

/// What every answer tells the browser: load from here alone, run nothing inline, be framed by nobody, say nothing on.
const GUARDS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    ("x-robots-tag", "noindex"),
];

async fn guarded(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in GUARDS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// Holds requests to what their address may ask, and those that carry something to the time that it may take.
async fn limited(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let from = ClientAddress::of(request.extensions());
    let is_api = request.uri().path().starts_with("/api/");
    let (uri, headers) = (request.uri().clone(), request.headers().clone());
    let visit = |state| Visit { state, uri, headers, from };
    if let Err(seconds) = state.door.request(from) {
        return if is_api { api::too_many(seconds) } else { visit(state).too_many(seconds) };
    }
    if request.method().is_safe() {
        return next.run(request).await;
    }
    match tokio::time::timeout(state.door.patience(), next.run(request)).await {
        Ok(response) => response,
        Err(_late) => {
            state.door.gave_up();
            if is_api { api::too_slow() } else { visit(state).too_slow() }
        }
    }
}

/// One request for a page.
#[derive(Debug)]
pub struct Visit {
    state: WebState,
    from: ClientAddress,
    uri: Uri,
    headers: HeaderMap,
}

impl FromRequestParts<WebState> for Visit {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Self::Rejection> {
        let from = ClientAddress::of(&parts.extensions);
        Ok(Self { state: state.clone(), from, uri: parts.uri.clone(), headers: parts.headers.clone() })
    }
}

impl Visit {
    /// The present board, and who reads it.
    async fn board(&self) -> Result<(Board, Reader), StoreError> {
        let board = self.state.store.read(Board::read).await?;
        let reader = Reader::of(&self.uri, &self.headers, Some(board.network()));
        Ok((board, reader))
    }

    /// The reader where no network was read.
    fn reader(&self) -> Reader {
        Reader::of(&self.uri, &self.headers, None)
    }
}

/// A page as it goes out. What it shows changes at any moment, so nobody keeps it.
fn html(status: StatusCode, reader: &Reader, page: Markup) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_LANGUAGE, tag(reader.language)),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "accept-language"),
    ];
    (status, headers, page.into_string()).into_response()
}

#[cfg(test)]
mod tests;
