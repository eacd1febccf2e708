//! What a controller is given: its settings, and what it remembered over a restart.
//!
//! Start with [`Settings`]. Nothing here changes by itself: the caller reads it from where it keeps it, and stores
//! [`Remembered`] whenever [`crate::Output::Remember`] says so.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use ed25519_dalek::VerifyingKey;
use tremen_wire::{Capability, ControllerId, EntryTag, Key, Protection};

/// How the channel with the registry is protected.
#[derive(Clone, Debug)]
pub enum Security {
    /// JSON over a channel that is trusted: TLS, password, the broker's rules.
    Plain,
    /// Every message sealed with this key; whatever comes unsealed is dropped, but for the signed list.
    Sealed(Key),
}

impl Security {
    pub(crate) fn protection(&self) -> Protection<'_> {
        match self {
            Self::Plain => Protection::Plain,
            Self::Sealed(key) => Protection::Sealed(key),
        }
    }
}

/// What does not change while a controller runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The controller's id, which is also its MQTT user name and client id.
    pub id: ControllerId,
    /// The registered profile, with the key where there is one.
    pub security: Security,
    /// Name and version, as the hello says them: at most 64 bytes.
    pub firmware: String,
    /// What this device can do. `load` makes `finish_job` possible; with `relay_feedback` the relay is where
    /// [`crate::Input::RelayIs`] says, without it where it was last commanded.
    pub capabilities: Vec<Capability>,
    /// The network's key, for the offline list; without it no list is ever used. The broker keeps the list; a device that
    /// keeps it too gives it back as a [`crate::Input::Message`] after its start.
    pub list_key: Option<VerifyingKey>,
    /// A machine that draws less than this is idle, in milliamperes.
    pub idle_below_ma: u64,
    /// What the display says when the registry can't be reached: at most 20 printable ASCII characters each.
    pub unreachable_lcd: [String; 2],
}

impl Settings {
    /// The settings of a simple device: no capabilities, no offline list, the usual texts.
    #[must_use]
    pub fn new(id: ControllerId, security: Security, firmware: &str) -> Self {
        Self {
            id,
            security,
            firmware: firmware.into(),
            capabilities: Vec::new(),
            list_key: None,
            idle_below_ma: 100,
            unreachable_lcd: ["Registre injoignable".into(), "Reessayez dans 1 min".into()],
        }
    }

    pub(crate) fn can(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }
}

/// What a controller keeps over restarts.
///
/// A device that loses it stays safe against all but an old unlock that is played to it again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// The highest order number received.
    pub last_order: u64,
    /// For each machine, the highest number of a lock or unlock that was done.
    pub lock_orders: BTreeMap<String, u64>,
    /// The machines that are locked: their relay never closes.
    pub locked: BTreeSet<String>,
    /// The highest version of the offline list that was seen.
    pub list_version: u64,
    /// Uses by the offline list that the registry has not noted yet.
    pub offline_uses: Vec<OfflineUse>,
}

/// One use of a machine by the offline list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineUse {
    /// The machine's id.
    pub machine: String,
    /// The list's tag that was used.
    pub entry: EntryTag,
    /// When it began, in Unix seconds.
    pub at_s: u64,
    /// Seconds under load, or with the relay closed; 0 until it has ended.
    pub used_s: u64,
}
