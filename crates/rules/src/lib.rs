//! The domain of Tremen: people, references, awards, the venues' rules, and [`decide()`].
//!
//! Start reading at [`decide()`], then [`Dossier`] (what a decision rests on) and [`Network`] (the rules in force).
//! Nothing here reads a clock, a file, a database or a random number: time is a parameter, facts are given.

mod act;
pub mod authority;
pub mod awarding;
pub mod counting;
pub mod decide;
pub mod decision;
pub mod dossier;
pub mod end_of_grant;
pub mod flaws;
pub mod hours;
pub mod ids;
pub mod months;
pub mod network;
mod question;
pub mod remedies;
pub mod time;
pub mod zone;

pub use counting::counting_level;
pub use decide::{decide, may_supervise};
pub use decision::{Decision, DenialReason, Grant, Objection, Reasons};
pub use dossier::{Assurance, Award, CardFacts, Dossier, Level, PersonFacts, ReadingFacts, Restriction, Scope};
pub use end_of_grant::{end_of_grant, session_is_refused};
pub use ids::{AwardId, CardId, ControllerId, IssuerId, MachineId, PersonId, ReferenceId, VenueId};
pub use network::Network;
pub use remedies::what_would_grant;
pub use time::{Span, Time};
