//! Links with controllers: hello and welcome, and the door that every later message enters by.
//!
//! The rules are those of the Tremen wire, version 1, "Links"; each sentence of that page has its line here.

use tremen_rules::network::Profile;
use tremen_rules::{ControllerId, MachineId, Network, Time};
use tremen_wire::{Hello, Link, MachineCard, ShownState, Welcome};

use super::{FlowError, network, sessions};
use crate::store::{LinkRow, LinkState, Touched, Tx};

/// Of a controller's pending links so many are kept.
const PENDING: i64 = 8;

/// Who sent a message: as the topic says, and by which of its keys it was opened.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The controller.
    pub controller: ControllerId,
    /// How it speaks.
    pub profile: Profile,
    /// The version of the secrets by which the message was opened.
    pub version: u32,
}

impl Sender {
    /// Whether the sender is declared and in service, speaks as it should, and with the key that is in force now.
    ///
    /// # Errors
    /// When the store fails.
    pub fn is_trusted(&self, tx: &Tx<'_>, network: &Network) -> Result<bool, FlowError> {
        let declared = network.controllers.get(&self.controller);
        Ok(declared.is_some_and(|declared| declared.profile == self.profile)
            && tx.credential_version(&self.controller)? == Some(self.version))
    }
}

/// Answers a hello. Nothing is answered to a challenge whose link is over, nor to a sender that is not trusted.
///
/// # Errors
/// When the store fails.
pub fn welcome(tx: &mut Tx<'_>, sender: &Sender, hello: &Hello) -> Result<Option<Welcome>, FlowError> {
    let network = network(tx)?;
    let controller = &sender.controller;
    if !sender.is_trusted(tx, &network)? {
        return Ok(None);
    }
    let (link, clock) = match tx.link_of_challenge(controller, hello.challenge)? {
        Some(known) => (known.link, LinkClock { stepped_ms: known.stepped_ms }),
        None if tx.is_spent(controller, hello.challenge)? => return Ok(None),
        None => {
            let link = Link(tx.random());
            tx.add_link(controller, link, hello.challenge, &hello.running, PENDING)?;
            let capabilities: Vec<_> = hello.capabilities.iter().map(|capability| capability.as_str()).collect();
            tx.saw_hello(controller, &hello.firmware, &capabilities, hello.last_order)?;
            (link, LinkClock::default())
        }
    };
    let served = network.controllers.get(controller).map(|it| it.machines.clone()).unwrap_or_default();
    let machines = served.iter().map(|machine| card(tx, &network, controller, machine)).collect::<Result<_, _>>()?;
    Ok(Some(Welcome { link, challenge: hello.challenge, at_s: clock.seconds(tx.now()), machines }))
}

fn card(
    tx: &Tx<'_>,
    network: &Network,
    controller: &ControllerId,
    machine: &MachineId,
) -> Result<MachineCard, FlowError> {
    let declared = network.machines.get(machine);
    let policy = declared.map_or(tremen_rules::network::StopPolicy::Immediate, |machine| machine.stop_policy);
    let now = tx.now();
    let state = if tx.locks(machine.as_str(), now)?.iter().any(|lock| lock.covers(now)) {
        ShownState::Locked
    } else if tx.open_session_on(machine.as_str())?.is_some() {
        ShownState::InUse
    } else {
        ShownState::Free
    };
    Ok(MachineCard {
        machine: machine.to_string(),
        title: declared.map_or_else(String::new, |machine| machine.name.clone()),
        state,
        on_lost: sessions::wire_policy(tx, controller, policy)?,
    })
}

/// The clock of a link: the registry's as its welcome told it to the controller, whatever was believed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkClock {
    stepped_ms: i64,
}

impl LinkClock {
    /// An instant in the Unix seconds of this clock.
    #[must_use]
    pub fn seconds(self, at: Time) -> u64 {
        at.plus_millis(self.stepped_ms.saturating_neg()).unix_seconds()
    }
}

/// What the door says of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entrance {
    /// It is new: what it asks for may be done. Instants are told to its sender by this clock.
    New(LinkClock),
    /// Its counter was seen before.
    Seen,
    /// Its link is unknown or over, or its sender is not trusted: it is dropped in silence.
    Dropped,
}

/// Lets a message in that carries a link: marks its counter, takes up its link if that was pending.
///
/// In the plain profile a device may leave out link and counter; replay protection is then the channel's.
///
/// # Errors
/// When the store fails.
pub fn enter(tx: &mut Tx<'_>, sender: &Sender, link: Option<Link>, n: Option<u64>) -> Result<Entrance, FlowError> {
    let controller = &sender.controller;
    let Some(link) = link else {
        return Ok(match sender.profile {
            Profile::Plain => {
                greet_again(tx, controller)?;
                Entrance::New(LinkClock::default())
            }
            Profile::Sealed => Entrance::Dropped,
        });
    };
    let Some(mut row) = tx.link(controller, link)? else {
        return Ok(Entrance::Dropped);
    };
    match n {
        Some(n) if !row.window.accept(n) => return Ok(Entrance::Seen),
        None if sender.profile == Profile::Sealed => return Ok(Entrance::Dropped),
        Some(_) | None => {}
    }
    tx.mark_link(controller, &row)?;
    if row.state == LinkState::Pending {
        take_up(tx, controller, &row)?;
    }
    greet_again(tx, controller)?;
    Ok(Entrance::New(LinkClock { stepped_ms: row.stepped_ms }))
}

/// Makes a pending link the current one: sessions that its hello did not name are closed, open orders are sent.
fn take_up(tx: &mut Tx<'_>, controller: &ControllerId, row: &LinkRow) -> Result<(), FlowError> {
    tx.take_up_link(controller, row.number)?;
    for session in tx.open_sessions_through(controller)? {
        if !row.running.contains(&session.session) {
            let why = session.stop_why.clone().unwrap_or_else(|| "not_running".to_owned());
            sessions::close(tx, &session, &why)?;
        }
    }
    tx.hasten_orders(controller)?;
    Ok(())
}

/// A controller that had fallen silent speaks: its machines no longer show it.
fn greet_again(tx: &mut Tx<'_>, controller: &ControllerId) -> Result<(), FlowError> {
    if tx.speaks(controller)? {
        touch_machines(tx, controller)?;
    }
    Ok(())
}

/// Notes what `up/alive` says, for people; never for a decision.
///
/// # Errors
/// When the store fails.
pub fn note_presence(tx: &mut Tx<'_>, controller: &ControllerId, online: bool) -> Result<(), FlowError> {
    if network(tx)?.controllers.contains_key(controller) {
        tx.saw_connection(controller, online)?;
        touch_machines(tx, controller)?;
    }
    Ok(())
}

/// Has everybody look again at a controller's machines.
pub(super) fn touch_machines(tx: &mut Tx<'_>, controller: &ControllerId) -> Result<(), FlowError> {
    let served = network(tx)?.controllers.get(controller).map(|it| it.machines.clone()).unwrap_or_default();
    for machine in served {
        tx.touch(Touched::Machine(machine));
    }
    Ok(())
}
