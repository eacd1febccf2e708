//! Asks that are not decided in time are given up. Start at [`Patience::wait_for`].
//!
//! All wait equally long, so whoever came first is due first: one queue and one task serve them all. Nearly every ask is
//! answered by the time that its turn comes, and costs no timer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Whether somebody has answered an ask: whoever sets it first answers.
pub(super) type Answered = Arc<AtomicBool>;

/// Gives up what is not answered in time. Cheap to clone; its task ends with the last clone, once nobody waits any more.
#[derive(Clone)]
pub(super) struct Patience {
    queue: mpsc::UnboundedSender<Waiting>,
    length: Duration,
}

struct Waiting {
    until: Instant,
    answered: Answered,
    give_up: Box<dyn FnOnce() + Send>,
}

impl Patience {
    /// Starts its task: everybody waits so long.
    pub(super) fn start(length: Duration) -> Self {
        // Bounded by what may wait for the store within that time.
        let (queue, waiting) = mpsc::unbounded_channel();
        tokio::spawn(serve(waiting));
        Self { queue, length }
    }

    /// Calls `give_up` when the time is over and nobody has answered.
    pub(super) fn wait_for(&self, answered: Answered, give_up: impl FnOnce() + Send + 'static) {
        let waiting = Waiting { until: Instant::now() + self.length, answered, give_up: Box::new(give_up) };
        let _ = self.queue.send(waiting); // its task is gone with the runtime: nobody can be answered then
    }
}

async fn serve(mut queue: mpsc::UnboundedReceiver<Waiting>) {
    while let Some(Waiting { until, answered, give_up }) = queue.recv().await {
        if answered.load(Ordering::SeqCst) {
            continue;
        }
        sleep_until(until).await;
        if !answered.swap(true, Ordering::SeqCst) {
            give_up();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use tokio::sync::mpsc;

    use super::{Answered, Patience};

    #[tokio::test]
    async fn what_is_answered_is_left_alone_and_what_is_not_is_given_up_in_the_order_of_arrival() {
        let patience = Patience::start(Duration::from_millis(5));
        let (teller, mut given_up) = mpsc::unbounded_channel();
        let asks: Vec<Answered> = (0..4).map(|_| Answered::default()).collect();
        asks[0].store(true, Ordering::SeqCst);
        asks[2].store(true, Ordering::SeqCst);
        for (number, answered) in asks.iter().enumerate() {
            let teller = teller.clone();
            patience.wait_for(answered.clone(), move || teller.send(number).unwrap());
        }
        drop((teller, patience));
        let mut heard = Vec::new();
        while let Some(number) = given_up.recv().await {
            heard.push(number);
        }
        assert_eq!(heard, [1, 3], "and the task has ended");
        assert!(asks.iter().all(|answered| answered.load(Ordering::SeqCst)), "a decision that comes now is withdrawn");
    }
}
