//! Acts that take two cards: a supervisor and a learner, a trainer and a trainee.

use tremen_rules::Level;
use tremen_rules::dossier::Role;
use tremen_rules::network::Hazard;
use tremen_server::machines::simulated_card::SimulatedCard;
use tremen_wire::{Answer, Intent, Outcome, Verdict};

use crate::raw::{Raw, denied, done, granted, uid, verdict};
use crate::world::World;

const PONANT: &str = "laser-ponant";
const UBO: &str = "trotec-speedy";
const LEARNER: [u8; 7] = [4, 1, 1, 1, 1, 1, 1];
const OTHER: [u8; 7] = [4, 2, 2, 2, 2, 2, 2];
const EXPERT: [u8; 7] = [4, 3, 3, 3, 3, 3, 3];

/// A learner, another learner, and somebody who may stand by, at the red laser cutter of the Ponant.
struct Lesson {
    world: World,
    raw: Raw,
    expert: SimulatedCard,
}

impl Lesson {
    async fn start() -> Self {
        let world = World::start().await;
        world.laser_user("learner", &LEARNER, false, Level::Discovery).await;
        world.laser_user("other", &OTHER, false, Level::Discovery).await;
        world.laser_user("expert", &EXPERT, true, Level::Trainer).await;
        let raw = Raw::linked(&world, "ponant-laser", false).await;
        Self { world, raw, expert: SimulatedCard::new(EXPERT) }
    }

    async fn supervise(&mut self) -> Answer {
        let reading = self.expert.read(self.world.store.keys());
        self.raw.tap(PONANT, reading, Intent::Supervise).await
    }

    async fn learn(&mut self, card: &[u8]) -> Answer {
        self.raw.tap(PONANT, uid(card), Intent::Use).await
    }
}

fn owner(world: &World, answer: &Answer) -> String {
    world.session(granted(answer)).person.to_string()
}

fn needs(answer: &Answer) -> &[String] {
    match &answer.outcome {
        Outcome::More { reasons, .. } => reasons,
        other => panic!("a need for more was expected: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supervisor_who_taps_first_serves_one_learner_for_less_than_30_s() {
    let mut lesson = Lesson::start().await;
    assert_eq!(done(&lesson.supervise().await), None);
    lesson.world.later(30_000).await;
    assert_eq!(needs(&lesson.learn(&LEARNER).await), ["supervisor_needed"], "30 s are over");
    lesson.world.later(30_000).await;
    assert_eq!(done(&lesson.supervise().await), None);
    lesson.world.later(29_999).await;
    let answer = lesson.learn(&LEARNER).await;
    assert_eq!(owner(&lesson.world, &answer), "learner");
    // The tap is used up.
    lesson.raw.tap(PONANT, uid(&LEARNER), Intent::End).await;
    assert_eq!(needs(&lesson.learn(&OTHER).await), ["supervisor_needed"]);
    lesson.world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_learner_who_taps_first_is_started_by_the_supervisors_tap_within_30_s() {
    let mut lesson = Lesson::start().await;
    needs(&lesson.learn(&LEARNER).await);
    lesson.world.later(30_000).await;
    assert_eq!(done(&lesson.supervise().await), None, "30 s are over: the supervisor waits now");
    lesson.world.later(30_000).await;
    needs(&lesson.learn(&LEARNER).await);
    lesson.world.later(29_999).await;
    let answer = lesson.supervise().await;
    assert_eq!(owner(&lesson.world, &answer), "learner");
    // The supervisor's tap served: nobody else starts on it.
    lesson.raw.tap(PONANT, uid(&LEARNER), Intent::End).await;
    needs(&lesson.learn(&OTHER).await);
    lesson.world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supervised_learner_who_taps_again_keeps_the_session() {
    let mut lesson = Lesson::start().await;
    lesson.supervise().await;
    let session = granted(&lesson.learn(&LEARNER).await);
    assert_eq!(granted(&lesson.learn(&LEARNER).await), session);
    assert_eq!(denied(&lesson.learn(&OTHER).await), ["machine_busy", "supervisor_needed"]);
    lesson.world.lock(PONANT).await;
    lesson.raw.order().await;
    lesson.raw.order().await;
    assert_eq!(denied(&lesson.learn(&LEARNER).await)[0], "machine_out_of_service");
    lesson.world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_learners_tap_serves_once_whoever_stands_by_later() {
    let mut lesson = Lesson::start().await;
    assert_eq!(needs(&lesson.learn(&LEARNER).await), ["supervisor_needed"]);
    // Another one uses the machine, so that the supervisor who comes can only stand by.
    let free = uid(&EXPERT);
    let other = granted(&lesson.raw.tap(PONANT, free, Intent::Use).await);
    assert_eq!(done(&lesson.supervise().await), None);
    lesson.raw.report(tremen_wire::Event::Ended, PONANT, other);
    assert_eq!(lesson.raw.lease().await.lease_s, 0);
    let session = granted(&lesson.learn(&LEARNER).await);
    lesson.raw.report(tremen_wire::Event::Ended, PONANT, session);
    assert_eq!(lesson.raw.lease().await.lease_s, 0);
    // The learner has left: a supervisor's tap starts nothing for the tap of before.
    assert_eq!(done(&lesson.supervise().await), None);
    lesson.world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_supervises_without_the_level_or_a_secure_card_or_for_themself() {
    let mut lesson = Lesson::start().await;
    let copy = lesson.raw.tap(PONANT, uid(&EXPERT), Intent::Supervise).await;
    assert_eq!(denied(&copy), ["card_assurance_too_low"], "a copyable number at a red machine");
    let learner = lesson.raw.tap(PONANT, uid(&OTHER), Intent::Supervise).await;
    assert_eq!(denied(&learner), ["card_assurance_too_low", "supervisor_needed"]);
    needs(&lesson.learn(&LEARNER).await);
    let themself = lesson.raw.tap(PONANT, uid(&LEARNER), Intent::Supervise).await;
    assert_eq!(verdict(&themself), Verdict::Deny);
    lesson.world.running.stop().await;
}

/// A trainer and trainees at the red laser cutter of the UBO.
struct Induction {
    world: World,
    raw: Raw,
    trainer: SimulatedCard,
    trainee: SimulatedCard,
}

impl Induction {
    async fn start(hazard: Hazard) -> Self {
        let world = World::with(|network| {
            let machine = network.machines.get_mut(UBO).unwrap();
            machine.hazard = hazard;
            if hazard != Hazard::Red {
                machine.min_assurance = tremen_rules::Assurance::A0;
            }
        })
        .await;
        let trainer = world.laser_user("trainer", &EXPERT, true, Level::Trainer).await;
        world.role(&trainer, Role::Trainer, "venue:ubo").await;
        world.person("trainee", &LEARNER, true).await;
        let raw = Raw::linked(&world, "ubo-laser", true).await;
        Self { world, raw, trainer: SimulatedCard::new(EXPERT), trainee: SimulatedCard::new(LEARNER) }
    }

    async fn trainer_taps(&mut self) -> Answer {
        let reading = self.trainer.read(self.world.store.keys());
        self.raw.tap(UBO, reading, Intent::Induct).await
    }

    async fn trainee_taps(&mut self) -> Answer {
        let reading = self.trainee.read(self.world.store.keys());
        self.raw.tap(UBO, reading, Intent::Induct).await
    }

    async fn later(&mut self, millis: i64) {
        self.world.later(millis).await;
        self.raw.at_s = self.world.now().unix_seconds();
    }

    fn awards(&self, key: &str) -> Vec<(String, Level, String, Option<String>)> {
        let person = crate::world::id(key);
        let awards = self.world.look(|tx| tx.awards_of(&person));
        let told = awards.into_iter().map(|it| {
            let by = it.awarded_by.map(|by| by.to_string());
            (it.award.reference.to_string(), it.award.level, it.award.issuer.to_string(), by)
        });
        told.collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trainers_card_then_the_trainees_within_30_s_make_an_award_and_start_nothing() {
    let mut induction = Induction::start(Hazard::Red).await;
    assert_eq!(done(&induction.trainer_taps().await), None);
    induction.later(30_000).await;
    assert_eq!(denied(&induction.trainee_taps().await), ["level_too_low"], "30 s are over");
    assert_eq!(induction.awards("trainee"), []);
    assert_eq!(done(&induction.trainer_taps().await), None);
    induction.later(29_999).await;
    assert_eq!(done(&induction.trainee_taps().await), None);
    let issuer = "ubo-open-factory".to_owned();
    let award = ("decoupe-laser".to_owned(), Level::Discovery, issuer, Some("trainer".to_owned()));
    assert_eq!(induction.awards("trainee"), std::slice::from_ref(&award));
    assert!(induction.world.look(|tx| tx.open_session_on(UBO)).is_none());
    // The trainer's tap served once, and who is taught again gets no second award.
    assert_eq!(denied(&induction.trainee_taps().await), ["level_too_low"]);
    induction.trainer_taps().await;
    assert_eq!(done(&induction.trainee_taps().await), None);
    assert_eq!(induction.awards("trainee"), [award]);
    induction.world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_red_machine_wants_secure_cards_of_both() {
    let mut induction = Induction::start(Hazard::Red).await;
    let copy = induction.raw.tap(UBO, uid(&EXPERT), Intent::Induct).await;
    assert_eq!(denied(&copy), ["card_assurance_too_low"]);
    induction.trainer_taps().await;
    let copy = induction.raw.tap(UBO, uid(&LEARNER), Intent::Induct).await;
    assert_eq!(denied(&copy), ["card_assurance_too_low"]);
    assert_eq!(induction.awards("trainee"), []);
    induction.world.running.stop().await;

    let mut induction = Induction::start(Hazard::Amber).await;
    assert_eq!(done(&induction.raw.tap(UBO, uid(&EXPERT), Intent::Induct).await), None);
    assert_eq!(done(&induction.raw.tap(UBO, uid(&LEARNER), Intent::Induct).await), None);
    assert_eq!(induction.awards("trainee").len(), 1);
    induction.world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_inducts_without_the_role_or_with_a_card_blocked_meanwhile() {
    let mut induction = Induction::start(Hazard::Red).await;
    assert_eq!(denied(&induction.trainee_taps().await), ["level_too_low"], "no trainer");
    induction.trainer_taps().await;
    induction
        .world
        .change(|tx| {
            let card = tx.card_by_uid(&EXPERT)?.unwrap().card;
            Ok(tx.block_card(&card, "lost")?)
        })
        .await;
    assert_eq!(denied(&induction.trainee_taps().await), ["level_too_low"]);
    assert_eq!(denied(&induction.trainer_taps().await), ["card_blocked"]);
    assert_eq!(induction.awards("trainee"), []);
    induction.world.running.stop().await;
}
