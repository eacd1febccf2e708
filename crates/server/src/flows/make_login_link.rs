//! Makes a link with which somebody signs in, once and soon. Start at [`run`]; [`offer_first`] is what the first start of a
//! registry does. The secret is told once, here; the store keeps a keyed hash of it.
//!
//! The link of the first administrator belongs to nobody yet: whoever redeems it says who they are, is entered and becomes
//! the network's administrator ([`sign_in`](super::sign_in)). It is made, and good, only while the network has none.

use serde_json::json;
use tremen_rules::authority::Act;
use tremen_rules::dossier::Role;
use tremen_rules::{PersonId, Scope, Time};

use super::make_token::stands;
use super::{Actor, Effects, FlowError, Warrant, checks, network};
use crate::keys::{Keys, base32};
use crate::store::{StoreError, Tx};

/// A link is good for so long.
pub const GOOD_FOR_MS: i64 = 15 * 60_000;

/// For whom a link is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// A person.
    Person(PersonId),
    /// The first administrator, of whom nothing is known yet.
    FirstAdministrator,
}

/// A link that was made.
#[derive(Clone, PartialEq, Eq)]
pub struct Made {
    /// For whom.
    pub whom: Whom,
    /// The last part of its address. Told once.
    pub secret: String,
    /// Its end.
    pub until: Time,
    /// What it did beside.
    pub effects: Effects,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made").field("whom", &self.whom).finish_non_exhaustive()
    }
}

/// The keyed hash of a link's secret, by which it is looked up.
pub(super) fn secret_tag(keys: &Keys, secret: &str) -> [u8; 16] {
    keys.tag("login link", secret.as_bytes())
}

/// Makes a link; one that was open for the same person before ends.
///
/// # Errors
/// When the author may not, the person was erased, the network has an administrator already, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, whom: Whom) -> Result<Made, FlowError> {
    let network = network(tx)?;
    let person = match &whom {
        Whom::Person(person) => {
            checks::person(tx, person)?;
            checks::allowed(tx, warrant, &Act::MakeLoginLink { of: person.clone() }, &network)?;
            Some(person)
        }
        Whom::FirstAdministrator => {
            if warrant.by.person().is_some() {
                let problem = "only whoever runs the registry's machine makes the first administrator's link";
                return Err(FlowError::Refused(problem.to_owned()));
            }
            if let Some(admin) = first_administrator(tx)? {
                let key = tx.person(&admin)?.map_or_else(|| admin.to_string(), |row| row.key);
                return Err(FlowError::Refused(format!("the network has an administrator already: `{key}`")));
            }
            None
        }
    };
    let secret = base32(&tx.random::<32>());
    let until = tx.now().plus_millis(GOOD_FOR_MS);
    let link = tx.add_login_link(person, secret_tag(tx.keys(), &secret), until)?;
    let story = warrant.story(json!({ "person": person, "link": link, "until": until }));
    let entry = tx.record("login_link_made", &story)?;
    Ok(Made { whom, secret, until, effects: Effects { entry, stopped: Vec::new() } })
}

/// The link that the first start of a registry offers: for the network's first administrator, or for whoever will be. None
/// at later starts, so that a registry that starts anew does not write a key to itself into its log each time.
///
/// # Errors
/// When the store fails.
pub fn offer_first(tx: &mut Tx<'_>) -> Result<Option<Made>, FlowError> {
    if tx.has_offered_login()? {
        return Ok(None);
    }
    tx.note_login_offered()?;
    let whom = first_administrator(tx)?.map_or(Whom::FirstAdministrator, Whom::Person);
    let warrant = Warrant { by: Actor::Registry, why: "the registry's first start".to_owned() };
    run(tx, &warrant, whom).map(Some)
}

/// Who has been the network's administrator for longest; none where nobody is.
pub(super) fn first_administrator(tx: &Tx<'_>) -> Result<Option<PersonId>, StoreError> {
    let held = tx.roles_over(&[Scope::Network])?.into_iter();
    Ok(held.filter(|role| role.role == Role::NetworkAdmin && stands(role, tx.now())).map(|role| role.person).next())
}
