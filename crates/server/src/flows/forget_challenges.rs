//! Forgets challenges of links that are over and cannot come again. Start at [`run`].
//!
//! A challenge names one link for ever, since a sealed hello can be recorded and said again as long as its key is in force:
//! those stay, 16 bytes each. Without a seal the channel protects from replays, and what it doubles comes within seconds;
//! without secrets in force nothing is answered at all.

use tremen_rules::ControllerId;
use tremen_rules::network::Profile;

use super::{FlowError, network};
use crate::store::{Store, Tx};

/// Where the channel protects from replays, challenges are known for so long.
const KNOWN_MS: i64 = 86_400_000;
/// So many are forgotten in one short transaction.
const SLICE: u32 = 1_000;

/// Forgets them in short transactions, and tells how many.
///
/// # Errors
/// When the store fails; what was forgotten before stays so.
pub async fn run(store: &Store) -> Result<usize, FlowError> {
    let due = store.read(of_no_use).await?;
    let mut forgotten = 0;
    for controller in due {
        loop {
            let controller = controller.clone();
            let slice = store.write(move |tx| forget_some(tx, &controller)).await?;
            forgotten += slice;
            if slice < usize::try_from(SLICE).unwrap_or(usize::MAX) {
                break;
            }
        }
    }
    Ok(forgotten)
}

/// Controllers whose old challenges protect from nothing.
fn of_no_use(tx: &mut Tx<'_>) -> Result<Vec<ControllerId>, FlowError> {
    let network = network(tx)?;
    let mut found = Vec::new();
    for controller in tx.with_spent_challenges()? {
        let declared = network.controllers.get(&controller);
        let is_sealed = declared.is_some_and(|declared| declared.profile == Profile::Sealed);
        if !is_sealed || tx.credential_version(&controller)?.is_none() {
            found.push(controller);
        }
    }
    Ok(found)
}

fn forget_some(tx: &mut Tx<'_>, controller: &ControllerId) -> Result<usize, FlowError> {
    // The network or the secrets may have changed since they were looked at: what is of use again stays.
    if !of_no_use(tx)?.contains(controller) {
        return Ok(0);
    }
    Ok(tx.forget_challenges(controller, Some(tx.now().plus_millis(-KNOWN_MS)), SLICE)?)
}

#[cfg(test)]
mod tests {
    use tremen_wire::{Challenge, Hello, Link};

    use super::{KNOWN_MS, run};
    use crate::flows::link_controller::{Sender, welcome};
    use crate::flows::rehearsal::{Stage, id, operator};
    use crate::flows::{retire_controller, rotate_controller};
    use crate::store::LinkState;

    fn sender(stage: &Stage, name: &str) -> Sender {
        let controller = id(name);
        let version = stage.read(|tx| tx.credential_version(&controller)).unwrap();
        let profile = stage.read(|tx| tx.network()).network.controllers[&controller].profile;
        Sender { controller, profile, version }
    }

    fn hello(challenge: u8) -> Hello {
        Hello {
            challenge: Challenge([challenge; 16]),
            firmware: "rehearsal 1".to_owned(),
            capabilities: Vec::new(),
            last_order: 0,
            running: Vec::new(),
            at_s: None,
        }
    }

    /// Says hello with each challenge, and tells which are answered.
    fn answered(stage: &Stage, name: &str, challenges: &[u8]) -> Vec<bool> {
        let sender = sender(stage, name);
        let ask = |challenge: u8| {
            let sender = sender.clone();
            stage.change(move |tx| welcome(tx, &sender, &hello(challenge)).unwrap().map(|it| it.link))
        };
        challenges.iter().map(|challenge| ask(*challenge).is_some()).collect()
    }

    /// Says hello with each challenge and takes its link up.
    fn use_links(stage: &Stage, name: &str, challenges: &[u8]) {
        for challenge in challenges {
            let (sender, challenge) = (sender(stage, name), *challenge);
            stage.change(move |tx| {
                let link = welcome(tx, &sender, &hello(challenge)).unwrap().unwrap().link;
                let row = tx.link(&sender.controller, link).unwrap().unwrap();
                tx.take_up_link(&sender.controller, row.number).unwrap();
            });
        }
    }

    #[test]
    fn whatever_a_controller_says_at_most_nine_of_its_links_are_kept() {
        let stage = Stage::sample();
        use_links(&stage, "ubo-laser", &[1, 2, 3]);
        let challenges: Vec<u8> = (10..200).collect();
        assert!(answered(&stage, "ubo-laser", &challenges).iter().all(|answered| *answered));
        let controller: tremen_rules::ControllerId = id("ubo-laser");
        let count = |table: &'static str| {
            let sql = format!("SELECT COUNT(*) FROM {table} WHERE controller = $1");
            stage.read(|tx| tx.query_one(&sql, crate::params![controller], |row| row.get::<i64>(0))).unwrap()
        };
        assert_eq!(count("links"), 9, "the current one, and the newest 8 pending ones");
        assert_eq!(count("spent_challenges"), 2 + 190 - 8);
        let current = stage.read(|tx| tx.current_link(&controller)).unwrap();
        assert_eq!(stage.read(|tx| tx.link(&controller, current)).unwrap().state, LinkState::Current);
        assert_eq!(stage.read(|tx| tx.link(&controller, Link([0; 8]))).map(|row| row.number), None);
    }

    #[test]
    fn a_sealed_hello_is_known_for_ever_and_a_plain_one_for_a_day() {
        let stage = Stage::sample();
        for (name, known_later) in [("ubo-laser", true), ("ponant-laser", false)] {
            use_links(&stage, name, &[1, 2, 3]);
            assert_eq!(answered(&stage, name, &[1, 2, 3]), [false, false, true]);
            stage.clock.advance(KNOWN_MS);
            assert_eq!(stage.wait(run(&stage.store)).unwrap(), 0, "{name}: not before a day is over");
            stage.clock.advance(1);
            assert_eq!(stage.wait(run(&stage.store)).unwrap(), if known_later { 0 } else { 2 });
            assert_eq!(answered(&stage, name, &[1, 2, 3]), [!known_later, !known_later, true]);
        }
    }

    #[test]
    fn a_new_key_forgets_what_the_old_one_sealed_and_so_does_retirement_a_day_later() {
        let stage = Stage::sample();
        use_links(&stage, "ubo-laser", &[1, 2]);
        stage.write(|tx| rotate_controller::run(tx, &operator(), &id("ubo-laser"))).unwrap();
        assert_eq!(stage.read(|tx| tx.with_spent_challenges()), []);
        use_links(&stage, "ubo-laser", &[3, 4]);
        stage.write(|tx| retire_controller::run(tx, &operator(), &id("ubo-laser"))).unwrap();
        stage.clock.advance(KNOWN_MS + 1);
        assert!(stage.wait(run(&stage.store)).unwrap() > 0);
        assert_eq!(stage.read(|tx| tx.with_spent_challenges()), []);
    }
}
