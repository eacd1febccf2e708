//! Every way in which a right ends while a machine runs: the session is told to stop, in the transaction of the change or at
//! the instant of the end, and the order is repeated until it is confirmed.

use tremen_rules::network::{Network, StopPolicy};
use tremen_rules::{AwardId, CardId, Level, PersonId, Scope, Span, Time};
use tremen_server::flows::{block_card, lock_machine, restrict_person, revoke_award, stop_session, suspend_award};
use tremen_wire::{Action, Down, Event, Order, SessionId};

use crate::raw::{Raw, uid};
use crate::world::{THURSDAY, World, declare, id, operator};

const LASER: &str = "laser-ponant";
const CARD: [u8; 7] = [4, 1, 2, 3, 4, 5, 6];

/// Somebody at the laser, whose session runs.
struct Stage {
    world: World,
    raw: Raw,
    person: PersonId,
    award: AwardId,
    session: SessionId,
}

impl Stage {
    async fn running(adjust: impl FnOnce(&mut Network)) -> Self {
        let world = World::with(adjust).await;
        let mut raw = Raw::linked(&world, "ponant-laser", false).await;
        let person = world.laser_user("p-anna", &CARD, false, Level::Autonomous).await;
        let who = person.clone();
        world
            .change(move |tx| {
                let until = Some(Time::from_millis(THURSDAY + 3_600_000));
                Ok(tx.put_membership(&who, &id("ponant"), Span::new(Time::from_millis(THURSDAY - 1), until))?)
            })
            .await;
        let session = raw.start(LASER, uid(&CARD)).await;
        let award = id("p-anna.decoupe-laser.2");
        Self { world, raw, person, award, session }
    }

    /// The stop comes, is confirmed, and the machine is free once it has stopped.
    async fn stops_for(&mut self, reason: &str) {
        let order = self.stop_order(reason).await;
        assert_eq!(order.stop, Some(tremen_wire::StopPolicy::Graceful { seconds: 20 }));
        self.raw.settle(Event::Confirmed, &order, Some(true));
        let number = order.number;
        let controller = id("ponant-laser");
        self.world.until(|tx| Ok(tx.order(&controller, number)?.filter(|it| it.settled.is_some()))).await;
        assert!(self.world.session(self.session).ended_at.is_none(), "confirmed means begun");
        self.raw.report(Event::Ended, LASER, self.session);
        let lease = loop {
            match self.raw.hear().await {
                Down::Lease(lease) => break lease,
                Down::Order(order) => assert_eq!(order.action, Action::Lock, "what else a lockout orders"),
                other => panic!("a lease was expected: {other:?}"),
            }
        };
        assert_eq!(lease.lease_s, 0);
        let ended = self.world.session(self.session);
        assert_eq!((ended.ended_at.is_some(), ended.end_why.as_deref()), (true, Some(reason)));
    }

    async fn stop_order(&mut self, reason: &str) -> Order {
        let order = loop {
            let order = self.raw.order().await;
            if order.action == Action::Stop {
                break order;
            }
        };
        assert_eq!((order.session, order.machine.as_deref()), (Some(self.session), Some(LASER)));
        assert_eq!(order.reason.as_deref(), Some(reason));
        order
    }

    /// Keeps the lease alive up to an instant from now, and moves the clock there.
    async fn run_for(&mut self, millis: i64) {
        let mut left = millis;
        while left > 0 {
            let step = left.min(20_000);
            self.world.later(step).await;
            left -= step;
            if left > 0 {
                self.raw.report(Event::Alive, LASER, self.session);
                assert!(self.raw.lease().await.lease_s > 0);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_stops_a_running_session() {
    let mut stage = Stage::running(|_| {}).await;
    let award = stage.award.clone();
    let effects = stage.world.change(move |tx| revoke_award::run(tx, &operator(), &award)).await;
    assert_eq!(effects.stopped.len(), 1);
    stage.stops_for("award_revoked").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspension_stops_a_running_session_at_its_beginning() {
    let mut stage = Stage::running(|_| {}).await;
    let from = Some(Time::from_millis(THURSDAY + 10_000));
    let request = suspend_award::Request { award: stage.award.clone(), from, until: None };
    let effects = stage.world.change(move |tx| suspend_award::run(tx, &operator(), &request)).await;
    assert_eq!(effects.stopped.len(), 0, "it has not begun");
    stage.run_for(9_999).await;
    stage.raw.hears_nothing().await;
    stage.world.later(1).await;
    stage.stops_for("award_suspended").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restriction_stops_a_running_session() {
    let mut stage = Stage::running(|_| {}).await;
    let scope = Scope::parse("reference:decoupe-laser").unwrap();
    let request = restrict_person::Request { person: stage.person.clone(), scope, from: None, until: None };
    stage.world.change(move |tx| restrict_person::run(tx, &operator(), &request)).await;
    stage.stops_for("person_suspended_here").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_card_stops_the_session_that_it_opened() {
    let mut stage = Stage::running(|_| {}).await;
    let card: CardId = stage.world.look(|tx| tx.card_by_uid(&CARD)).unwrap().card;
    stage.world.change(move |tx| block_card::run(tx, &operator(), &card)).await;
    stage.stops_for("card_blocked").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lockout_stops_a_running_session() {
    let mut stage = Stage::running(|_| {}).await;
    let request = lock_machine::Request { machine: id(LASER), until: None };
    stage.world.change(move |tx| lock_machine::run(tx, &operator(), &request)).await;
    stage.stops_for("machine_out_of_service").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_award_that_expires_stops_a_running_session_on_time() {
    // An acceptance rule's greatest age is an end of the award like its own.
    let mut stage = Stage::running(|network| {
        network.machines.get_mut(LASER).unwrap().stop_policy = StopPolicy::Graceful(20);
    })
    .await;
    let award = stage.award.clone();
    // The end is fixed when an award is made: this one is made with an end in a minute, superseding the first.
    stage
        .world
        .change(move |tx| {
            let request = tremen_server::flows::renew_award::Request {
                award,
                version: None,
                level: None,
                issued_at: None,
                valid_until: Some(Time::from_millis(THURSDAY + 60_000)),
                id: None,
            };
            tremen_server::flows::renew_award::run(tx, &operator(), &request)
        })
        .await;
    stage.run_for(59_999).await;
    stage.raw.hears_nothing().await;
    stage.world.later(1).await;
    stage.stops_for("award_expired").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_membership_that_ends_stops_a_running_session() {
    let mut stage = Stage::running(|network| {
        network.machines.get_mut(LASER).unwrap().members_only = Some(true);
    })
    .await;
    stage.run_for(3_600_000).await;
    stage.stops_for("not_a_member").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_time_stops_a_running_session() {
    let mut stage = Stage::running(|_| {}).await;
    stage.run_for(7 * 3_600_000).await; // Les Fabriques du Ponant close at 22:00 on Thursdays
    stage.stops_for("outside_opening_hours").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acceptance_rule_that_is_withdrawn_stops_a_running_session() {
    let mut stage = Stage::running(|_| {}).await;
    let mut network = crate::world::sample();
    network.acceptances.retain(|rule| rule.venue.as_str() != "ponant");
    let request = tremen_server::flows::apply_network::Request { network, prune: true, side: None };
    stage.world.change(move |tx| tremen_server::flows::apply_network::run(tx, &operator(), &request)).await;
    stage.stops_for("issuer_not_recognised").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_stops_a_running_session() {
    let mut stage = Stage::running(|_| {}).await;
    let session = stage.session;
    stage.world.change(move |tx| stop_session::run(tx, &operator(), session)).await;
    let order = stage.raw.order().await;
    assert_eq!((order.action, order.session), (Action::Stop, Some(session)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_leaves_the_right_whole_stops_nothing() {
    let mut stage = Stage::running(|_| {}).await;
    let scope = Scope::parse("machine:trotec-speedy").unwrap();
    let request = restrict_person::Request { person: stage.person.clone(), scope, from: None, until: None };
    stage.world.change(move |tx| restrict_person::run(tx, &operator(), &request)).await;
    declare(&stage.world.store, |network| network.settings.name = "Autre nom (exemple)".to_owned()).await;
    stage.raw.hears_nothing().await;
    assert!(stage.world.session(stage.session).stop_order.is_none());
}
