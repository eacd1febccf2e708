//! Erases a person. Start at [`begin`], which does at once what can be done at once, then [`finish`].
//!
//! Key, address, cards and roles go with the request, and what runs is told to stop. Taps, the journal's payloads and the
//! rest go in slices, each a short transaction, as soon as no incident holds them and no session is open; whatever stops
//! in between is taken up again by the daily round. A shell with a random id stays, so that what others rest on still has
//! an author; entries and their digests stay, so that the journal verifies.

use serde_json::{Value as Json, json};
use tremen_rules::authority::Act;
use tremen_rules::{PersonId, Time};

use super::holds::Holds;
use super::stop_session::BY_HAND;
use super::{Effects, FlowError, Warrant, checks, forget_tap, network, outliving, sessions, tell_erasures};
use crate::store::{Store, StoreError, Tx};

/// So many rows go in one slice.
const PAGE: u32 = 100;

/// What an erasure did at once, and what it has to wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// What is waited for: incidents by number, each with the end of its hold where that is known.
    pub held_by: Vec<(i64, Option<Time>)>,
    /// How many restrictions outlive it as a keyed hash.
    pub restrictions: usize,
    /// How many cards went.
    pub cards: usize,
    /// How many people have no guardian once it is done.
    pub wards: usize,
    /// What it did beside.
    pub effects: Effects,
}

/// How far an erasure is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Nothing but the shell is left.
    Done {
        /// Taps that went.
        decisions: usize,
        /// Payloads of the journal that went besides.
        payloads: usize,
    },
    /// Incidents hold what is left: by number, each with the end of its hold where that is known.
    Held(Vec<(i64, Option<Time>)>),
    /// A session is told to stop and has not stopped yet.
    Running,
}

/// Does at once what can be done at once; the rest is for [`finish`].
///
/// # Errors
/// When the author may not, the person does not exist or was erased before, or the store fails.
pub fn begin(tx: &mut Tx<'_>, warrant: &Warrant, person: &PersonId) -> Result<Begun, FlowError> {
    checks::reason(warrant)?;
    let network = network(tx)?;
    let row = checks::person(tx, person)?;
    checks::allowed(tx, warrant, &Act::ErasePerson { person: person.clone() }, &network)?;
    let held_by = held_by(&Holds::now(tx)?, person);
    let restrictions = outliving::keep(tx, &row)?;
    let cards = tx.cards_of(person)?.len();
    let wards = tx.wards_of(person)?.len();
    let incidents: Vec<i64> = held_by.iter().map(|it| it.0).collect();
    let story = json!({
        "person": person, "cards": cards, "restrictions_kept": restrictions, "held_by_incidents": incidents,
    });
    let entry = tx.record("person_erased", &warrant.story(story))?;
    let mut stopped = Vec::new();
    for mut session in tx.open_sessions_of(person)? {
        if session.stop_order.is_none() {
            stopped.push(sessions::stop(tx, &mut session, BY_HAND, entry)?);
        }
    }
    for held in tx.roles_of(person)? {
        tx.end_role(held.held)?;
    }
    for token in tx.tokens_after(0, Some(person), u32::MAX)? {
        tx.end_token(token.token, "its person was erased")?;
    }
    tx.end_logins_of(person, "erased")?;
    tx.begin_erasure(person, entry)?;
    Ok(Begun { held_by, restrictions, cards, wards, effects: Effects { entry, stopped } })
}

fn held_by(holds: &Holds, person: &PersonId) -> Vec<(i64, Option<Time>)> {
    holds.incidents_of(person).into_iter().map(|it| (it.incident, it.keep_until)).collect()
}

/// Goes on with an erasure that was begun, as far as it goes now.
///
/// # Errors
/// When it was not begun, or the store fails; what went before stays gone.
pub async fn finish(store: &Store, person: &PersonId) -> Result<Progress, FlowError> {
    let decisions = match taps(store, person).await? {
        Ok(decisions) => decisions,
        Err(waits) => return Ok(waits),
    };
    let payloads = payloads(store, person).await?;
    let who = person.clone();
    let last = move |tx: &mut Tx<'_>| {
        if let Some(waits) = waits(tx, &who)? {
            return Ok(waits);
        }
        tx.end_erasure(&who)?;
        let story = json!({ "person": who, "decisions": decisions, "payloads": payloads, "by": "registry" });
        tx.record("person_erasure_finished", &story)?;
        Ok::<_, FlowError>(Progress::Done { decisions, payloads })
    };
    store.write(last).await
}

/// What an erasure has to wait for.
fn waits(tx: &Tx<'_>, person: &PersonId) -> Result<Option<Progress>, FlowError> {
    let erasure = tx.erasure(person)?;
    if erasure.is_none_or(|it| it.done_at.is_some()) {
        return Err(FlowError::Refused(format!("no erasure of `{person}` is under way")));
    }
    let held = held_by(&Holds::now(tx)?, person);
    if !held.is_empty() {
        return Ok(Some(Progress::Held(held)));
    }
    Ok((!tx.open_sessions_of(person)?.is_empty()).then_some(Progress::Running))
}

/// Forgets the person's taps, slice by slice.
async fn taps(store: &Store, person: &PersonId) -> Result<Result<usize, Progress>, FlowError> {
    let (mut last, mut decisions) = (0, 0);
    loop {
        let who = person.clone();
        let slice = move |tx: &mut Tx<'_>| {
            if let Some(waits) = waits(tx, &who)? {
                return Ok(Err(waits));
            }
            let network = network(tx)?;
            let cause = tx.erasure(&who)?.map_or(0, |it| it.cause);
            let page = tx.decisions_about(&who, last, PAGE)?;
            let mut erased = Vec::new();
            for decision in &page {
                if let Some(tap) = forget_tap::plan(tx, *decision, Time::MAX, &Holds::default())? {
                    forget_tap::run(tx, &network, &tap, cause)?;
                    erased.push(tap.entry());
                }
            }
            tell_erasures::run(tx, cause, erased)?;
            Ok::<_, FlowError>(Ok((page.len(), page.last().copied())))
        };
        match store.write(slice).await? {
            Err(waits) => return Ok(Err(waits)),
            Ok((_, None)) => return Ok(Ok(decisions)),
            Ok((number, Some(end))) => (decisions, last) = (decisions + number, end),
        }
    }
}

/// Erases what the journal says of the person, slice by slice. They are looked for on a thread for reading.
async fn payloads(store: &Store, person: &PersonId) -> Result<usize, FlowError> {
    let (mut last, mut gone) = (0, 0);
    loop {
        let who = person.clone();
        let page = store.read(move |tx| tx.payloads_naming(&who, last, PAGE)).await?;
        let Some((end, _)) = page.last() else { return Ok(gone) };
        last = *end;
        let about: Vec<i64> = page.iter().filter(|(_, body)| is_about(body, person)).map(|it| it.0).collect();
        let who = person.clone();
        gone += store
            .write(move |tx| {
                let Some(erasure) = tx.erasure(&who)? else { return Ok(0) };
                let mut gone = Vec::new();
                for entry in about.into_iter().filter(|entry| *entry != erasure.cause) {
                    if tx.erase_payload(entry, erasure.cause, None)? {
                        gone.push(entry);
                    }
                }
                let count = gone.len();
                tell_erasures::run(tx, erasure.cause, gone)?;
                Ok::<_, StoreError>(count)
            })
            .await?;
    }
}

/// Whether a payload is about a person: their random id stands in it otherwise than as the author's or a bystander's.
pub(super) fn is_about(body: &Json, person: &PersonId) -> bool {
    const BESIDE: [&str; 6] = ["by", "in_use_by", "standbys", "supervisor", "awarded_by", "shown_by"];
    match body {
        Json::String(text) => text == person.as_str(),
        Json::Array(all) => all.iter().any(|it| is_about(it, person)),
        Json::Object(all) => all.iter().any(|(name, it)| !BESIDE.contains(&name.as_str()) && is_about(it, person)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use tremen_rules::Scope;

    use super::{Progress, begin, finish};
    use crate::flows::rehearsal::{NOW, Stage, operator, time};
    use crate::flows::{close_incident, export_person, import_people, restrict_person, sessions};
    use crate::store::PLACES;

    const ANNAS_NTAG: [u8; 7] = [0x04, 0x1d, 0x3c, 0x8a, 0x2d, 0x6b, 0x80];

    fn erase(stage: &Stage, key: &str) -> Progress {
        let person = stage.person(key);
        let who = person.clone();
        stage.write(move |tx| begin(tx, &operator(), &who)).unwrap();
        stage.wait(finish(&stage.store, &person)).unwrap()
    }

    fn used(stage: &Stage) {
        let session = stage.session("trotec-speedy", "p-anna", None);
        stage.change(move |tx| {
            let row = tx.session(session).unwrap().unwrap();
            sessions::close(tx, &row, "ended").unwrap();
        });
        stage.session("laser-ponant", "p-zoe", None);
    }

    #[test]
    fn nothing_is_left_of_a_person_but_a_shell_their_awards_and_what_others_rest_on() {
        let stage = Stage::sample();
        used(&stage);
        let anna = stage.person("p-anna");
        assert!(matches!(erase(&stage, "p-anna"), Progress::Done { decisions: 1, payloads } if payloads > 2));
        let who = anna.clone();
        let left = stage.store.read_here(|tx| export_person::run(tx, &operator(), &who)).unwrap();
        let tables: Vec<&String> = left["stored"].as_object().unwrap().keys().collect();
        assert_eq!(tables, ["awards", "people"], "{left:#}");
        let shell = &left["stored"]["people"][0];
        assert_eq!((&shell["name"], &shell["birth_date"]), (&"".into(), &serde_json::Value::Null));
        assert_eq!(shell["key"], format!("erased.{anna}"));
        assert!(
            left["journal"]
                .as_array()
                .unwrap()
                .iter()
                .all(|it| it["kind"].as_str().unwrap().starts_with("person_eras"))
        );
        assert_eq!(stage.read(|tx| tx.card_by_uid(&ANNAS_NTAG)), None);
        let who = anna.clone();
        let again = stage.write(move |tx| begin(tx, &operator(), &who)).unwrap_err();
        assert!(again.to_string().contains("was erased on 2026-11-26"), "{again}");
    }

    #[test]
    fn not_one_byte_of_the_name_is_left_in_the_file() {
        let stage = Stage::sample();
        let row = stage.read(|tx| tx.person_by_key("p-anna")).unwrap();
        let holds = |stage: &Stage, text: &str| {
            let folder = stage.store_folder();
            std::fs::read_dir(folder).unwrap().any(|file| {
                let bytes = std::fs::read(file.unwrap().path()).unwrap();
                bytes.windows(text.len()).any(|it| it == text.as_bytes())
            })
        };
        assert!(holds(&stage, &row.name), "else this test sees nothing");
        erase(&stage, "p-anna");
        stage.checkpoint();
        assert!(!holds(&stage, &row.name), "{}", row.name);
    }

    #[test]
    fn an_incident_holds_the_rest_and_says_until_when() {
        let stage = Stage::sample();
        used(&stage);
        let incident = stage.incident();
        let anna = stage.person("p-anna");
        assert_eq!(erase(&stage, "p-anna"), Progress::Held(vec![(incident, None)]));
        let row = stage.read(|tx| tx.person(&anna)).unwrap();
        assert!(!row.name.is_empty() && row.email.is_none());
        assert_eq!(stage.read(|tx| tx.cards_of(&anna)), []);
        let until = time("2027-01-01");
        let close = close_incident::Request { incident, keep_until: until };
        stage.write(move |tx| close_incident::run(tx, &operator(), &close)).unwrap();
        assert_eq!(stage.wait(finish(&stage.store, &anna)).unwrap(), Progress::Held(vec![(incident, Some(until))]));
        stage.clock.set(until);
        assert!(matches!(stage.wait(finish(&stage.store, &anna)).unwrap(), Progress::Done { .. }));
        assert_eq!(stage.read(|tx| tx.person(&anna)).unwrap().name, "");
    }

    #[test]
    fn a_running_session_is_told_to_stop_and_waited_for() {
        let stage = Stage::sample();
        let session = stage.session("trotec-speedy", "p-anna", None);
        let anna = stage.person("p-anna");
        let who = anna.clone();
        let begun = stage.write(move |tx| begin(tx, &operator(), &who)).unwrap();
        assert_eq!(begun.effects.stopped.len(), 1);
        assert_eq!(stage.wait(finish(&stage.store, &anna)).unwrap(), Progress::Running);
        stage.change(move |tx| {
            let row = tx.session(session).unwrap().unwrap();
            sessions::close(tx, &row, "manager").unwrap();
        });
        assert!(matches!(stage.wait(finish(&stage.store, &anna)).unwrap(), Progress::Done { decisions: 1, .. }));
    }

    #[test]
    fn a_restriction_meets_whoever_is_entered_under_the_same_key_address_or_name() {
        for (file, met) in [
            ("person;name\np-anna;Somebody Else\n", true),
            ("person;name;birth_date\nx-1;kerbrat ANNA;1990-01-01\n", false),
            ("person;name\nx-2;Anna Nobody\n", false),
        ] {
            let stage = Stage::sample();
            let anna = stage.person("p-anna");
            let row = stage.read(|tx| tx.person(&anna)).unwrap();
            let restrict = restrict_person::Request {
                person: anna.clone(),
                scope: Scope::parse("venue:ubo").unwrap(),
                from: None,
                until: Some(time("2030-01-01")),
            };
            stage.write(move |tx| restrict_person::run(tx, &operator(), &restrict)).unwrap();
            erase(&stage, "p-anna");
            assert_eq!(stage.read(|tx| tx.restrictions_of(&anna)), []);
            enter(&stage, file);
            let key = file.lines().nth(1).unwrap().split(';').next().unwrap();
            let again = stage.read(|tx| tx.restrictions_of(&tx.person_by_key(key)?.unwrap().person));
            assert_eq!(!again.is_empty(), met, "{file} {again:?}");
            // the same name and birth date, written otherwise
            let mut words: Vec<&str> = row.name.split(' ').collect();
            words.reverse();
            let birth = row.birth_date.unwrap();
            enter(&stage, &format!("person;name;birth_date\nx-3;{};{birth}\n", words.join(" ").to_uppercase()));
            let third = stage.read(|tx| tx.restrictions_of(&tx.person_by_key("x-3")?.unwrap().person));
            assert_eq!(!third.is_empty(), !met, "it finds its person once");
            for held in again.iter().chain(&third) {
                assert_eq!((held.span.until, held.span.from), (Some(time("2030-01-01")), time(NOW)));
            }
        }
    }

    fn enter(stage: &Stage, file: &str) {
        let rows = tremen_files::table::read_people(file.as_bytes(), chrono_tz::Europe::Paris).unwrap().rows;
        stage.write(move |tx| import_people::run(tx, &operator(), &rows)).unwrap();
    }

    #[test]
    fn what_a_person_is_told_equals_what_is_stored_in_every_place() {
        let stage = Stage::sample();
        used(&stage);
        let anna = stage.person("p-anna");
        let who = anna.clone();
        let told = stage.store.read_here(|tx| export_person::run(tx, &operator(), &who)).unwrap();
        for place in &PLACES {
            let rows = stage.read(|tx| tx.told(place, &anna));
            let own = PLACES.iter().find(|it| it.table == place.table).unwrap().column == place.column;
            let name = if own { place.table.to_owned() } else { format!("{}_{}", place.table, place.column) };
            assert_eq!(told["stored"][&name].as_array().map_or(0, Vec::len), rows.len(), "{name}");
        }
        let uid = crate::keys::hex(&ANNAS_NTAG);
        assert!(told["stored"]["cards"].as_array().unwrap().iter().any(|card| card["uid"] == uid));
        assert_eq!(told["stored"]["sessions"][0]["end_why"], "ended");
        let by = stage.by("p-zoe");
        assert!(stage.store.read_here(|tx| export_person::run(tx, &by, &anna)).is_ok(), "any manager");
    }
}
