//! What went wrong, as RFC 9457 says it: `application/problem+json` with what, where, what is allowed, what to do. Start at
//! [`Problem`]; its kinds are listed in [`KINDS`], each with a page of its own.

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};

use super::ROOT;
use crate::flows::FlowError;
use crate::flows::import::ImportError;
use crate::store::{StoreError, system_random};

/// A kind of problem: its name, status, title, and what to do about it.
pub(super) struct Kind {
    pub name: &'static str,
    pub status: StatusCode,
    pub title: &'static str,
    pub todo: &'static str,
}

macro_rules! kinds {
    ($($constant:ident = $name:literal, $status:ident, $title:literal, $todo:literal;)*) => {
        $(pub(super) const $constant: &Kind =
            &Kind { name: $name, status: StatusCode::$status, title: $title, todo: $todo };)*
        /// All kinds.
        pub(super) const KINDS: &[&Kind] = &[$($constant),*];
    };
}

kinds! {
    MALFORMED = "malformed", BAD_REQUEST, "The request cannot be read",
        "send what `detail` says is allowed";
    UNAUTHENTICATED = "unauthenticated", UNAUTHORIZED, "A good token is needed",
        "send `Authorization: Bearer tremen_...`; `tremen token NAME --for PERSON --scope read` makes a token";
    OUT_OF_SCOPE = "out-of-scope", FORBIDDEN, "The token is not for this",
        "use a token with the scope that `detail` names";
    FORBIDDEN = "forbidden", FORBIDDEN, "The person may not do this",
        "have it done by somebody with a role that `detail` names";
    NOT_FOUND = "not-found", NOT_FOUND, "There is no such thing",
        "look at the list that the address belongs to; all addresses are in /api/v1/openapi.json";
    WRONG_METHOD = "wrong-method", METHOD_NOT_ALLOWED, "Not with this method",
        "use a method of the header `Allow`";
    NOT_ACCEPTABLE = "not-acceptable", NOT_ACCEPTABLE, "It cannot be told in this form",
        "accept `application/json`, or `text/event-stream` for events";
    REFUSED = "refused", CONFLICT, "It cannot be done as things are",
        "read `detail`; look at the thing again before you repeat the request";
    TOO_LARGE = "too-large", PAYLOAD_TOO_LARGE, "The request is too large",
        "send at most 256 KiB, a long list in parts";
    WRONG_TYPE = "wrong-type", UNSUPPORTED_MEDIA_TYPE, "The body is not JSON",
        "send the body as `Content-Type: application/json`";
    INVALID = "invalid", UNPROCESSABLE_ENTITY, "The request makes no sense",
        "correct what `errors` points at; nothing was done";
    KEY_REUSED = "key-reused", UNPROCESSABLE_ENTITY, "Another request had this key",
        "give each request an `Idempotency-Key` of its own";
    SLOW = "slow", REQUEST_TIMEOUT, "The request took too long",
        "send its body at once; if it may have been done all the same, repeat it with its `Idempotency-Key`";
    TOO_MANY = "too-many", TOO_MANY_REQUESTS, "Too many requests",
        "wait as long as `Retry-After` says";
    FAILED = "failed", INTERNAL_SERVER_ERROR, "The registry failed",
        "tell the registry's administrator the `reference`, which stands in its log too; nothing was done";
    BUSY = "busy", SERVICE_UNAVAILABLE, "The registry is busy",
        "repeat the request, with its `Idempotency-Key`, after `Retry-After`";
}

/// One fault in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// A JSON pointer into the body, or the name of a parameter.
    pub place: Place,
    /// What is wrong there, and what is allowed.
    pub detail: String,
}

/// Where a fault is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// At this JSON pointer (RFC 6901) of the body.
    Body(String),
    /// In this parameter of the query.
    Query(String),
    /// In this header.
    Header(&'static str),
}

/// What went wrong.
pub(super) struct Problem {
    kind: &'static Kind,
    detail: String,
    faults: Vec<Fault>,
    reference: Option<String>,
    retry_after_s: Option<u64>,
}

impl Problem {
    /// Says what and where.
    pub(super) fn new(kind: &'static Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), faults: Vec::new(), reference: None, retry_after_s: None }
    }

    /// The address names nothing.
    pub(super) fn not_found(what: &str, id: impl std::fmt::Display) -> Self {
        Self::new(NOT_FOUND, format!("{what} `{id}` does not exist"))
    }

    /// The request has faults; never empty.
    pub(super) fn faults(faults: Vec<Fault>) -> Self {
        let detail = match faults.as_slice() {
            [only] => only.detail.clone(),
            several => format!("{} faults; nothing was done", several.len()),
        };
        Self { faults, ..Self::new(INVALID, detail) }
    }

    /// One fault in the body.
    pub(super) fn in_body(pointer: &str, detail: impl Into<String>) -> Self {
        Self::faults(vec![Fault { place: Place::Body(pointer.to_owned()), detail: detail.into() }])
    }

    /// One fault in the query.
    pub(super) fn in_query(name: &str, detail: impl Into<String>) -> Self {
        Self::faults(vec![Fault { place: Place::Query(name.to_owned()), detail: detail.into() }])
    }

    /// Too many requests: the next one is answered in so many seconds.
    pub(super) fn too_many(whose: &str, retry_after_s: u64) -> Self {
        let detail = format!("more requests than one {whose} may make; the next is answered in {retry_after_s} s");
        Self { retry_after_s: Some(retry_after_s), ..Self::new(TOO_MANY, detail) }
    }

    /// The address of its kind.
    pub(super) fn kind_address(&self) -> String {
        format!("{ROOT}/problems/{}", self.kind.name)
    }

    /// What went wrong, in a sentence.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// Lets faults of a flow point at the field that they are about, of those that the body has.
    pub(super) fn pointing_into(mut self, body: &Json) -> Self {
        for fault in &mut self.faults {
            if let Place::Body(pointer) = &mut fault.place
                && body.pointer(pointer).is_none()
                && body.get("scope").is_some()
            {
                "/scope".clone_into(pointer);
            }
        }
        self
    }

    /// The answer.
    pub(super) fn answer(self) -> Response {
        let address = self.kind_address();
        let Self { kind, detail, faults, reference, retry_after_s } = self;
        let errors: Vec<Json> = faults
            .into_iter()
            .map(|Fault { place, detail }| match place {
                Place::Body(pointer) => json!({ "pointer": format!("#{pointer}"), "detail": detail }),
                Place::Query(name) => json!({ "parameter": name, "detail": detail }),
                Place::Header(name) => json!({ "header": name, "detail": detail }),
            })
            .collect();
        let mut body = json!({
            "type": address, "title": kind.title, "status": kind.status.as_u16(),
            "detail": detail, "what_to_do": kind.todo,
        });
        if let Some(body) = body.as_object_mut() {
            if !errors.is_empty() {
                body.insert("errors".to_owned(), json!(errors));
            }
            if let Some(reference) = reference {
                body.insert("reference".to_owned(), json!(reference));
            }
        }
        let headers = [(header::CONTENT_TYPE, "application/problem+json"), (header::CACHE_CONTROL, "no-store")];
        let mut response = (kind.status, headers, body.to_string()).into_response();
        if kind.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"tremen\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Saturated | StoreError::Late | StoreError::Closed | StoreError::Busy | StoreError::Disk(_) => {
                Self { retry_after_s: Some(1), ..Self::new(BUSY, error.to_string()) }
            }
            StoreError::Engine(_) | StoreError::Unreadable(_) => {
                let mut bytes = [0; 5];
                system_random()(&mut bytes);
                let reference = crate::keys::base32(&bytes);
                tracing::error!(reference, %error, "a request to the API failed");
                Self { reference: Some(reference), ..Self::new(FAILED, "the registry could not do it") }
            }
        }
    }
}

impl From<FlowError> for Problem {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::Forbidden { .. } => Self::new(FORBIDDEN, error.to_string()),
            // What the address names is looked for before the flow: what is left was named in the body.
            FlowError::Unknown { what, .. } => Self::in_body(&format!("/{what}"), error.to_string()),
            FlowError::Refused(why) => Self::new(REFUSED, why),
            FlowError::ClockDoubted => Self::new(REFUSED, error.to_string()),
            FlowError::Store(error) => error.into(),
        }
    }
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Flow(error) => error.into(),
            ImportError::Rows(rows) => Self::faults(
                rows.into_iter()
                    .map(|row| Fault {
                        place: Place::Body(row.column.map(|column| format!("/{column}")).unwrap_or_default()),
                        detail: row.problem,
                    })
                    .collect(),
            ),
        }
    }
}

/// Answers `/api/v1/problems/{name}`: what a kind of problem means.
pub(super) async fn page(Path(name): Path<String>) -> Response {
    match KINDS.iter().find(|kind| kind.name == name) {
        None => Problem::not_found("problem", name).answer(),
        Some(kind) => {
            let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "max-age=86400")];
            let body = json!({ "title": kind.title, "status": kind.status.as_u16(), "what_to_do": kind.todo });
            (headers, body.to_string()).into_response()
        }
    }
}
