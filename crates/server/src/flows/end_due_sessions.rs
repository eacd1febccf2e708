//! Ends what ends by itself: rights at their instant, longest sessions, idle machines, leases without a word.

use serde_json::json;
use tremen_rules::Time;

use super::sessions::{self, Standing};
use super::{FlowError, Stopped, link_controller, network};
use crate::store::{SessionRow, Tx};

/// What was done, and when to look again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ended {
    /// Sessions that were told to stop.
    pub stopped: Vec<Stopped>,
    /// When the next session is due.
    pub next: Option<Time>,
}

/// Looks at every session that is due by now.
///
/// # Errors
/// When the store fails.
pub fn run(tx: &mut Tx<'_>) -> Result<Ended, FlowError> {
    let mut stopped = Vec::new();
    for mut session in tx.due_sessions()? {
        if session.lease_until.plus_millis(crate::store::SILENCE_MS) <= tx.now() {
            tx.fell_silent(&session.controller)?;
            link_controller::touch_machines(tx, &session.controller)?; // it is silent at all of them
            let why = session.stop_why.clone().unwrap_or_else(|| "silent".to_owned());
            sessions::close(tx, &session, &why)?;
        } else if session.stop_order.is_none() {
            stopped.extend(end_right(tx, &mut session)?);
        }
    }
    Ok(Ended { stopped, next: tx.next_due()? })
}

fn end_right(tx: &mut Tx<'_>, session: &mut SessionRow) -> Result<Option<Stopped>, FlowError> {
    let now = tx.now();
    session.hard_end = sessions::hard_end(&*network(tx)?, session);
    let idle_end = sessions::idle_end(&*network(tx)?, session);
    let passed = |end: Option<Time>| end.is_some_and(|end| end <= now);
    let why = if passed(session.hard_end) {
        "max_session".to_owned()
    } else if passed(idle_end) {
        "idle".to_owned()
    } else {
        match sessions::standing(tx, session)? {
            Standing::Refused(reason) => reason.code().to_owned(),
            Standing::Until(end) => {
                (session.right_end, session.right_why) = end.unzip();
                tx.keep_session(session, idle_end)?;
                return Ok(None);
            }
        }
    };
    let entry = tx.record(
        "right_ended",
        &json!({ "session": session.session.to_string(), "machine": session.machine, "person": session.person,
                 "why": why, "by": "registry" }),
    )?;
    sessions::stop(tx, session, &why, entry).map(Some)
}
