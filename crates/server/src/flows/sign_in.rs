//! Makes a login of a link, which is good once. Start at [`run`]; [`look`] tells what a link is good for and changes
//! nothing, so that a program that follows links in mails uses none up.
//!
//! Each sign-in draws a new secret: none that a browser had before counts for it.

use serde_json::json;
use tremen_rules::dossier::Role;
use tremen_rules::{PersonId, Scope, Time};

use super::make_login_link::{self, first_administrator};
use super::recognise_login::{self, LOGIN_MS};
use super::{Actor, FlowError, Warrant, grant_role, keep_person};
use crate::keys::base32;
use crate::store::{LoginLinkRow, NewPerson, PersonRow, StoreError, Tx};

/// The longest name that the first administrator may have, in characters.
const LONGEST_NAME: usize = 120;

/// For whom a link is good now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GoodFor {
    /// A person.
    Person(Box<PersonRow>),
    /// The first administrator, who says then who they are.
    FirstAdministrator,
}

/// Somebody signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The link's secret.
    pub link: String,
    /// What the first administrator is called; for others it is not asked.
    pub name: Option<String>,
    /// The secret of the login that this browser had.
    pub former: Option<String>,
}

/// Somebody is signed in.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The login's number.
    pub login: i64,
    /// What the browser keeps. Told once.
    pub secret: String,
    /// Its end.
    pub until: Time,
}

impl std::fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedIn").field("login", &self.login).finish_non_exhaustive()
    }
}

/// Why nobody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// There never was such a link, it was redeemed, or its time is over: one answer for all.
    #[error("this link is not good, or not any more")]
    NotGood,
    /// The first administrator did not say what they are called.
    #[error("a name has 1 to {LONGEST_NAME} characters")]
    Name,
    /// It was refused, or the store could not do it.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

impl From<StoreError> for SignInError {
    fn from(error: StoreError) -> Self {
        Self::Flow(error.into())
    }
}

/// What a link is good for now; none when it is not.
///
/// # Errors
/// When the store fails.
pub fn look(tx: &Tx<'_>, secret: &str) -> Result<Option<GoodFor>, StoreError> {
    Ok(good_link(tx, secret)?.map(|(_, good_for)| good_for))
}

fn good_link(tx: &Tx<'_>, secret: &str) -> Result<Option<(LoginLinkRow, GoodFor)>, StoreError> {
    let found = tx.login_link_by_tag(make_login_link::secret_tag(tx.keys(), secret))?;
    let Some(link) = found.filter(|link| link.ended_at.is_none() && link.span.covers(tx.now())) else {
        return Ok(None);
    };
    let good_for = match &link.person {
        None => first_administrator(tx)?.is_none().then_some(GoodFor::FirstAdministrator),
        Some(person) if tx.erasure(person)?.is_some() => None,
        Some(person) => tx.person(person)?.map(|row| GoodFor::Person(Box::new(row))),
    };
    Ok(good_for.map(|good_for| (link, good_for)))
}

/// Redeems a link.
///
/// # Errors
/// [`SignInError`]; nothing is changed then, and the link is as good as it was.
pub fn run(tx: &mut Tx<'_>, request: &Request) -> Result<SignedIn, SignInError> {
    let (link, good_for) = good_link(tx, &request.link)?.ok_or(SignInError::NotGood)?;
    let person = match good_for {
        GoodFor::Person(row) => row.person,
        GoodFor::FirstAdministrator => enter_administrator(tx, request.name.as_deref().unwrap_or_default())?,
    };
    if !tx.end_login_link(link.link)? {
        return Err(SignInError::NotGood);
    }
    if let Some(former) = &request.former
        && let Some(visitor) = recognise_login::run(tx, former)?
    {
        tx.end_login(visitor.login.login, "signed_in_anew")?;
    }
    let secret = base32(&tx.random::<32>());
    let until = tx.now().plus_millis(LOGIN_MS);
    let login = tx.add_login(&person, recognise_login::secret_tag(tx.keys(), &secret), until)?;
    tx.saw_person(&person, tx.now())?;
    let by = Actor::Login { login, person: person.clone() };
    tx.record("signed_in", &json!({ "person": person, "link": link.link, "until": until, "by": by.to_json() }))?;
    Ok(SignedIn { login, secret, until })
}

/// Enters the network's first administrator.
fn enter_administrator(tx: &mut Tx<'_>, name: &str) -> Result<PersonId, SignInError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(SignInError::Name);
    }
    let random = tx.random_id();
    // A registry can have people before it has an administrator.
    let key = if tx.person_by_key("admin")?.is_none() { "admin".to_owned() } else { format!("admin-{random}") };
    let person = PersonId::try_from(random).map_err(|error| StoreError::Engine(error.to_string()))?;
    tx.put_person(&NewPerson { name: name.to_owned(), ..keep_person::nobody_yet(person.clone(), &key) })?;
    let warrant = Warrant { by: Actor::Registry, why: "the first administrator, by the first start's link".to_owned() };
    tx.record("person_entered", &warrant.story(json!({ "person": person, "columns": ["name"] })))?;
    let role = grant_role::Request {
        person: person.clone(),
        role: Role::NetworkAdmin,
        scope: Scope::Network,
        from: None,
        until: None,
    };
    grant_role::run(tx, &warrant, &role)?;
    Ok(person)
}

#[cfg(test)]
mod tests {
    use super::{GoodFor, Request, SignInError, SignedIn, look, run};
    use crate::flows::continue_after_restore::Since;
    use crate::flows::make_login_link::{self, GOOD_FOR_MS, Whom, offer_first};
    use crate::flows::recognise_login::{self, IDLE_MS, LOGIN_MS};
    use crate::flows::rehearsal::{Stage, operator};
    use crate::flows::sign_out::{self, Which};
    use crate::flows::{apply_retention, continue_after_restore, erase_person};
    use crate::store::Ended;

    fn link(stage: &Stage, key: &str) -> String {
        let whom = Whom::Person(stage.person(key));
        stage.write(move |tx| make_login_link::run(tx, &operator(), whom)).unwrap().secret
    }

    fn redeem(stage: &Stage, link: &str, name: Option<&str>) -> Result<SignedIn, SignInError> {
        let request = Request { link: link.to_owned(), name: name.map(str::to_owned), former: None };
        stage.write(move |tx| run(tx, &request))
    }

    fn sign_in(stage: &Stage, key: &str) -> SignedIn {
        redeem(stage, &link(stage, key), None).unwrap()
    }

    fn is_good(stage: &Stage, login: &SignedIn) -> bool {
        stage.read(|tx| recognise_login::run(tx, &login.secret)).is_some()
    }

    #[test]
    fn a_link_is_good_once_and_the_journal_tells_who_and_no_secret() {
        let stage = Stage::sample();
        let secret = link(&stage, "p-anna");
        let made = stage.last_entry();
        assert_eq!(made.kind, "login_link_made");
        let good_for = stage.read(|tx| look(tx, &secret)).unwrap();
        assert!(matches!(good_for, GoodFor::Person(row) if row.key == "p-anna"));
        let login = redeem(&stage, &secret, None).unwrap();
        let told = stage.last_entry();
        assert_eq!(told.kind, "signed_in");
        let anna = stage.person("p-anna");
        let body = told.body.unwrap();
        assert_eq!(body["by"], serde_json::json!({ "person": anna, "login": login.login }));
        for text in [body.to_string(), made.body.unwrap().to_string()] {
            assert!(!text.contains(&secret) && !text.contains(&login.secret), "{text}");
        }
        let visitor = stage.read(|tx| recognise_login::run(tx, &login.secret)).unwrap();
        assert_eq!((visitor.row.person, visitor.facts.person), (anna.clone(), anna));
        assert_eq!(redeem(&stage, &secret, None), Err(SignInError::NotGood));
        assert_eq!(redeem(&stage, "nobodys", None), Err(SignInError::NotGood));
        assert_eq!(stage.read(|tx| look(tx, &secret)), None);
    }

    #[test]
    fn a_link_is_good_for_a_quarter_of_an_hour_and_a_newer_one_takes_its_place() {
        let stage = Stage::sample();
        let (older, newer) = (link(&stage, "p-anna"), link(&stage, "p-anna"));
        assert_eq!(redeem(&stage, &older, None), Err(SignInError::NotGood));
        let others = link(&stage, "p-yann");
        stage.clock.advance(GOOD_FOR_MS - 1);
        assert!(redeem(&stage, &newer, None).is_ok());
        stage.clock.advance(1);
        assert_eq!(redeem(&stage, &others, None), Err(SignInError::NotGood));
    }

    #[test]
    fn a_login_ends_when_it_is_not_seen_for_a_week_or_a_month_after_it_was_made() {
        let stage = Stage::sample();
        let (idle, used) = (sign_in(&stage, "p-anna"), sign_in(&stage, "p-yann"));
        for _ in 0..4 {
            stage.clock.advance(IDLE_MS - 1);
            let secret = used.secret.clone();
            stage.change(move |tx| {
                let visitor = recognise_login::run(tx, &secret).unwrap().unwrap();
                assert!(visitor.is_to_be_noted(tx.now()));
                recognise_login::note_seen(tx, &visitor).unwrap();
            });
        }
        assert!(!is_good(&stage, &idle));
        stage.clock.set(used.until.plus_millis(-1));
        assert!(is_good(&stage, &used));
        stage.clock.advance(1);
        assert!(!is_good(&stage, &used));
        assert_eq!(used.until.since(crate::flows::rehearsal::time(crate::flows::rehearsal::NOW)), LOGIN_MS);
    }

    #[test]
    fn signing_in_draws_a_new_secret_and_ends_what_the_browser_had() {
        let stage = Stage::sample();
        let former = sign_in(&stage, "p-anna");
        let request = Request { link: link(&stage, "p-yann"), name: None, former: Some(former.secret.clone()) };
        let login = stage.write(move |tx| run(tx, &request)).unwrap();
        assert_ne!(login.secret, former.secret);
        assert!(is_good(&stage, &login) && !is_good(&stage, &former));
    }

    #[test]
    fn somebody_signs_out_here_elsewhere_or_everywhere_and_nobody_for_somebody_else() {
        let stage = Stage::sample();
        let logins = [0, 1, 2, 3].map(|_| sign_in(&stage, "p-anna"));
        let others = sign_in(&stage, "p-yann");
        let out = |by: &SignedIn, which: Which| {
            let visitor = stage.read(|tx| recognise_login::run(tx, &by.secret)).unwrap();
            stage.write(move |tx| sign_out::run(tx, &visitor.warrant("a story"), which))
        };
        out(&logins[0], Which::One(logins[1].login)).unwrap();
        assert_eq!(stage.last_entry().kind, "signed_out");
        assert_eq!(logins.each_ref().map(|it| is_good(&stage, it)), [true, false, true, true]);
        assert!(out(&logins[0], Which::One(others.login)).is_err() && is_good(&stage, &others));
        out(&logins[0], Which::One(logins[0].login)).unwrap();
        out(&logins[2], Which::AllOf(stage.person("p-anna"))).unwrap();
        assert_eq!(logins.each_ref().map(|it| is_good(&stage, it)), [false; 4]);
        assert!(out(&others, Which::AllOf(stage.person("p-anna"))).is_err());
        // an administrator may, and need not know who was signed in
        stage
            .write({
                let (by, yann) = (stage.by("p-zoe"), stage.person("p-yann"));
                move |tx| sign_out::run(tx, &by, Which::AllOf(yann))
            })
            .unwrap();
        assert!(!is_good(&stage, &others));
    }

    #[test]
    fn a_registry_without_an_administrator_makes_one_of_whoever_redeems_the_first_starts_link() {
        let stage = Stage::empty();
        let offered = stage.write(offer_first).unwrap().unwrap();
        assert_eq!(offered.whom, Whom::FirstAdministrator);
        assert_eq!(stage.write(offer_first).unwrap(), None, "only the first start");
        assert_eq!(redeem(&stage, &offered.secret, Some(" ")), Err(SignInError::Name));
        let login = redeem(&stage, &offered.secret, Some("Nolwenn Exemple")).unwrap();
        let visitor = stage.read(|tx| recognise_login::run(tx, &login.secret)).unwrap();
        assert_eq!((visitor.row.key.as_str(), visitor.row.name.as_str()), ("admin", "Nolwenn Exemple"));
        assert_eq!(visitor.facts.roles.len(), 1);
        let kinds = stage.read(|tx| tx.entries_after(offered.effects.entry, tremen_rules::Time::from_millis(0), 10));
        let kinds: Vec<&str> = kinds.iter().map(|entry| entry.kind.as_str()).collect();
        assert_eq!(kinds, ["person_entered", "role_granted", "signed_in"]);
        let again = stage.write(|tx| make_login_link::run(tx, &operator(), Whom::FirstAdministrator)).unwrap_err();
        assert_eq!(again.to_string(), "the network has an administrator already: `admin`");
    }

    #[test]
    fn the_first_starts_link_is_the_first_administrators_where_there_is_one_and_void_once_there_is() {
        let stage = Stage::sample();
        let offered = stage.write(offer_first).unwrap().unwrap();
        assert_eq!(offered.whom, Whom::Person(stage.person("p-zoe")));
        let stage = Stage::empty();
        let offered = stage.write(offer_first).unwrap().unwrap();
        let other = stage.write(|tx| make_login_link::run(tx, &operator(), Whom::FirstAdministrator)).unwrap();
        assert_eq!(redeem(&stage, &offered.secret, Some("A")), Err(SignInError::NotGood), "a newer one");
        stage.change(|tx| drop(super::enter_administrator(tx, "B").unwrap()));
        assert_eq!(redeem(&stage, &other.secret, Some("C")), Err(SignInError::NotGood));
    }

    #[test]
    fn nobody_makes_a_link_for_somebody_else() {
        let stage = Stage::sample();
        let make = |by: &str| {
            let (by, whom) = (stage.by(by), Whom::Person(stage.person("p-anna")));
            stage.write(move |tx| make_login_link::run(tx, &by, whom)).map(drop)
        };
        assert!(make("p-zoe").unwrap_err().to_string().contains("only for the person themself"));
        make("p-anna").unwrap();
        let by = stage.by("p-zoe");
        assert!(stage.write(move |tx| make_login_link::run(tx, &by, Whom::FirstAdministrator)).is_err());
    }

    #[test]
    fn an_erasure_and_a_restore_end_logins_and_links() {
        let stage = Stage::sample();
        let (anna, annas_link) = (sign_in(&stage, "p-anna"), link(&stage, "p-anna"));
        let yann = sign_in(&stage, "p-yann");
        let person = stage.person("p-anna");
        stage.write(move |tx| erase_person::begin(tx, &operator(), &person)).unwrap();
        assert!(!is_good(&stage, &anna) && is_good(&stage, &yann));
        assert_eq!(redeem(&stage, &annas_link, None), Err(SignInError::NotGood));
        let restore = |since| {
            let made_at = stage.store.now().plus_seconds(-3600);
            let request = continue_after_restore::Request { made_at, backup_sha256: "00".repeat(32), since };
            stage.write(move |tx| continue_after_restore::run(tx, &request)).unwrap()
        };
        restore(Since::Moved);
        assert!(is_good(&stage, &yann), "who only moves has forgotten nobody's signing out");
        restore(Since::Lost);
        assert!(!is_good(&stage, &yann));
    }

    #[test]
    fn logins_that_are_over_go_with_the_taps_of_their_time() {
        let stage = Stage::sample();
        sign_in(&stage, "p-anna");
        let kept = || stage.read(|tx| tx.ended_facts(tx.now(), tx.now())).iter().filter(|it| is_login(it.kind)).count();
        let retain = || {
            let (by, schedule) = (operator(), apply_retention::Schedule::default());
            stage.wait(apply_retention::run(&stage.store, &by, schedule, apply_retention::Mode::Do)).unwrap();
        };
        stage.clock.set(crate::flows::rehearsal::time("2027-02-26"));
        retain();
        assert_eq!(kept(), 2, "the link and the login are over, and kept for three months");
        stage.clock.set(crate::flows::rehearsal::time("2027-03-28"));
        retain();
        assert_eq!(kept(), 0);
    }

    fn is_login(kind: Ended) -> bool {
        matches!(kind, Ended::Login | Ended::LoginLink)
    }
}
