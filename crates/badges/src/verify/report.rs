//! What a verification tells: its checks, what the badge says of itself, and the endorsements that it carries.

use serde_json::Value;
use tremen_rules::Time;

use super::check::{Check, Verdict};
use crate::json::id_of;

/// How many endorsements of one badge are looked at.
const MAX_ENDORSEMENTS: usize = 8;

/// Which kind of badge it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 3.0 with a Data Integrity proof.
    V3,
    /// 3.0 as a signed token (VC-JWT).
    V3Jwt,
    /// 2.0, hosted.
    V2Hosted,
    /// 2.0, signed.
    V2Signed,
    /// 1.0 or 1.1.
    V1,
    /// 0.5.
    V05,
}

impl Version {
    /// The version and its form, in English.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::V3 => "Open Badges 3.0",
            Self::V3Jwt => "Open Badges 3.0, as a token",
            Self::V2Hosted => "Open Badges 2.0, hosted",
            Self::V2Signed => "Open Badges 2.0, signed",
            Self::V1 => "Open Badges 1.x",
            Self::V05 => "Open Badges 0.5",
        }
    }
}

/// What a badge says of itself. Worth something only with the verdict beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// Its id.
    pub id: Option<String>,
    /// Its issuer's exact id.
    pub issuer: Option<String>,
    /// Its issuer's name.
    pub issuer_name: Option<String>,
    /// Its class's exact id.
    pub class: Option<String>,
    /// Its class's name.
    pub name: Option<String>,
    /// The id of the level achieved.
    pub level: Option<String>,
    /// The level's name, as the class says it.
    pub level_name: Option<String>,
    /// When it was awarded.
    pub awarded_at: Option<Time>,
    /// Its end.
    pub valid_until: Option<Time>,
}

/// What an endorsement inside is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The award itself.
    Award,
    /// Its class.
    Class,
    /// Its issuer.
    Issuer,
}

impl About {
    /// What it is about, in English.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Award => "the award",
            Self::Class => "the class",
            Self::Issuer => "the issuer",
        }
    }
}

/// An endorsement inside a badge, verified on its own. A bad one never refuses the badge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndorsementReport {
    /// What carries it.
    pub about: About,
    /// Its id.
    pub id: Option<String>,
    /// Who endorses.
    pub issuer: Option<String>,
    /// Whether it stands.
    pub verdict: Verdict,
    /// Its checks.
    pub checks: Vec<Check>,
}

impl EndorsementReport {
    /// The report on an endorsement with these checks.
    pub(super) fn of(about: About, endorsement: &Value, checks: Vec<Check>) -> Self {
        let id = |name: &str| endorsement.get(name).and_then(id_of).map(str::to_owned);
        Self { about, id: id("id"), issuer: id("issuer"), verdict: Verdict::of(&checks), checks }
    }
}

/// The endorsements that a badge carries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endorsements {
    /// Those that were looked at, at most eight.
    pub seen: Vec<EndorsementReport>,
    /// How many more there are: each would cost whoever verifies several fetches.
    pub unseen: usize,
}

impl Endorsements {
    /// Reports on the first eight.
    pub(super) fn of<T>(mut carried: impl Iterator<Item = T>, report: impl Fn(T) -> EndorsementReport) -> Self {
        let seen = carried.by_ref().take(MAX_ENDORSEMENTS).map(report).collect();
        Self { seen, unseen: carried.count() }
    }
}

/// All that a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which kind of badge it is, where that could be told.
    pub version: Option<Version>,
    /// What the checks come to.
    pub verdict: Verdict,
    /// Every check, in order.
    pub checks: Vec<Check>,
    /// The endorsements that it carries.
    pub endorsements: Endorsements,
    /// What the badge says of itself.
    pub claims: Claims,
}

impl Report {
    pub(super) fn of(version: Option<Version>, checks: Vec<Check>, claims: Claims) -> Self {
        Self { version, verdict: Verdict::of(&checks), checks, endorsements: Endorsements::default(), claims }
    }
}
