//! One thing that can be asked: its address, what it takes and answers, and the function that does it. Start at
//! [`Endpoint`]; [`get`] and [`post`] make one.

use std::borrow::Cow;

use axum::http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use tremen_rules::PersonId;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::call::Caller;
use super::check::check;
use super::page::PAGING;
use super::problem::Problem;
use super::query::{Form, Parameter};
use super::write::Done;
use crate::flows::token_scope::TokenScope;
use crate::store::Tx;

/// Reads, and tells what it found.
pub(super) type Reading = fn(&mut Tx<'_>, &Caller<'_>) -> Result<Json, Problem>;
/// Changes, and tells what it did.
pub(super) type Writing = Box<dyn FnOnce(&mut Tx<'_>, &Caller<'_>) -> Result<Done, Problem> + Send>;
/// Reads a body and makes of it what is to be done.
pub(super) type Prepare = Box<dyn Fn(&Json) -> Result<Writing, Problem> + Send + Sync>;
/// Whom a change is about, for a look at what it would do.
pub(super) type About = fn(&mut Tx<'_>, &Caller<'_>) -> Result<Option<PersonId>, Problem>;

/// One thing that can be asked.
pub(super) struct Endpoint {
    pub method: Method,
    /// Below [`ROOT`](super::ROOT).
    pub path: &'static str,
    /// What a token needs for it.
    pub scope: TokenScope,
    /// What it does, as a short sentence.
    pub summary: &'static str,
    /// The parameters of its query that it takes.
    pub query: Vec<Parameter>,
    /// What it takes.
    pub body: Option<Described>,
    /// What it answers.
    pub answer: Described,
    /// What it answers when all went well.
    pub status: u16,
    /// What it does.
    pub deed: Deed,
    /// Whether it changes anything.
    pub writes: bool,
    /// An example of what it takes.
    pub example: Option<Json>,
}

/// What an endpoint does.
pub(super) enum Deed {
    Read(Reading),
    Write { prepare: Prepare, about: About },
    Events,
}

/// A type as the description of the API knows it.
pub(super) struct Described {
    pub name: Cow<'static, str>,
    pub schema: RefOr<Schema>,
    /// The types that it is made of.
    pub parts: Vec<(String, RefOr<Schema>)>,
}

impl Described {
    pub(super) fn of<T: ToSchema>() -> Self {
        let mut parts = Vec::new();
        T::schemas(&mut parts);
        Self { name: T::name(), schema: T::schema(), parts }
    }
}

/// Something to be read; `find` tells it.
pub(super) fn get<T: ToSchema + Serialize>(path: &'static str, summary: &'static str, deed: Reading) -> Endpoint {
    Endpoint {
        method: Method::GET,
        path,
        scope: TokenScope::Read,
        summary,
        query: Vec::new(),
        body: None,
        answer: Described::of::<T>(),
        status: 200,
        deed: Deed::Read(deed),
        writes: false,
        example: None,
    }
}

/// A list to be read in pages.
pub(super) fn list<T: ToSchema + Serialize>(path: &'static str, summary: &'static str, deed: Reading) -> Endpoint {
    Endpoint { query: PAGING.to_vec(), ..get::<T>(path, summary, deed) }
}

/// Something to be done, with a body.
pub(super) fn post<B>(
    path: &'static str,
    scope: TokenScope,
    summary: &'static str,
    example: Json,
    deed: fn(&mut Tx<'_>, &Caller<'_>, B) -> Result<Done, Problem>,
) -> Endpoint
where
    B: ToSchema + DeserializeOwned + Send + 'static,
{
    let schema = serde_json::to_value(B::schema()).unwrap_or_default();
    let prepare = Box::new(move |body: &Json| -> Result<Writing, Problem> {
        let faults = check(&schema, body);
        if !faults.is_empty() {
            return Err(Problem::faults(faults));
        }
        let body = B::deserialize(body).map_err(|error| Problem::in_body("", error.to_string()))?;
        Ok(Box::new(move |tx, caller| deed(tx, caller, body)))
    });
    Endpoint {
        method: Method::POST,
        path,
        scope,
        summary,
        query: vec![Parameter::of("preview", "`true`: only tell what it would do", Form::Flag)],
        body: Some(Described::of::<B>()),
        answer: Described::of::<super::write::Changed>(),
        status: 200,
        deed: Deed::Write { prepare, about: |_, _| Ok(None) },
        writes: true,
        example: Some(example),
    }
}

impl Endpoint {
    /// Takes further parameters in its query.
    pub(super) fn asks(mut self, query: &[Parameter]) -> Self {
        self.query.extend_from_slice(query);
        self
    }

    /// Needs another scope than its kind usually does.
    pub(super) fn needs(self, scope: TokenScope) -> Self {
        Self { scope, ..self }
    }

    /// Makes something new.
    pub(super) fn makes(self) -> Self {
        Self { status: 201, ..self }
    }

    /// Answers something of its own.
    pub(super) fn answers<T: ToSchema>(self) -> Self {
        Self { answer: Described::of::<T>(), ..self }
    }

    /// Is about a person, of whom a look at what it would do tells what opens and closes.
    pub(super) fn about(self, about: About) -> Self {
        let deed = match self.deed {
            Deed::Write { prepare, .. } => Deed::Write { prepare, about },
            other @ (Deed::Read(_) | Deed::Events) => other,
        };
        Self { deed, ..self }
    }
}

/// The schema of a body, where its parts are of use.
pub(super) fn schema_of<T: PartialSchema>() -> Json {
    serde_json::to_value(T::schema()).unwrap_or_default()
}
