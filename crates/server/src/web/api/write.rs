//! What a change answers: done, or what it would do. Start at [`Done`].

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use utoipa::ToSchema;

use super::page::told;
use crate::flows::{Effects, Preview, Stopped};

/// Why something is done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    /// Why; it is kept in the journal, and whoever it concerns may ask for it.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Changed {
    /// The number of its journal entry; its orders are at `/orders?entry=`. None where nothing had to be changed.
    pub entry: Option<i64>,
    /// The id of what was made, where something was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The running sessions that were told to stop.
    pub stopped: Vec<StoppedSession>,
}

/// A running session that is told to stop.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoppedSession {
    /// Which.
    pub session: String,
    /// On which machine.
    pub machine: String,
    /// Through which controller.
    pub controller: String,
    /// The number of its stop order.
    pub order: u64,
    /// Why, as a code.
    pub reason: String,
}

/// What a change would do; nothing was changed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WouldChange {
    /// Always true.
    pub preview: bool,
    /// The machines that the person could use before and not after.
    pub closed: Vec<String>,
    /// The machines that the person could use after and not before.
    pub opened: Vec<String>,
    /// The venues of those machines.
    pub venues: Vec<String>,
    /// The running sessions that would be told to stop.
    pub stopped: Vec<StoppedSession>,
}

/// What an endpoint did.
#[derive(Debug)]
pub(super) struct Done {
    /// What it did beside; none where it changed nothing.
    pub effects: Effects,
    /// What it answers.
    pub answer: Json,
    /// Where what it made is to be found, below the root.
    pub location: Option<String>,
}

impl Done {
    /// A change that made nothing with an address.
    pub(super) fn changed(effects: Effects) -> Self {
        Self::made(effects, None, None)
    }

    /// A change that made something of this id, found there.
    pub(super) fn made(effects: Effects, id: Option<String>, location: Option<String>) -> Self {
        let entry = (effects.entry != 0).then_some(effects.entry);
        let answer = told(&Changed { entry, id, stopped: stopped(&effects.stopped) });
        Self { effects, answer, location }
    }

    /// Something that is told and changed nothing.
    pub(super) fn told(answer: Json) -> Self {
        Self { effects: Effects::default(), answer, location: None }
    }
}

fn stopped(stopped: &[Stopped]) -> Vec<StoppedSession> {
    let one = |it: &Stopped| StoppedSession {
        session: it.session.to_string(),
        machine: it.machine.to_string(),
        controller: it.controller.to_string(),
        order: it.order,
        reason: it.reason.clone(),
    };
    stopped.iter().map(one).collect()
}

/// What a look says.
pub(super) fn would(look: &Preview) -> Json {
    let Preview { stopped: sessions, closed, opened, venues } = look;
    let ids = |machines: &[tremen_rules::MachineId]| machines.iter().map(ToString::to_string).collect();
    told(&WouldChange {
        preview: true,
        closed: ids(closed),
        opened: ids(opened),
        venues: venues.iter().map(ToString::to_string).collect(),
        stopped: stopped(sessions),
    })
}

/// An answer as it is kept for a repeat.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reply {
    pub status: u16,
    pub location: Option<String>,
    pub body: Json,
}

impl Reply {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        json!({ "status": self.status, "location": self.location, "body": self.body }).to_string().into_bytes()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let kept: Json = serde_json::from_slice(bytes).ok()?;
        Some(Self {
            status: kept.get("status")?.as_u64().and_then(|status| u16::try_from(status).ok())?,
            location: kept.get("location")?.as_str().map(str::to_owned),
            body: kept.get("body")?.clone(),
        })
    }
}
