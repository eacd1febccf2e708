//! One request, and who makes it. Start at [`Caller`].

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::Value as Json;
use tremen_files::nearest::did_you_mean;
use tremen_files::when::{parse_begin, parse_end};
use tremen_rules::authority::{Act, may};
use tremen_rules::{PersonId, Time};

use super::endpoint::Endpoint;
use super::problem::{self, Fault, Place, Problem};
use crate::flows::authenticate::{self, Bearer};
use crate::flows::token_scope::TokenScope;
use crate::flows::{Actor, InForce, Warrant, network, person_named};
use crate::store::{PersonRow, Tx};

/// One request, read and well-formed.
#[derive(Debug, Default)]
pub(super) struct Call {
    /// What stands in the places of the path.
    pub path: BTreeMap<String, String>,
    /// The query.
    pub query: BTreeMap<String, String>,
    /// The address without its query.
    pub address: String,
    /// The body, null where there is none.
    pub body: Json,
}

impl Call {
    /// What stands in a place of the path.
    pub(super) fn at(&self, place: &str) -> &str {
        self.path.get(place).map_or("", String::as_str)
    }

    /// A parameter of the query.
    pub(super) fn asked(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// Holds the query against the parameters that the endpoint takes, and names every fault.
    pub(super) fn check_query(&self, endpoint: &Endpoint) -> Result<(), Problem> {
        let fault = |name: &str, detail| Fault { place: Place::Query(name.to_owned()), detail };
        let mut faults = Vec::new();
        for (name, text) in &self.query {
            match endpoint.query.iter().find(|known| known.name == name) {
                Some(known) => faults.extend(known.form.fault(text).map(|why| fault(name, why))),
                None => {
                    let names: Vec<&str> = endpoint.query.iter().map(|known| known.name).collect();
                    let allowed = if names.is_empty() { "none is".to_owned() } else { names.join(", ") };
                    let meant = did_you_mean(name, names);
                    faults.push(fault(name, format!("`{name}` is not known here: {allowed}{meant}")));
                }
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Problem::faults(faults)) }
    }

    /// A truth value of the query; false where it is not said.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.asked(name) == Some("true")
    }

    /// A number of the query, within the bounds that its endpoint sets.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Option<T> {
        self.asked(name)?.parse().ok()
    }
}

/// Who makes a request, within the transaction that answers it.
pub(super) struct Caller<'c> {
    /// Whose token it is, and what for.
    pub bearer: Bearer,
    /// The network in force.
    pub network: InForce,
    /// What is asked.
    pub call: &'c Call,
}

impl<'c> Caller<'c> {
    /// Lets in who comes with a good token for this.
    ///
    /// # Errors
    /// 401 and 403.
    pub(super) fn enter(tx: &mut Tx<'_>, call: &'c Call, secret: &str, scope: TokenScope) -> Result<Self, Problem> {
        let bearer = authenticate::run(tx, secret)?.ok_or_else(|| {
            Problem::new(problem::UNAUTHENTICATED, "this token is nobody's, or over, or a role that it rests on is")
        })?;
        if !bearer.scopes.contains(&scope) {
            let has = TokenScope::list(&bearer.scopes);
            let detail = format!("this takes a token with the scope `{}`; this one has: {has}", scope.as_str());
            return Err(Problem::new(problem::OUT_OF_SCOPE, detail));
        }
        Ok(Self { bearer, network: network(tx)?, call })
    }

    /// Whose token it is.
    pub(super) fn person(&self) -> &PersonId {
        &self.bearer.facts.person
    }

    /// Whether its person may do this.
    pub(super) fn can(&self, tx: &Tx<'_>, act: &Act) -> bool {
        may(&self.bearer.facts, act, &self.network, tx.now()).is_ok()
    }

    /// Checks that its person may do this.
    pub(super) fn must(&self, tx: &Tx<'_>, act: &Act) -> Result<(), Problem> {
        may(&self.bearer.facts, act, &self.network, tx.now())
            .map_err(|why| Problem::new(problem::FORBIDDEN, why.to_string()))
    }

    /// Who changes something, and why.
    pub(super) fn warrant(&self, reason: impl Into<String>) -> Warrant {
        let by = Actor::Token { token: self.bearer.token, person: self.person().clone() };
        Warrant { by, why: reason.into() }
    }

    /// The person whom the body names, by the venue's own key or their id.
    pub(super) fn named(&self, tx: &Tx<'_>, pointer: &str, name: &str) -> Result<PersonRow, Problem> {
        person_named(tx, name).map_err(|error| {
            if error.is_unknown() { Problem::in_body(pointer, error.to_string()) } else { error.into() }
        })
    }

    /// A beginning that the body says, in the network's zone where it is a bare date.
    pub(super) fn begin(&self, pointer: &str, text: Option<&str>) -> Result<Option<Time>, Problem> {
        let zone = self.network.settings.time_zone;
        text.map(|text| parse_begin(text, zone))
            .transpose()
            .map_err(|error| Problem::in_body(pointer, error.to_string()))
    }

    /// An end that the body says, in the network's zone where it is a bare date.
    pub(super) fn end(&self, pointer: &str, text: Option<&str>) -> Result<Option<Time>, Problem> {
        let zone = self.network.settings.time_zone;
        text.map(|text| parse_end(text, zone)).transpose().map_err(|error| Problem::in_body(pointer, error.to_string()))
    }
}
