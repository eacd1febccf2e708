//! What the public sees of each machine on the broker: retained, without personal data, sent when it changes.

use std::collections::{BTreeMap, BTreeSet};

use tremen_rules::{MachineId, VenueId};
use tremen_wire::{MachineState, PublicState, machine_state_topic};

use super::client::Client;
use super::news;
use crate::flows::network;
use crate::store::{MachineNow, Store, StoreError, Touched};

/// What the broker was last told of a machine.
#[derive(PartialEq, Eq)]
struct Shown {
    venue: VenueId,
    state: PublicState,
    since: Option<u64>,
}

/// Publishes every machine's state at first, and each that changes.
pub(super) async fn run(store: Store, client: Client) {
    let mut touched = store.touched();
    let mut connected = client.connected();
    let mut shown: BTreeMap<MachineId, Shown> = BTreeMap::new();
    let mut which: Option<BTreeSet<MachineId>> = None; // none: all
    loop {
        let asked = which.take();
        match read(&store, asked.clone()).await {
            Ok(machines) => {
                let gone = |id: &MachineId, it: &Shown| {
                    let here = machines.iter().any(|(venue, now, _)| now.machine == *id && *venue == it.venue);
                    !here && asked.as_ref().is_none_or(|asked| asked.contains(id))
                };
                shown.retain(|id, it| {
                    let is_gone = gone(id, it);
                    if is_gone {
                        // An empty retained message takes the old one away.
                        client.publish(&machine_state_topic(it.venue.as_str(), id.as_str()), Vec::new(), true);
                    }
                    !is_gone
                });
                for (venue, now, at_s) in machines {
                    let (state, since) = state_of(&now);
                    let fresh = Shown { venue: venue.clone(), state, since };
                    if shown.get(&now.machine) == Some(&fresh) {
                        continue;
                    }
                    let message = MachineState { state, since_s: since.unwrap_or(at_s) };
                    let topic = machine_state_topic(venue.as_str(), now.machine.as_str());
                    client.publish(&topic, message.to_json().into(), true);
                    shown.insert(now.machine, fresh);
                }
            }
            Err(error) => tracing::error!(%error, "the machines' states could not be read"),
        }
        loop {
            tokio::select! {
                changed = connected.changed() => {
                    if changed.is_err() { return; }
                    if *connected.borrow() {
                        shown.clear(); // a broker that is new to us may have kept nothing, or old states
                        break;
                    }
                }
                news = news(&mut touched) => {
                    let Some(news) = news else { return };
                    let all = news.contains(&Touched::Network) || news.contains(&Touched::Everything);
                    let machines: BTreeSet<_> = news.into_iter().filter_map(machine_of).collect();
                    if all || !machines.is_empty() {
                        which = (!all).then_some(machines);
                        break;
                    }
                }
            }
        }
    }
}

fn machine_of(what: Touched) -> Option<MachineId> {
    match what {
        Touched::Machine(machine) => Some(machine),
        Touched::Answer(_)
        | Touched::Orders(_)
        | Touched::Sessions
        | Touched::Network
        | Touched::Credentials(_)
        | Touched::Everything => None,
    }
}

async fn read(
    store: &Store,
    which: Option<BTreeSet<MachineId>>,
) -> Result<Vec<(VenueId, MachineNow, u64)>, StoreError> {
    store
        .read(move |tx| {
            let network = network(tx)?;
            let wanted = network
                .machines
                .values()
                .filter(|machine| which.as_ref().is_none_or(|which| which.contains(&machine.id)));
            let mut states = Vec::new();
            for machine in wanted {
                let serving = network.controllers.values().find(|it| it.machines.contains(&machine.id));
                let now = tx.machine_now(&machine.id, serving.map(|controller| &controller.id))?;
                states.push((machine.venue.clone(), now, tx.now().unix_seconds()));
            }
            Ok(states)
        })
        .await
}

/// A machine's public state, and since when it has it, where that is known.
pub(crate) fn state_of(now: &MachineNow) -> (PublicState, Option<u64>) {
    if let Some(lock) = &now.lock {
        (PublicState::Locked, Some(lock.span.from.unix_seconds()))
    } else if let Some(session) = &now.session {
        (PublicState::InUse, Some(session.opened_at.unix_seconds()))
    } else if let Some(silent) = now.silent_since {
        (PublicState::Silent, Some(silent.unix_seconds()))
    } else {
        (PublicState::Free, None)
    }
}
