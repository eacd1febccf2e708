//! Lets go what is kept long enough: taps become counts without names, payloads of the journal are erased, ended facts
//! are forgotten, people who never came back are erased. Start at [`run`].
//!
//! The rows are looked for on a thread for reading and go in slices, each a short transaction that looks at them once
//! more and tells the journal what went; no tap waits. What an incident holds stays.

use chrono::Months;
use chrono_tz::Tz;
use serde_json::{Value as Json, json};
use tremen_rules::months::{local_date, start_of_day};
use tremen_rules::{ControllerId, PersonId, Time};

use super::forget_tap;
use super::holds::Holds;
use super::{Actor, FlowError, Warrant, claims, erase_person, network, tell_erasures};
use crate::keys::hex;
use crate::store::{Ended, EndedFact, Entry, Store, StoreError, Tx};

/// So many rows are looked at for one slice.
const PAGE: u32 = 100;

/// How long things are kept, in calendar months.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Taps, sessions, orders, what the journal says of them, and logins.
    pub access_months: u32,
    /// What the journal says of all else, and facts that ended.
    pub administration_months: u32,
    /// People who did not come, held no role and were no members for so long.
    pub inactive_months: u32,
    /// What a closed incident holds, where nobody says otherwise.
    pub incident_months: u32,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { access_months: 3, administration_months: 12, inactive_months: 24, incident_months: 120 }
    }
}

/// The instants before which things go: beginnings of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limits {
    access: Time,
    administration: Time,
    inactive: Time,
}

impl Limits {
    fn of(schedule: Schedule, now: Time, zone: Tz) -> Self {
        let ago = |months| {
            let day = local_date(now, zone).checked_sub_months(Months::new(months));
            day.map_or(Time::from_millis(i64::MIN), |day| start_of_day(day, zone))
        };
        Self {
            access: ago(schedule.access_months),
            administration: ago(schedule.administration_months),
            inactive: ago(schedule.inactive_months),
        }
    }
}

/// What went, or would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Tally {
    /// Decisions.
    pub decisions: usize,
    /// Sessions.
    pub sessions: usize,
    /// Settled orders.
    pub orders: usize,
    /// Payloads of the journal besides those of decisions.
    pub payloads: usize,
    /// Facts that ended.
    pub facts: usize,
    /// People.
    pub people: usize,
}

impl Tally {
    /// Whether nothing went.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn add(&mut self, other: Self) {
        self.decisions += other.decisions;
        self.sessions += other.sessions;
        self.orders += other.orders;
        self.payloads += other.payloads;
        self.facts += other.facts;
        self.people += other.people;
    }
}

/// Rows of one kind that look as if they could go.
#[derive(Debug, Clone)]
enum Page {
    Decisions(Vec<i64>),
    Payloads(Vec<i64>),
    Orders(Vec<(ControllerId, u64)>),
    Facts(Vec<EndedFact>),
}

/// Whether to do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Let it go.
    Do,
    /// Only count what would go.
    Look,
}

/// Lets go all that is kept long enough, and tells what went.
///
/// # Errors
/// When the store fails; what went before stays gone, and the next run goes on.
pub async fn run(store: &Store, warrant: &Warrant, schedule: Schedule, mode: Mode) -> Result<Tally, FlowError> {
    let zone = store.read(|tx| Ok::<_, StoreError>(network(tx)?.settings.time_zone)).await?;
    let slices = Slices { store, warrant, limits: Limits::of(schedule, store.now(), zone), mode };
    let mut tally = slices.decisions().await?;
    tally.add(slices.orders().await?);
    // before the payloads: what the journal says of a fact goes after the fact
    tally.add(slices.facts().await?);
    tally.add(slices.payloads().await?);
    tally.add(slices.people().await?);
    if mode == Mode::Do {
        store.write(|tx| tx.note_retained()).await?;
    }
    Ok(tally)
}

struct Slices<'s> {
    store: &'s Store,
    warrant: &'s Warrant,
    limits: Limits,
    mode: Mode,
}

impl Slices<'_> {
    async fn decisions(&self) -> Result<Tally, FlowError> {
        let (mut tally, mut last) = (Tally::default(), 0);
        loop {
            let page = self.store.read(move |tx| tx.decision_instants(last, PAGE)).await?;
            let old: Vec<i64> = page.iter().filter(|it| it.1 < self.limits.access).map(|it| it.0).collect();
            let Some(newest) = old.last() else { return Ok(tally) };
            last = *newest;
            tally.add(self.slice(Page::Decisions(old)).await?);
        }
    }

    async fn payloads(&self) -> Result<Tally, FlowError> {
        let (mut tally, mut last) = (Tally::default(), 0);
        let newest = self.limits.access.max(self.limits.administration);
        loop {
            let page = self.store.read(move |tx| tx.payloads_after(last, PAGE)).await?;
            // entries stand in the order of their instants: past the last limit there is nothing to find
            let Some((end, _, _)) = page.iter().rfind(|(_, at, _)| *at < newest) else { return Ok(tally) };
            last = *end;
            let due = |at: Time, kind: &str| self.limits.of_kind(kind).is_some_and(|limit| at < limit);
            let old: Vec<i64> = page.iter().filter(|(_, at, kind)| due(*at, kind)).map(|it| it.0).collect();
            tally.add(self.slice(Page::Payloads(old)).await?);
        }
    }

    async fn orders(&self) -> Result<Tally, FlowError> {
        let (mut tally, mut last) = (Tally::default(), (String::new(), 0));
        let limit = self.limits.access;
        loop {
            let after = last.clone();
            let page = self.store.read(move |tx| tx.settled_orders((&after.0, after.1), limit, PAGE)).await?;
            let Some((controller, number)) = page.last() else { return Ok(tally) };
            last = (controller.to_string(), *number);
            tally.add(self.slice(Page::Orders(page)).await?);
        }
    }

    async fn facts(&self) -> Result<Tally, FlowError> {
        let Limits { access, administration, .. } = self.limits;
        let facts = self.store.read(move |tx| tx.ended_facts(administration, access)).await?;
        let mut tally = Tally::default();
        for page in facts.chunks(PAGE as usize) {
            tally.add(self.slice(Page::Facts(page.to_vec())).await?);
        }
        Ok(tally)
    }

    /// Looked at by a reader; where something goes, one short transaction in which what still may go, goes. What is held
    /// or kept, on any day nearly all, makes no tap wait.
    async fn slice(&self, page: Page) -> Result<Tally, FlowError> {
        let (limits, warrant) = (self.limits, self.warrant.clone());
        let (page, would) = self
            .store
            .read(move |tx| {
                let would = Doomed::of(tx, &page, &limits)?.tally();
                Ok::<_, StoreError>((page, would))
            })
            .await?;
        if self.mode == Mode::Look || would.is_empty() {
            return Ok(would);
        }
        self.store
            .write(move |tx| {
                let doomed = Doomed::of(tx, &page, &limits)?;
                let tally = doomed.tally();
                if !tally.is_empty() {
                    let cause = tx.record("retention_applied", &warrant.story(doomed.story()))?;
                    doomed.forget(tx, cause)?;
                }
                Ok(tally)
            })
            .await
    }

    /// People who never came back, and those of whom something was held until now.
    async fn people(&self) -> Result<Tally, FlowError> {
        let limit = self.limits.inactive;
        let inactive = self.store.read(move |tx| tx.inactive_people(limit)).await?;
        let people = inactive.len();
        if self.mode == Mode::Look {
            return Ok(Tally { people, ..Tally::default() });
        }
        for person in inactive {
            let warrant =
                Warrant { by: Actor::Registry, why: "did not come for as long as the schedule says".to_owned() };
            self.store.write(move |tx| erase_person::begin(tx, &warrant, &person).map(drop)).await?;
        }
        let begun: Vec<PersonId> = self.store.read(|tx| tx.unfinished_erasures()).await?;
        for person in begun {
            erase_person::finish(self.store, &person).await?;
        }
        Ok(Tally { people, ..Tally::default() })
    }
}

impl Limits {
    /// Before when the payload of an entry of this kind goes; none where that is for somebody else to say, or never.
    fn of_kind(&self, kind: &str) -> Option<Time> {
        match kind {
            // a decision's payload goes with the decision
            "access_granted" | "access_denied" | "access_done" | "access_needs_more" => None,
            "session_ended"
            | "session_stopped"
            | "right_ended"
            | "running_session_stopped"
            | "machine_used_offline"
            | "order_confirmed"
            | "order_refused" => Some(self.access),
            // the rules, and what was let go: nobody's life
            "network_applied" | "machines_declared" | "retention_applied" => None,
            // what the journal says of itself: without it nobody could verify the rest
            "journal_opened" | "journal_continued" | "journal_cosigned" | "payloads_erased" => None,
            _ => Some(self.administration),
        }
    }
}

/// What goes in one slice.
#[derive(Debug, Default)]
struct Doomed {
    taps: Vec<forget_tap::Tap>,
    payloads: Vec<i64>,
    orders: Vec<(ControllerId, u64)>,
    facts: Vec<EndedFact>,
}

impl Doomed {
    fn of(tx: &Tx<'_>, page: &Page, limits: &Limits) -> Result<Self, StoreError> {
        let holds = Holds::now(tx)?;
        let mut doomed = Self::default();
        match page {
            Page::Decisions(decisions) => {
                for decision in decisions {
                    doomed.taps.extend(forget_tap::plan(tx, *decision, limits.access, &holds)?);
                }
            }
            Page::Payloads(entries) => {
                for entry in entries {
                    let Some(Entry { kind, at, body: Some(body), .. }) = tx.entry(*entry)? else { continue };
                    if !holds.story(&body) && !claims::stand(tx, &kind, at, &body)? {
                        doomed.payloads.push(*entry);
                    }
                }
            }
            Page::Orders(orders) => {
                for (controller, number) in orders {
                    let Some((machine, span)) = tx.order_time(controller, *number)? else { continue };
                    if !machine.is_some_and(|machine| holds.machine(machine.as_str(), span.from, span.end())) {
                        doomed.orders.push((controller.clone(), *number));
                    }
                }
            }
            Page::Facts(facts) => {
                let held = |fact: &EndedFact| match fact.kind {
                    Ended::Lock => holds.machine(&fact.place, fact.span.from, fact.span.end()),
                    Ended::Restriction
                    | Ended::Suspension
                    | Ended::Token
                    | Ended::Login
                    | Ended::LoginLink
                    | Ended::Role
                    | Ended::Block
                    | Ended::Membership => fact.person.as_ref().is_some_and(|person| holds.person(person)),
                    Ended::Incident | Ended::Outliving => false,
                };
                doomed.facts.extend(facts.iter().filter(|fact| !held(fact)).cloned());
            }
        }
        Ok(doomed)
    }

    fn tally(&self) -> Tally {
        Tally {
            decisions: self.taps.len(),
            sessions: self.taps.iter().map(|tap| tap.sessions.len()).sum(),
            orders: self.orders.len(),
            payloads: self.payloads.len(),
            facts: self.facts.len(),
            people: 0,
        }
    }

    /// What goes as the journal tells it: of facts that are held to entries a name that says nothing of whose they were.
    fn story(&self) -> Json {
        let mut story = json!(self.tally());
        let names: Vec<String> = self.facts.iter().filter_map(EndedFact::held_name).map(|name| hex(&name)).collect();
        if let Some(story) = story.as_object_mut().filter(|_| !names.is_empty()) {
            story.insert("let_go".to_owned(), json!(names));
        }
        story
    }

    fn forget(&self, tx: &mut Tx<'_>, cause: i64) -> Result<(), StoreError> {
        let network = network(tx)?;
        for tap in &self.taps {
            forget_tap::run(tx, &network, tap, cause)?;
        }
        for entry in &self.payloads {
            tx.erase_payload(*entry, cause, None)?;
        }
        let taps = self.taps.iter().map(forget_tap::Tap::entry);
        tell_erasures::run(tx, cause, taps.chain(self.payloads.iter().copied()))?;
        for (controller, number) in &self.orders {
            tx.forget_order(controller, *number)?;
        }
        for fact in &self.facts {
            tx.forget_ended(fact)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Mode, Schedule, Tally, run};
    use crate::flows::explain::{Recorded, recorded};
    use crate::flows::rehearsal::{Stage, operator, time};
    use crate::flows::{close_incident, export_counts, sessions};

    fn round(stage: &Stage, mode: Mode) -> Tally {
        stage.wait(run(&stage.store, &operator(), Schedule::default(), mode)).unwrap()
    }

    /// Anna used the laser for an hour; somebody else tapped after her.
    fn used(stage: &Stage) -> i64 {
        let session = stage.session("trotec-speedy", "p-anna", None);
        let decision = stage.change(move |tx| {
            let mut row = tx.session(session).unwrap().unwrap();
            row.used_s = 3600;
            sessions::close(tx, &row, "ended").unwrap();
            row.decision
        });
        stage.session("laser-ponant", "p-zoe", None);
        decision
    }

    #[test]
    fn a_tap_becomes_a_count_without_a_name_after_three_months_and_not_a_day_before() {
        let stage = Stage::sample();
        let decision = used(&stage);
        let counts = stage.store.read_here(|tx| export_counts::run(tx, None)).unwrap();
        stage.clock.set(time("2027-02-26T23:59:00+01:00"));
        assert_eq!(round(&stage, Mode::Do).decisions, 0);
        stage.clock.set(time("2027-02-27T00:00:00+01:00"));
        let would = round(&stage, Mode::Look);
        assert_eq!((would.decisions, would.sessions), (1, 1), "the newest one runs still");
        let went = round(&stage, Mode::Do);
        assert_eq!(went, would);
        assert_eq!(round(&stage, Mode::Do), Tally::default(), "what went does not go again");
        assert_eq!(stage.store.read_here(|tx| export_counts::run(tx, None)).unwrap(), counts);
        assert!(counts.contains("2026-11-26;trotec-speedy;session;ended;1;3600"), "{counts}");
        let left = stage.store.read_here(|tx| recorded(tx, decision)).unwrap();
        let Recorded::Erased(erased) = left else { panic!("{left:?}") };
        assert_eq!((erased.kind.as_str(), erased.at), ("retention_applied", stage.store.now()));
        let entry = stage.read(|tx| tx.entry(erased.entry)).unwrap();
        assert_eq!((entry.kind.as_str(), entry.body), ("access_granted", None));
        let told = stage.read(|tx| tx.entry(erased.cause)).unwrap().body.unwrap();
        assert_eq!((&told["decisions"], &told["why"]), (&1.into(), &"a rehearsal".into()));
    }

    #[test]
    fn what_an_incident_holds_stays_until_its_time_is_over() {
        let stage = Stage::sample();
        let decision = used(&stage);
        let incident = stage.incident();
        stage.clock.set(time("2029-01-01"));
        round(&stage, Mode::Do);
        let kept = |stage: &Stage| matches!(stage.store.read_here(|tx| recorded(tx, decision)).unwrap(), Recorded::Kept(_, Some(entry)) if entry.body.is_some());
        assert!(kept(&stage));
        let anna = stage.person("p-anna");
        let stories = stage.read(|tx| tx.payloads_naming(&anna, 0, 1000)).len();
        assert!(stories > 2, "her awards' stories are held too: {stories}");
        let close = close_incident::Request { incident, keep_until: time("2030-01-01") };
        stage.write(move |tx| close_incident::run(tx, &operator(), &close)).unwrap();
        stage.clock.set(time("2029-12-31T23:59:59+01:00"));
        round(&stage, Mode::Do);
        assert!(kept(&stage));
        stage.clock.set(time("2030-01-01"));
        round(&stage, Mode::Do);
        assert!(!kept(&stage));
        // she never came back, and was erased by schedule as soon as nothing held her
        let left = stage.read(|tx| tx.payloads_naming(&anna, 0, 1000));
        let kinds = left.iter().map(|it| stage.read(|tx| tx.entry(it.0)).unwrap().kind).collect::<Vec<_>>();
        assert_eq!(kinds, ["person_erased", "person_erasure_finished"]);
        assert_eq!(stage.read(|tx| tx.incident(incident)).unwrap().why, "");
    }

    #[test]
    fn what_stays_is_only_looked_at() {
        let stage = Stage::sample();
        used(&stage);
        stage.incident();
        stage.clock.set(time("2028-11-01"));
        round(&stage, Mode::Do);
        let commits = || stage.store.metrics().commit_seconds.told().buckets.last().map_or(0, |all| all.1);
        let before = commits();
        let kept = stage.read(|tx| tx.payloads_after(0, 1000)).len();
        assert!(kept > 20, "payloads that are held, or stay for good, are looked at each day: {kept}");
        assert_eq!(round(&stage, Mode::Do), Tally::default());
        assert_eq!(commits() - before, 1, "one commit, which notes when retention last ran");
    }

    #[test]
    fn ended_facts_go_after_a_year_and_awards_stay() {
        let stage = Stage::sample();
        let awards = stage.read(|tx| tx.awards_of(&stage.person("p-anna"))).len();
        let before = stage.read(|tx| tx.ended_facts(tx.now(), tx.now())).len();
        stage.clock.set(time("2036-01-01"));
        let went = round(&stage, Mode::Do);
        assert!(went.facts >= before && went.facts > 0, "{went:?}");
        assert_eq!(round(&stage, Mode::Do), Tally::default());
        // the shell of a person who never came back keeps what an issuer gave
        let anna = stage.read(|tx| tx.query("SELECT COUNT(*) FROM awards", crate::params![], |row| row.get::<i64>(0)));
        assert!(usize::try_from(anna[0]).unwrap() >= awards);
    }

    #[test]
    fn a_nonce_of_a_plain_controller_is_never_new_again() {
        let stage = Stage::sample();
        let plain = stage.read(|tx| {
            let network = tx.network()?.network.clone();
            let plain = network.controllers.values().find(|it| it.profile == tremen_rules::network::Profile::Plain);
            Ok(plain.map(|it| (it.id.clone(), it.machines[0].clone())))
        });
        let Some((controller, machine)) = plain else { panic!("the sample has no plain controller") };
        let session = stage.session(machine.as_str(), "p-anna", None);
        stage.change(move |tx| {
            let row = tx.session(session).unwrap().unwrap();
            sessions::close(tx, &row, "ended").unwrap();
        });
        used(&stage);
        let count = "SELECT COUNT(*) FROM spent_nonces WHERE controller = $1";
        stage.clock.set(time("2027-06-01"));
        round(&stage, Mode::Do);
        let kept = stage.read(|tx| tx.query_one(count, crate::params![controller], |row| row.get::<i64>(0)));
        assert_eq!(kept, Some(1));
    }
}
