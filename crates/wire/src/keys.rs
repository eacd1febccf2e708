//! The table of keys of the Tremen wire, version 1: number, name and type of each. A number is never given to another
//! key; which message must have which key is said in that message's file.

use alloc::string::String;
use alloc::vec::Vec;

use crate::fields::Field;
use crate::{
    Action, Challenge, EntryTag, Event, Intent, Link, MachineCard, Nonce, Reading, SessionId, ShownState, StopPolicy,
    Verdict,
};

pub(crate) const LINK: Field<Link> = Field::new(1, "link");
pub(crate) const N: Field<u64> = Field::new(2, "n");
pub(crate) const CHALLENGE: Field<Challenge> = Field::new(3, "challenge");
pub(crate) const NONCE: Field<Nonce> = Field::new(4, "nonce");
pub(crate) const MACHINE: Field<String> = Field::new(5, "machine");
pub(crate) const READING: Field<Reading> = Field::new(6, "reading");
pub(crate) const INTENT: Field<Intent> = Field::new(7, "intent");
pub(crate) const VERDICT: Field<Verdict> = Field::new(8, "verdict");
pub(crate) const REASON: Field<String> = Field::new(9, "reason");
pub(crate) const REASONS: Field<Vec<String>> = Field::new(10, "reasons");
pub(crate) const LCD: Field<[String; 2]> = Field::checked(11, "lcd", |lines| lines.iter().all(|line| fits_lcd(line)));
pub(crate) const SESSION: Field<SessionId> = Field::new(12, "session");
pub(crate) const LEASE: Field<u64> = Field::new(13, "lease");
pub(crate) const UNTIL: Field<u64> = Field::new(14, "until");
pub(crate) const ON_LOST: Field<StopPolicy> = Field::new(15, "on_lost");
pub(crate) const ORDER: Field<u64> = Field::new(16, "order");
pub(crate) const ACTION: Field<Action> = Field::new(17, "action");
pub(crate) const EVENT: Field<Event> = Field::new(18, "event");
pub(crate) const AT: Field<u64> = Field::new(19, "at");
pub(crate) const RELAY: Field<bool> = Field::new(20, "relay");
pub(crate) const LOAD: Field<u64> = Field::new(21, "load");
pub(crate) const USED: Field<u64> = Field::new(22, "used");
pub(crate) const FIRMWARE: Field<String> = Field::checked(23, "firmware", |text| text.len() <= 64);
/// As texts: a newer controller may name a capability that we do not know.
pub(crate) const CAPABILITIES: Field<Vec<String>> = Field::new(24, "capabilities");
pub(crate) const LAST_ORDER: Field<u64> = Field::new(25, "last_order");
pub(crate) const MACHINES: Field<Vec<MachineCard>> = Field::new(26, "machines");
pub(crate) const STOP: Field<StopPolicy> = Field::new(27, "stop");
pub(crate) const GRACEFUL: Field<u64> = Field::new(28, "graceful");
pub(crate) const TITLE: Field<String> = Field::new(29, "title");
pub(crate) const STATE: Field<ShownState> = Field::new(30, "state");
pub(crate) const DETAIL: Field<String> = Field::checked(31, "detail", |text| text.len() <= 200);
pub(crate) const ENTRY: Field<EntryTag> = Field::new(32, "entry");
pub(crate) const RUNNING: Field<Vec<SessionId>> = Field::new(33, "running");
pub(crate) const FINISH_JOB: Field<u64> = Field::new(34, "finish_job");

/// At most 20 characters of printable ASCII: what the cheapest display shows.
fn fits_lcd(line: &str) -> bool {
    line.len() <= 20 && line.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}
