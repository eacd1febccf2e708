//! Looks at the system's clock all the time: follows small corrections, doubts steps, believes them once the system says
//! that it is synchronised. Start at [`look`]; the rules are those of `clock/belief.rs`.

use std::time::{Duration, Instant};

use crate::clock::Finding;
use crate::flows::believe_clock::{self, Trust};
use crate::flows::doubt_clock::{self, Noted};
use crate::flows::{Actor, FlowError, Warrant};
use crate::store::{Store, StoreError, Touched};

/// How often both hands are compared.
const BEAT: Duration = Duration::from_secs(1);
/// How often the system is asked whether its clock is synchronised, while it is doubted.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// Timers that ran so much less than the steady hand have slept with the machine, in milliseconds.
const SLEPT_MS: i64 = 1_000;

/// Looks each second, for ever.
pub async fn run(store: Store) {
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut seen, mut steady_ms) = (Instant::now(), store.clock().steady_ms());
    let mut asked: Option<Instant> = None;
    loop {
        beat.tick().await;
        let (before, before_ms) = (seen, steady_ms);
        (seen, steady_ms) = (Instant::now(), store.clock().steady_ms());
        let ran_ms = i64::try_from(seen.duration_since(before).as_millis()).unwrap_or(i64::MAX);
        if steady_ms.saturating_sub(before_ms).saturating_sub(ran_ms) > SLEPT_MS {
            wake(&store).await;
        }
        let may_ask = asked.is_none_or(|asked| asked.elapsed() >= ASK_AGAIN);
        match look(&store, may_ask).await {
            Ok(Look { asked: true }) => asked = Some(Instant::now()),
            Ok(Look { asked: false }) => {}
            Err(error) => tracing::error!(%error, "the clock could not be looked at; tries again"),
        }
    }
}

/// What a look took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether the system was asked if its clock is synchronised.
    pub asked: bool,
}

/// Compares both hands once and does what follows. The system is asked only where that matters, and where `may_ask`.
///
/// # Errors
/// When the store fails.
pub async fn look(store: &Store, may_ask: bool) -> Result<Look, FlowError> {
    let belief = store.belief();
    let (wall, steady_ms) = store.clock().hands();
    let mut asked = false;
    match belief.look(wall, steady_ms) {
        Finding::Agrees if belief.doubt.is_none() => {}
        Finding::Correction(_) => believe(store, Trust::Small).await?,
        Finding::Agrees => note(store).await?,
        Finding::Doubted(doubt, _) => {
            asked = may_ask;
            let clock = store.clock().clone();
            let synchronised =
                may_ask && tokio::task::spawn_blocking(move || clock.is_synchronised()).await.unwrap_or(false);
            if synchronised {
                believe(store, Trust::Synchronised).await?;
            } else if belief.doubt != Some(doubt) {
                note(store).await?;
            }
        }
    }
    Ok(Look { asked })
}

async fn believe(store: &Store, trust: Trust) -> Result<(), FlowError> {
    let warrant = Warrant { by: Actor::Registry, why: String::new() };
    if let Some(set) = store.write(move |tx| believe_clock::run(tx, &warrant, trust)).await? {
        tracing::warn!(step_ms = set.step_ms, ?trust, "the registry's time was set to the system's");
    }
    Ok(())
}

async fn note(store: &Store) -> Result<(), FlowError> {
    match store.write(doubt_clock::run).await? {
        Some(Noted::Doubted(doubt, step_ms)) => tracing::error!(
            step_ms,
            doubt = doubt.code(),
            "the system's clock is not believed; red machines are held back until it is synchronised, or `tremen clock accept`"
        ),
        Some(Noted::Agreed) => tracing::warn!("the system's clock agrees with the registry's time again"),
        None => {}
    }
    Ok(())
}

/// After a sleep of the machine: timers count what they ran, so all who wait for an instant look at it again.
async fn wake(store: &Store) {
    tracing::warn!("the machine slept; all that fell due meanwhile is looked at now");
    let told = store.write(|tx| {
        tx.touch(Touched::Everything);
        Ok::<_, StoreError>(())
    });
    if let Err(error) = told.await {
        tracing::error!(%error, "what fell due while the machine slept waits for its timers");
    }
}
