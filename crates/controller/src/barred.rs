//! Sessions that no waiting answer may open any more (the Tremen wire, "Orders" and "Sessions and leases").
//!
//! Start with [`Barred::bar`]. A grant can only come as the answer to a nonce that waits; so a session is barred until all
//! nonces that waited when it ended, or when its stop was refused, are forgotten, and not longer.

use alloc::collections::{BTreeMap, BTreeSet};

use tremen_wire::{Nonce, SessionId};

/// The barred sessions, each with the nonces whose answers might still name it.
#[derive(Debug, Default)]
pub(crate) struct Barred(BTreeMap<SessionId, BTreeSet<Nonce>>);

impl Barred {
    pub(crate) fn bar(&mut self, session: SessionId, waiting: BTreeSet<Nonce>) {
        if !waiting.is_empty() {
            self.0.entry(session).or_default().extend(waiting);
        }
    }

    pub(crate) fn contains(&self, session: SessionId) -> bool {
        self.0.contains_key(&session)
    }

    pub(crate) fn forget(&mut self, nonce: Nonce) {
        self.0.retain(|_, waiting| {
            waiting.remove(&nonce);
            !waiting.is_empty()
        });
    }

    pub(crate) fn forget_all(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_barred_until_the_last_nonce_that_waited_is_forgotten() {
        let (session, first, second) = (SessionId([1; 8]), Nonce([1; 16]), Nonce([2; 16]));
        let mut barred = Barred::default();
        barred.bar(session, [first, second].into());
        barred.forget(first);
        assert!(barred.contains(session));
        barred.forget(second);
        assert!(!barred.contains(session));
    }

    #[test]
    fn nothing_is_barred_while_no_nonce_waits() {
        let mut barred = Barred::default();
        barred.bar(SessionId([1; 8]), BTreeSet::new());
        assert!(!barred.contains(SessionId([1; 8])));
    }
}
