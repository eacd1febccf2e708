//! `/venues`: where machines stand. Anybody with a token reads them, as anybody reads the public pages.

mod list;

use serde::Serialize;
use serde_json::Value as Json;
use tremen_rules::Time;
use tremen_rules::network::Venue;
use utoipa::ToSchema;

use super::endpoint::{Endpoint, get};
use super::page::{Page, told};

/// A fablab.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VenueView {
    /// Its id.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// Its street address.
    pub address: Option<String>,
    /// Latitude and longitude in degrees (WGS 84).
    pub position: Option<Vec<f64>>,
    /// The zone of its opening hours.
    pub time_zone: String,
    /// The issuer that is its own.
    pub issuer: Option<String>,
    /// Whether its machines are for members, where a machine does not say.
    pub members_only: bool,
    /// Venues whose members count as its own.
    pub reciprocal: Vec<String>,
    /// Weekly hours; null: open at any time.
    #[schema(value_type = Option<Object>)]
    pub hours: Json,
    /// Days on which it is closed.
    #[schema(value_type = Vec<String>)]
    pub closed: Json,
    /// Whether it is open now.
    pub open: bool,
}

impl VenueView {
    fn of(venue: &Venue, now: Time) -> Self {
        Self {
            id: venue.id.to_string(),
            name: venue.name.clone(),
            address: venue.address.clone(),
            position: venue.position.map(|position| position.to_vec()),
            time_zone: venue.time_zone.to_string(),
            issuer: venue.issuer.as_ref().map(ToString::to_string),
            members_only: venue.members_only,
            reciprocal: venue.reciprocal.iter().map(ToString::to_string).collect(),
            hours: told(&venue.hours),
            closed: told(&venue.closed),
            open: venue.opening().is_open(now),
        }
    }
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![get::<Page<VenueView>>("/venues", "List the venues", list::run)]
}
