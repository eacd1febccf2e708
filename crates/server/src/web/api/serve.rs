//! What every request goes through: token, form, limits; then one transaction for who asks, what is done and what a repeat is
//! answered; then the answer. Start at [`serve`].

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{RawPathParams, Request};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::super::door::{ClientAddress, WebDoor};
use super::super::{Live, WebState};
use super::ROOT;
use super::call::{Call, Caller};
use super::endpoint::{About, Deed, Endpoint, Reading, Writing};
use super::etag;
use super::events;
use super::limits::Limits;
use super::problem::{self, Fault, Place, Problem};
use super::write::{Reply, would};
use crate::flows::make_token::secret_tag;
use crate::flows::once::{self, Earlier, Repeatable};
use crate::flows::token_scope::TokenScope;
use crate::flows::watched;
use crate::store::{Store, Tx};

/// The largest body, in bytes.
const LARGEST: usize = 256 * 1024;
/// The longest `Idempotency-Key`.
const LONGEST_KEY: usize = 200;

/// What requests are answered from.
pub(super) struct Door {
    pub store: Store,
    pub live: Live,
    pub web: Arc<WebDoor>,
    limits: Limits,
}

impl Door {
    pub(super) fn new(state: &WebState) -> Self {
        Self {
            store: state.store.clone(),
            live: state.live.clone(),
            web: state.door.clone(),
            limits: Limits::default(),
        }
    }

    /// Takes one request from the allowance of a secret.
    fn limit(&self, secret: &str) -> Result<(), Problem> {
        self.limits
            .take(secret_tag(self.store.keys(), secret), self.store.now())
            .map_err(|seconds| Problem::too_many("token", seconds))
    }

    /// Counts a secret apart, once it turned out to be good.
    fn knows(&self, secret: &str) {
        self.limits.knows(secret_tag(self.store.keys(), secret), self.store.now());
    }
}

/// Answers one request.
pub(super) async fn serve(
    door: Arc<Door>,
    endpoint: Arc<Endpoint>,
    params: RawPathParams,
    request: Request,
) -> Response {
    answer(&door, endpoint, &params, request).await.unwrap_or_else(Problem::answer)
}

async fn answer(
    door: &Arc<Door>,
    endpoint: Arc<Endpoint>,
    params: &RawPathParams,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let secret = bearer(&parts.headers)?;
    door.limit(&secret)?;
    let form = if matches!(endpoint.deed, Deed::Events) { "text/event-stream" } else { "application/json" };
    if !accepts(&parts.headers, form) {
        return Err(Problem::new(problem::NOT_ACCEPTABLE, format!("this is told as `{form}`")));
    }
    let mut call = Call {
        path: params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        query: query(&parts.uri)?,
        address: parts.uri.path().to_owned(),
        body: Json::Null,
    };
    call.check_query(&endpoint)?;
    match &endpoint.deed {
        Deed::Read(read) => {
            let answer = read_it(door, &endpoint, *read, call, secret).await?;
            Ok(if_new(&parts.headers, answer))
        }
        Deed::Events => {
            let from = ClientAddress::of(&parts.extensions);
            events::stream(door.clone(), call, secret, &parts.headers, endpoint.scope, from).await
        }
        Deed::Write { prepare, about } => {
            if !is_json(&parts.headers) {
                return Err(Problem::new(problem::WRONG_TYPE, "the body is not `application/json`"));
            }
            let bytes = to_bytes(body, LARGEST).await.map_err(|_| {
                Problem::new(problem::TOO_LARGE, format!("the body is larger than {} KiB", LARGEST / 1024))
            })?;
            let repeatable = repeatable(&parts.method, &parts.uri, &parts.headers, &bytes)?;
            call.body = serde_json::from_slice(&bytes)
                .map_err(|error| Problem::new(problem::MALFORMED, format!("the body is not JSON: {error}")))?;
            let write = prepare(&call.body)?;
            let body = call.body.clone();
            let write = Write {
                write,
                about: *about,
                call,
                secret,
                scope: endpoint.scope,
                status: endpoint.status,
                writes: endpoint.writes,
            };
            write_it(door, write, repeatable).await.map_err(|problem| problem.pointing_into(&body))
        }
    }
}

async fn read_it(door: &Door, endpoint: &Endpoint, read: Reading, call: Call, secret: String) -> Result<Json, Problem> {
    let scope = endpoint.scope;
    let (body, secret) = door
        .store
        .read(move |tx| {
            let caller = Caller::enter(tx, &call, &secret, scope)?;
            let body = read(tx, &caller)?;
            Ok::<_, Problem>((body, secret))
        })
        .await?;
    door.knows(&secret);
    Ok(body)
}

/// What was read, with its entity tag; without its body for who knows it already.
fn if_new(headers: &HeaderMap, body: Json) -> Response {
    let etag = etag::of(&body.to_string());
    let mut response = json_answer(StatusCode::OK, &body);
    if etag::is_known(headers, &etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    if let Ok(etag) = HeaderValue::try_from(etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

struct Write {
    write: Writing,
    about: About,
    call: Call,
    secret: String,
    scope: TokenScope,
    status: u16,
    writes: bool,
}

async fn write_it(door: &Door, it: Write, repeatable: Option<Repeatable>) -> Result<Response, Problem> {
    let Write { write, about, call, secret, scope, status, writes } = it;
    let again = secret.clone();
    if call.flag("preview") {
        let look = door.store.preview(move |tx| {
            let caller = Caller::enter(tx, &call, &secret, scope)?;
            let person = about(tx, &caller)?;
            watched::<Problem>(tx, person.as_ref(), |tx| write(tx, &caller).map(|done| done.effects))
        });
        let look = look.await?;
        door.knows(&again);
        return Ok(json_answer(StatusCode::OK, &would(&look)));
    }
    // What only reads troubles the writer only where its answer is to be kept.
    let writes = writes || repeatable.is_some();
    let job = move |tx: &mut Tx<'_>| {
        let caller = Caller::enter(tx, &call, &secret, scope)?;
        if let Some(request) = &repeatable {
            let earlier = once::earlier(tx, caller.bearer.token, request)?;
            if earlier == Earlier::Other {
                let detail = format!("another request had the key `{}` within the last 24 hours", request.key);
                return Err(Problem::new(problem::KEY_REUSED, detail));
            }
            if let Earlier::Same(reply) = earlier
                && let Some(reply) = Reply::from_bytes(&reply)
            {
                return Ok((reply, true));
            }
        }
        let done = write(tx, &caller)?;
        let reply = Reply { status, location: done.location, body: done.answer };
        if let Some(request) = &repeatable {
            once::keep(tx, caller.bearer.token, request, &reply.to_bytes())?;
        }
        Ok::<_, Problem>((reply, false))
    };
    let (reply, repeated) = if writes { door.store.write(job).await? } else { door.store.read(job).await? };
    door.knows(&again);
    let mut response = json_answer(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK), &reply.body);
    if let Some(location) = reply.location.and_then(|below| HeaderValue::try_from(format!("{ROOT}{below}")).ok()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    if repeated {
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

fn json_answer(status: StatusCode, body: &Json) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    let mut response = (status, headers, body.to_string()).into_response();
    let next =
        body.get("next").and_then(Json::as_str).map(|next| HeaderValue::try_from(format!("<{next}>; rel=\"next\"")));
    if let Some(Ok(link)) = next {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}

/// The secret of the header `Authorization`; an address never holds one, since addresses stand in logs.
fn bearer(headers: &HeaderMap) -> Result<String, Problem> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let secret = given.and_then(|value| {
        let (scheme, secret) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim().to_owned())
    });
    secret
        .filter(|secret| !secret.is_empty())
        .ok_or_else(|| Problem::new(problem::UNAUTHENTICATED, "no token was sent, in the header `Authorization`"))
}

/// Whether whoever asks takes this form (RFC 9110, section 12.5.1); who says nothing takes any.
fn accepts(headers: &HeaderMap, form: &str) -> bool {
    let kind = form.split('/').next().unwrap_or_default();
    let mut said = headers.get_all(header::ACCEPT).iter().peekable();
    if said.peek().is_none() {
        return true;
    }
    said.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let refused = parts.any(|it| it.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q == 0.0)));
        let matches = name == "*/*" || name.eq_ignore_ascii_case(form) || name.strip_suffix("/*") == Some(kind);
        matches && !refused
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn query(uri: &Uri) -> Result<std::collections::BTreeMap<String, String>, Problem> {
    let read = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map_err(|_| Problem::new(problem::MALFORMED, "the query cannot be read"))?;
    let mut query = std::collections::BTreeMap::new();
    for (name, value) in read.0 {
        if query.insert(name.clone(), value).is_some() {
            return Err(Problem::in_query(&name, format!("`{name}` is said twice")));
        }
    }
    Ok(query)
}

/// The request as a repeat of it would be known, if it has a key.
fn repeatable(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<Option<Repeatable>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().unwrap_or_default().trim();
    if key.is_empty() || key.len() > LONGEST_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let detail = format!("an `Idempotency-Key` has 1 to {LONGEST_KEY} visible characters");
        return Err(Problem::faults(vec![Fault { place: Place::Header("Idempotency-Key"), detail }]));
    }
    let digest = Sha256::new()
        .chain_update(method.as_str())
        .chain_update([0])
        .chain_update(uri.to_string())
        .chain_update([0])
        .chain_update(body)
        .finalize()
        .into();
    Ok(Some(Repeatable { key: key.to_owned(), digest }))
}

/// Answers for an address that names nothing.
pub(super) async fn nothing(uri: Uri) -> Response {
    Problem::new(problem::NOT_FOUND, format!("there is nothing at `{}`", uri.path())).answer()
}

/// Answers for a method that an address does not know; the router says which it knows.
pub(super) async fn wrong_method(method: Method, uri: Uri) -> Response {
    Problem::new(problem::WRONG_METHOD, format!("`{}` is not asked with {method}", uri.path())).answer()
}
