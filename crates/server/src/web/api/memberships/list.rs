//! `GET /api/v1/memberships`.

use serde_json::Value as Json;
use tremen_rules::{PersonId, Time, VenueId};

use super::super::call::Caller;
use super::super::page::{Paging, joined, whole};
use super::super::problem::Problem;
use super::super::sight::{Whose, whose};
use super::MembershipView;
use crate::store::{MembershipRow, Tx};

/// Lists memberships by person, venue and beginning.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    let paging = Paging::read(caller.call);
    match whose(tx, caller)? {
        Whose::One(person) => {
            let rows = tx.memberships_of(&person)?.into_iter();
            let rows = rows.map(|(venue, span)| MembershipRow { person: person.clone(), venue, span });
            Ok(whole(rows.map(|row| MembershipView::of(&row)).collect()))
        }
        Whose::All => {
            let after = match paging.after_parts()? {
                None => None,
                Some([person, venue, since]) => {
                    let key = (PersonId::parse(person).ok(), VenueId::parse(venue).ok(), since.parse().ok());
                    let (Some(person), Some(venue), Some(since)) = key else {
                        return Err(paging.wrong(paging.after()));
                    };
                    Some((person, venue, Time::from_millis(since)))
                }
            };
            let rows = tx.memberships_after(after.as_ref(), paging.limit)?;
            let key = |row: &MembershipRow| {
                joined(&[row.person.as_str(), row.venue.as_str(), &row.span.from.millis().to_string()])
            };
            Ok(paging.page(&rows, key, MembershipView::of))
        }
    }
}
