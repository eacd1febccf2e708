//! `tremen login-link`: makes a link with which somebody signs in, once, for when mail is not set up.

use std::process::ExitCode;

use serde_json::json;
use tremen_files::when::print_time;

use super::act::{Act, Told};
use super::desk::{CliError, Desk, note, wrong};
use crate::config::Config;
use crate::flows::make_login_link::{self, Whom};
use crate::flows::{FlowError, Warrant, person_named};
use crate::store::{PersonRow, Tx};

/// Makes a link with which somebody signs in, once and within a quarter of an hour.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: tremen login-link anna@example.org")]
pub struct LoginLink {
    /// Whose, by e-mail address or by the venue's own key
    #[arg(value_name = "EMAIL")]
    whose: String,
    #[command(flatten)]
    act: Act,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &LoginLink) -> Result<ExitCode, CliError> {
    let desk = this.act.desk()?;
    let person = whose(&desk, &this.whose)?.person;
    let (of, told_once) = (Some(person.clone()), !desk.json && !this.act.is_preview());
    let base = base(&desk.config);
    let flow = move |tx: &mut Tx<'_>, warrant: &Warrant| {
        let made = make_login_link::run(tx, warrant, Whom::Person(person))?;
        let (link, until) = (address(&base, &made.secret), print_time(made.until));
        Ok(Told {
            text: format!("{link}\ngood once, until {until}"),
            json: json!({ "link": link, "until": until }),
            effects: made.effects,
        })
    };
    let done = this.act.run_without_reason(&desk, of, flow).await?;
    if told_once {
        note("whoever has the link can sign in with it: give it to nobody else");
    }
    Ok(done)
}

fn whose(desk: &Desk, name: &str) -> Result<PersonRow, CliError> {
    only(name, desk.store.read_here(|tx| people_called(tx, name))?)
}

/// Everybody with this address; where nobody has it, the one with this key.
fn people_called(tx: &Tx<'_>, name: &str) -> Result<Vec<PersonRow>, FlowError> {
    let people = tx.people_by_email(name)?;
    if people.is_empty() { person_named(tx, name).map(|row| vec![row]) } else { Ok(people) }
}

fn only(name: &str, mut people: Vec<PersonRow>) -> Result<PersonRow, CliError> {
    match people.pop() {
        Some(only) if people.is_empty() => Ok(only),
        last => {
            people.extend(last);
            Err(several(name, &people))
        }
    }
}

fn several(name: &str, people: &[PersonRow]) -> CliError {
    let keys = people.iter().map(|row| format!("`{}`", row.key)).collect::<Vec<_>>().join(", ");
    wrong(format!("`{name}` is the address of several people; name one by their key: {keys}"))
}

/// Where the pages are for people: the public address, else where they are served.
pub(super) fn base(config: &Config) -> String {
    let scheme = if config.web_tls.is_some() { "https" } else { "http" };
    config.public_url.clone().unwrap_or_else(|| format!("{scheme}://{}", config.web_address))
}

/// The whole address of a link.
pub(super) fn address(base: &str, secret: &str) -> String {
    format!("{base}/connexion/{secret}")
}

#[cfg(test)]
mod tests {
    use super::{address, only, people_called};
    use crate::flows::rehearsal::Stage;

    #[test]
    fn a_link_is_made_for_the_one_person_who_is_named_and_for_none_of_several() {
        let stage = Stage::sample();
        let called = |name: &str| stage.store.read_here(|tx| people_called(tx, name));
        let (anna, yann) = (called("p-anna").unwrap(), called("p-yann").unwrap());
        assert_eq!(only("p-anna", anna.clone()).unwrap().key, "p-anna");
        assert!(called("nobody@example.org").unwrap_err().to_string().contains("nobody@example.org"));
        let two = [anna, yann].concat();
        let refused = only("family@example.org", two).unwrap_err().to_string();
        assert!(refused.contains("name one by their key: `p-anna`, `p-yann`"), "{refused}");
    }

    #[test]
    fn a_link_has_the_address_at_which_people_find_the_pages() {
        assert_eq!(address("https://fab.example", "abc"), "https://fab.example/connexion/abc");
    }
}
