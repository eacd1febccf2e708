//! Without the registry: the signed list, and the uses that it opened (the Tremen wire, "Offline list").
//!
//! Start with [`Controller::without_registry`]. The list is used only for a tap that could not be asked or was not
//! answered, only with a clock known since boot, and never for a locked machine.

use tremen_wire::{Allowlist, EntryTag, Intent, Reading, StopPolicy};

use crate::Controller;
use crate::asking::Tap;
use crate::io::{Output, TapResult};
use crate::session::{Right, Session, Terms};
use crate::settings::OfflineUse;
use crate::time::Instant;
use crate::turn::Turn;

/// The list is not used any more while so many uses wait to be reported.
const MAX_UNREPORTED: usize = 256;

impl Controller {
    /// Takes the offline list, if it is the network's own and no older than the last one seen.
    pub(crate) fn take_list(&mut self, bytes: &[u8], turn: &mut Turn<'_>) {
        let Some(key) = &self.settings.list_key else { return };
        let Ok(list) = Allowlist::verify(bytes, &self.settings.id, key) else { return };
        if list.version < self.remembered.list_version {
            return;
        }
        if list.version > self.remembered.list_version {
            self.remembered.list_version = list.version;
            turn.out.push(Output::Remember(self.remembered.clone()));
        }
        self.list = Some(list);
    }

    /// The offline policy for a tap that the registry did not answer.
    pub(crate) fn without_registry(&mut self, name: &str, tap: &Tap, turn: &mut Turn<'_>) -> TapResult {
        let Some((entry, ends)) = self.listed(name, &tap.reading, turn.now) else { return TapResult::Unreachable };
        let free = self.machines.get(name).is_some_and(|machine| machine.session.is_none() && machine.relay.at_rest());
        match tap.intent {
            Intent::Use | Intent::Toggle if free => self.open_by_list(name, entry, ends, turn),
            Intent::Use | Intent::Toggle | Intent::End | Intent::Supervise | Intent::Induct => TapResult::Unreachable,
        }
    }

    /// Ends a use by the list, if the same card asks for it; the registry, which knows nothing of it, is not asked.
    pub(crate) fn ends_list_use(&mut self, name: &str, reading: &Reading, intent: Intent) -> bool {
        let ends = matches!(intent, Intent::Toggle | Intent::End);
        let Some(session) = self.machines.get_mut(name).and_then(|machine| machine.session.as_mut()) else {
            return false;
        };
        let (Right::Listed { entry, salt, .. }, Reading::Uid(uid)) = (session.right, reading) else { return false };
        if !ends || Allowlist::tag(&salt, uid) != entry {
            return false;
        }
        session.stop(StopPolicy::Immediate, self.latest, false);
        true
    }

    /// The list's tag for a reading, and until when it opens the machine, if it does now.
    fn listed(&self, name: &str, reading: &Reading, now: Instant) -> Option<(EntryTag, Instant)> {
        let (list, clock) = (self.list.as_ref()?, self.clock?);
        let Reading::Uid(uid) = reading else { return None };
        if list.version < self.remembered.list_version {
            return None;
        }
        let machine = list.machines.get(name)?;
        let entry = Allowlist::tag(&list.salt, uid);
        let (_, until_s) = machine.people.iter().find(|(tag, _)| *tag == entry)?;
        // A clock behind the list's making is wrong, and would keep the list alive for too long.
        let now_s = clock.now_s(now);
        let (_, closes_s) = machine.opening.iter().find(|(from, to)| (*from..*to).contains(&now_s))?;
        let ends = clock.instant_of(*until_s.min(closes_s).min(&list.not_after_s));
        (list.issued_s <= now_s && now < ends).then_some((entry, ends))
    }

    fn open_by_list(&mut self, name: &str, entry: EntryTag, ends: Instant, turn: &mut Turn<'_>) -> TapResult {
        let (Some(clock), Some(list)) = (self.clock, &self.list) else { return TapResult::Unreachable };
        let (at_s, salt) = (clock.now_s(turn.now), list.salt);
        let unreported = self.remembered.offline_uses.len();
        let locked = self.remembered.locked.contains(name);
        let Some(machine) = self.machines.get_mut(name) else { return TapResult::Unreachable };
        if locked || unreported >= MAX_UNREPORTED {
            return TapResult::Unreachable;
        }
        let terms = Terms::listed(turn.now, ends, machine.on_lost);
        machine.session = Some(Session::open(Right::Listed { entry, salt, at_s }, terms, turn.now));
        // Remembered first: a power cut may not make a use unsaid.
        self.remembered.offline_uses.push(OfflineUse { machine: name.into(), entry, at_s, used_s: 0 });
        turn.out.push(Output::Remember(self.remembered.clone()));
        machine.relay.close(name, turn);
        TapResult::OpenedByList
    }

    /// A use by the list has ended: it is reported as soon as there is contact.
    pub(crate) fn list_use_ended(&mut self, name: &str, entry: EntryTag, at_s: u64, used_s: u64, turn: &mut Turn<'_>) {
        let ended = OfflineUse { machine: name.into(), entry, at_s, used_s };
        let unended = OfflineUse { used_s: 0, ..ended.clone() };
        if let Some(used) = self.remembered.offline_uses.iter_mut().find(|used| **used == unended) {
            *used = ended.clone();
        }
        turn.out.push(Output::Remember(self.remembered.clone()));
        self.debts.owe_offline_use(ended, turn.now);
    }

    /// The registry can be reached: what the list opened stops as if contact were lost, unless a grant takes it over.
    pub(crate) fn reached(&mut self, now: Instant) {
        let measures_load = self.measures_load();
        for machine in self.machines.values_mut() {
            if let Some(session) = machine.session.as_mut()
                && session.id().is_none()
            {
                session.stop(machine.on_lost, now, measures_load);
            }
        }
    }
}
