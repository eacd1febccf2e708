//! What a registry does first that was restored from a backup: it makes sure that nothing which it does not remember can
//! fool it, or confuse a controller. Start at [`run`].
//!
//! Between the backup and the loss, controllers and cards went on. What they know and the registry does not:
//!
//! | they know | what could go wrong | what is done |
//! |---|---|---|
//! | order numbers above ours | an order to lock is taken for an old one | numbers go on from the clock's seconds; locks are ordered anew |
//! | links that we never made, counters that we never saw | a recorded message counts again | all links end: each controller says hello |
//! | sessions that we did not open, or believe open | a machine runs on unseen, or stays busy | the wire's own rules: a hello names what runs; what it does not name is closed, what nobody granted here is stopped |
//! | an NTAG 424's counter above ours | a message that somebody recorded counts once, until the card itself is read again | nothing, unless whoever restores says that messages were recorded: then the card is read as a mere number (A0) until somebody has seen it ([`confirm_card`](super::confirm_card)) |
//! | a journal that is longer than ours | two journals under one name | a new tree, whose first entry names the last checkpoint that we know |
//! | logins that ended, or began | somebody who signed out is signed in again | all logins and links end |
//! | first cards that waited for a second | a supervisor's tap serves twice | all are used up |
//!
//! Facts that were entered since the backup are lost, revocations too. No machine can know them: whoever restores is told
//! since when history is missing.

use serde_json::json;
use tremen_rules::Time;
use tremen_wire::Action;

use super::{Actor, FlowError, lock_machine, network, open_journal, seal_journal};
use crate::store::{Touched, Tx};

/// Which backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What happened before this instant is in it.
    pub made_at: Time,
    /// SHA-256 of the encrypted file, hexadecimal.
    pub backup_sha256: String,
    /// What happened to the registry since.
    pub since: Since,
}

/// What happened between a backup and its restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// The registry answered nobody: it only moves to another machine.
    Moved,
    /// It went on, and all that it learnt is lost.
    Lost,
    /// The same, and somebody may have recorded messages of chip cards.
    LostAndOverheard,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Continued {
    /// The journal's entry.
    pub entry: i64,
    /// Since when history is missing; none for a move.
    pub missing_since: Option<Time>,
    /// NTAG 424 cards that are to be confirmed.
    pub doubted_cards: usize,
    /// Sessions that were open, and are until their controller says otherwise or their lease has run out.
    pub open_sessions: usize,
}

/// Makes the registry ready to go on.
///
/// # Errors
/// When the store fails.
pub fn run(tx: &mut Tx<'_>, request: &Request) -> Result<Continued, FlowError> {
    let Request { made_at, backup_sha256, since } = request;
    let network = network(tx)?;
    let (is_lost, is_overheard) = match since {
        Since::Moved => (false, false),
        Since::Lost => (true, false),
        Since::LostAndOverheard => (true, true),
    };
    let doubted_cards = if is_overheard { tx.doubt_cards()? } else { 0 };
    let open_sessions = tx.open_sessions()?.len();
    let logins = if is_lost { tx.end_all_logins("restored")? } else { 0 };
    let missing_since = is_lost.then_some(*made_at);
    if is_lost {
        // What was sealed since the backup cannot be continued: others may hold checkpoints of it.
        open_journal::run(tx, &Actor::Operator, "restored from a backup")?;
    }
    let entry = tx.record(
        "registry_restored",
        &json!({ "by": "operator", "backup": backup_sha256, "made_at": made_at, "missing_since": missing_since,
                 "doubted_cards": doubted_cards, "open_sessions": open_sessions, "logins_ended": logins }),
    )?;
    if is_lost {
        let unsealed = tx.unsealed_after(0, u32::MAX)?;
        seal_journal::run(tx, &unsealed, None)?;
        seal_journal::sign(tx)?; // nobody has this database yet: what is signed cannot be taken back by a crash
    }
    tx.backed_up(*made_at)?;
    tx.end_all_links()?;
    tx.use_all_standbys()?;
    // The clock's seconds are above the numbers of any controller that was given less than one order a second since its
    // first day, and of an earlier restore too. They fit 32 bits, which small devices count with.
    let floor = tx.now().unix_seconds();
    for controller in network.controllers.keys() {
        tx.order_above(controller, floor)?;
    }
    for machine in network.machines.keys() {
        let locked = tx.lock_reason(machine.as_str(), tx.now())?.is_some();
        let action = if locked { Action::Lock } else { Action::Unlock };
        lock_machine::order(tx, &network, machine, action, entry)?;
    }
    tx.touch(Touched::Everything);
    Ok(Continued { entry, missing_since, doubted_cards, open_sessions })
}

#[cfg(test)]
mod tests {
    use tremen_wire::Action;

    use super::{Continued, Request, Since, run};
    use crate::flows::lock_machine;
    use crate::flows::rehearsal::{Stage, id, operator};

    fn continued(stage: &Stage, since: Since) -> Continued {
        let made_at = stage.store.now().plus_seconds(-3600);
        stage.write(move |tx| run(tx, &Request { made_at, backup_sha256: "00".repeat(32), since })).unwrap()
    }

    #[test]
    fn orders_go_on_above_all_that_a_controller_can_have_seen_and_locks_are_told_anew() {
        let stage = Stage::sample();
        let lock = lock_machine::Request { machine: id("trotec-speedy"), until: None };
        stage.write(move |tx| lock_machine::run(tx, &operator(), &lock)).unwrap();
        let entry = continued(&stage, Since::Lost).entry;
        let open = stage.read(|tx| tx.open_orders(&id("ubo-laser")));
        assert_eq!(open.iter().map(|it| it.action).collect::<Vec<_>>(), [Action::Lock], "in place of the former one");
        let seconds = stage.store.now().unix_seconds();
        let orders = stage.read(|tx| tx.orders_of_entry(entry));
        assert!(orders.iter().all(|it| it.number > seconds && it.number < seconds + 100), "{orders:#?}");
        let unlocked = orders.iter().filter(|it| it.action == Action::Unlock).count();
        assert!(unlocked > 0 && unlocked == orders.len() - 1, "one machine is locked, all others are not");
        stage.clock.advance(1_000);
        let again = continued(&stage, Since::Lost).entry;
        let highest = orders.iter().map(|it| it.number).max().unwrap();
        let later = stage.read(|tx| tx.orders_of_entry(again));
        assert!(later.iter().filter(|it| it.controller.as_str() == "ubo-laser").all(|it| it.number > seconds + 1));
        assert!(later.iter().map(|it| it.number).max().unwrap() > highest);
    }

    #[test]
    fn a_chip_card_is_doubted_only_where_its_messages_may_have_been_recorded() {
        let stage = Stage::sample();
        let moved = continued(&stage, Since::Moved);
        assert_eq!((moved.doubted_cards, moved.missing_since), (0, None));
        assert_eq!(continued(&stage, Since::Lost).doubted_cards, 0);
        let after = continued(&stage, Since::LostAndOverheard);
        assert!(after.doubted_cards > 0);
        assert_eq!(after.missing_since, Some(stage.store.now().plus_seconds(-3600)));
        assert_eq!(stage.last_entry().kind, "registry_restored");
    }
}
