//! `/references`: what can be learnt.

mod list;

use serde::Serialize;
use serde_json::Value as Json;
use tremen_rules::network::Reference;
use utoipa::ToSchema;

use super::endpoint::{Endpoint, get};
use super::page::{Page, told};

/// A safety reference or skill, in its current version.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReferenceView {
    /// Its id.
    pub id: String,
    /// Who keeps it.
    pub issuer: String,
    /// What kind of badge it is.
    #[schema(value_type = String)]
    pub kind: Json,
    /// Its hazard class: green, amber, red.
    #[schema(value_type = String)]
    pub hazard: Json,
    /// Its title by language.
    #[schema(value_type = Object)]
    pub title: Json,
    /// The current version.
    pub version: u32,
    /// The oldest version that still counts.
    pub oldest_valid_version: u32,
    /// How long an award counts, in calendar months; null: without end.
    pub valid_months: Option<u32>,
    /// What must be held besides.
    #[schema(value_type = Vec<Object>)]
    pub prerequisites: Json,
    /// What a person shows to obtain it.
    #[schema(value_type = Vec<Object>)]
    pub criteria: Json,
    /// The level that an induction at the machine awards; null: no induction.
    pub induction_level: Option<u32>,
}

impl ReferenceView {
    fn of(reference: &Reference) -> Self {
        Self {
            id: reference.id.to_string(),
            issuer: reference.issuer.to_string(),
            kind: told(&reference.kind),
            hazard: told(&reference.hazard),
            title: told(&reference.title),
            version: reference.version,
            oldest_valid_version: reference.oldest_valid_version,
            valid_months: reference.valid_months,
            prerequisites: told(&reference.prerequisites),
            criteria: told(&reference.criteria),
            induction_level: reference.induction_level.map(tremen_rules::Level::number),
        }
    }
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![get::<Page<ReferenceView>>("/references", "List the references", list::run)]
}
