//! Puts one question to both sides and says where they differ.

use std::collections::BTreeMap;
use std::ops::Range;
use std::thread;

use tremen_rules::{DenialReason, Dossier, Network, ReadingFacts, Time, decide, end_of_grant};

use crate::oracle::end;
use crate::oracle::generate::questions;
use crate::oracle::judge::{Answer, Spoken, judge};
use crate::oracle::print::{clock, print};
use crate::oracle::shrink::shrink;
use crate::oracle::translate;
use crate::oracle::world::{Ms, World};

/// The crate's answer in the oracle's words.
pub fn answer_of_the_crate(dossier: &Dossier, reading: &ReadingFacts, now: Ms) -> Answer {
    let decision = decide(dossier, reading, Time::from_millis(now));
    let reasons = decision.reasons();
    let spoken = reasons.map_or(&[][..], |reasons| reasons.objections()).iter().filter_map(|objection| {
        let award = objection.award.as_ref().map(|id| id.as_str().to_owned());
        Some(Spoken { reason: objection.reason.code(), requirement: objection.requirement?, award })
    });
    let mut spoken: Vec<Spoken> = spoken.collect();
    spoken.sort();
    let supervisor = match &decision {
        tremen_rules::Decision::Grant(grant) => grant.supervisor(),
        tremen_rules::Decision::More(_) | tremen_rules::Decision::Deny(_) => None,
    };
    Answer {
        verdict: decision.verdict(),
        reasons: reasons.map_or(Vec::new(), |reasons| reasons.codes().into_iter().map(DenialReason::code).collect()),
        spoken,
        supervisor: supervisor.map(|person| (0..9).find(|&number| translate::person(number) == *person).unwrap()),
    }
}

fn answer_about(world: &World, now: Ms) -> Answer {
    with_dossier(world, |dossier, reading| answer_of_the_crate(dossier, reading, now))
}

/// The end of a grant as the crate sees it: the instant and the first reason.
type End = Option<(Ms, &'static str)>;

fn end_of_the_crate(dossier: &Dossier, reading: &ReadingFacts, now: Ms) -> End {
    end_of_grant(dossier, reading, Time::from_millis(now)).map(|(at, reason)| (at.millis(), reason.code()))
}

fn end_of_the_oracle(world: &World, now: Ms) -> End {
    end::end_of_grant(world, now).map(|(at, reason)| (at, reason.code()))
}

pub fn with_dossier<T>(world: &World, ask: impl FnOnce(&Dossier, &ReadingFacts) -> T) -> T {
    let network: Network = translate::network(world);
    let asked = translate::asked(world);
    let dossier = translate::dossier(world, &network, &asked);
    ask(&dossier, &translate::reading(&world.reading))
}

/// How often each thing was seen.
pub type Tally = BTreeMap<&'static str, usize>;

/// What one worker found: its tally, or the text of the first disagreement.
type Found = Result<Tally, String>;

/// Asks everything about the worlds of these seeds, on every processor.
pub fn on_all_processors(seeds: Range<u64>, ask: impl Fn(u64, &mut Tally) -> Result<(), String> + Sync) -> Found {
    let workers = thread::available_parallelism().map_or(1, |count| count.get() as u64).min(8);
    let work = |worker: u64| -> Found {
        let mut tally = Tally::new();
        for seed in seeds.clone().filter(|seed| seed % workers == worker) {
            ask(seed, &mut tally)?;
        }
        Ok(tally)
    };
    let found: Vec<Found> = thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = (0..workers).map(|worker| scope.spawn(move || work(worker))).collect();
        running.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let mut all = Tally::new();
    for tally in found {
        for (name, count) in tally? {
            *all.entry(name).or_default() += count;
        }
    }
    Ok(all)
}

/// Compares the decisions about the world of a seed.
pub fn decisions(seed: u64, tally: &mut Tally) -> Result<(), String> {
    let (world, instants) = questions(seed);
    let differing = with_dossier(&world, |dossier, reading| {
        instants.into_iter().find(|&now| {
            let expected = judge(&world, now);
            *tally.entry("questions").or_default() += 1;
            *tally.entry(expected.verdict).or_default() += 1;
            *tally.entry("supervised").or_default() += usize::from(expected.supervisor.is_some());
            for &reason in &expected.reasons {
                *tally.entry(reason).or_default() += 1;
            }
            answer_of_the_crate(dossier, reading, now) != expected
        })
    });
    let Some(now) = differing else { return Ok(()) };
    let small = shrink(&world, |world| answer_about(world, now) != judge(world, now));
    let (theirs, ours) = (answer_about(&small, now), judge(&small, now));
    Err(format!("seed {seed}\n{}\n  crate  {theirs:?}\n  oracle {ours:?}", print(&small, now)))
}

/// Compares the ends of the grants in the world of a seed.
pub fn ends(seed: u64, tally: &mut Tally) -> Result<(), String> {
    let (world, instants) = questions(seed);
    let differing = with_dossier(&world, |dossier, reading| {
        instants.into_iter().filter(|&now| end::first_refusal(&world, now).is_none()).find(|&now| {
            let expected = end_of_the_oracle(&world, now);
            *tally.entry("grants").or_default() += 1;
            *tally.entry(expected.map_or("never", |(_, reason)| reason)).or_default() += 1;
            end_of_the_crate(dossier, reading, now) != expected
        })
    });
    let Some(now) = differing else { return Ok(()) };
    let theirs = |world: &World| with_dossier(world, |dossier, reading| end_of_the_crate(dossier, reading, now));
    let small = shrink(&world, |world| {
        end::first_refusal(world, now).is_none() && theirs(world) != end_of_the_oracle(world, now)
    });
    let say = |end: End| {
        let at = |at| (clock(small.zone, at), clock(small.venues[small.machines[0].venue].zone, at));
        end.map_or("never".to_owned(), |(ms, reason)| format!("{:?} {ms} {reason}", at(ms)))
    };
    let (theirs, ours) = (say(theirs(&small)), say(end_of_the_oracle(&small, now)));
    Err(format!("seed {seed}\n{}\n  crate  {theirs}\n  oracle {ours}", print(&small, now)))
}
