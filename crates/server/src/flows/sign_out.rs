//! Ends logins: one, or all that a person has. Start at [`run`].

use serde_json::json;
use tremen_rules::PersonId;
use tremen_rules::authority::Act;

use super::recognise_login::good;
use super::{Effects, FlowError, Warrant, checks, network};
use crate::store::{LoginRow, Tx};

/// Which logins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The one of this number.
    One(i64),
    /// All of a person's.
    AllOf(PersonId),
}

/// Ends logins now; what is over already stays so.
///
/// # Errors
/// When the author may not, there is no such login, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, which: Which) -> Result<Effects, FlowError> {
    let network = network(tx)?;
    let (person, logins): (PersonId, Vec<LoginRow>) = match which {
        Which::AllOf(person) => (person.clone(), tx.logins_of(&person)?),
        Which::One(number) => {
            let login = tx.login(number)?.ok_or_else(|| FlowError::unknown("login", number))?;
            (login.person.clone(), vec![login])
        }
    };
    checks::allowed(tx, warrant, &Act::EndLogin { of: person.clone() }, &network)?;
    let mut ended = Vec::new();
    for login in logins.iter().filter(|login| good(login).covers(tx.now())) {
        if tx.end_login(login.login, "signed_out")? {
            ended.push(login.login);
        }
    }
    let entry = tx.record("signed_out", &warrant.story(json!({ "person": person, "logins": ended })))?;
    Ok(Effects { entry, stopped: Vec::new() })
}
