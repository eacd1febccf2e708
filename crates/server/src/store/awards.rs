//! Awards and their suspensions. A renewal is a new award that supersedes; nothing is edited.

use tremen_rules::{Award, AwardId, IssuerId, Level, PersonId, ReferenceId, Span, Time};

use super::tx::{Row, StoreError, Tx};
use crate::params;

/// An award and what belongs to it besides what decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAward {
    /// Whose.
    pub person: PersonId,
    /// What decides; without its suspensions, which [`Tx::suspensions_of`] tells.
    pub award: Award,
    /// Whether whoever made it named it.
    pub given_id: bool,
    /// Who made it.
    pub awarded_by: Option<PersonId>,
    /// Which award it supersedes.
    pub supersedes: Option<AwardId>,
    /// Why it was revoked, or as imported.
    pub why: Option<String>,
}

/// An award to be made. The caller has asked `rules` whether it may be.
pub type NewAward = StoredAward;

/// One suspension of an award, as it was made and as it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuspensionRow {
    /// As it was made.
    pub span: Span,
    /// When it was ended before its time.
    pub ended_at: Option<Time>,
    /// Why.
    pub why: Option<String>,
}

impl SuspensionRow {
    /// When the award is in fact suspended.
    #[must_use]
    pub fn effective(&self) -> Span {
        Span::new(self.span.from, ended(self.span.until, self.ended_at))
    }
}

/// The earlier of two ends.
pub(super) fn ended(until: Option<Time>, ended_at: Option<Time>) -> Option<Time> {
    match (until, ended_at) {
        (Some(until), Some(ended_at)) => Some(until.min(ended_at)),
        (until, ended_at) => until.or(ended_at),
    }
}

/// Awards that are facts: those of a large import count from its activation on, and before it for nobody.
macro_rules! counts {
    ($awards:literal) => {
        concat!(
            "(",
            $awards,
            ".import IS NULL OR EXISTS (SELECT 1 FROM imports i WHERE i.import = ",
            $awards,
            ".import AND i.activated_at IS NOT NULL))"
        )
    };
}
pub(super) use counts;

const AWARD: &str = concat!(
    "SELECT person, award, given_id, reference, version, level, issuer, issued_at, valid_until, awarded_by,
    supersedes, superseded_at, revoked_at, why FROM awards WHERE ",
    counts!("awards")
);

fn read_award(row: &Row<'_, '_>) -> Result<StoredAward, StoreError> {
    Ok(StoredAward {
        person: row.get(0)?,
        award: Award {
            id: row.get(1)?,
            reference: row.get(3)?,
            version: row.get(4)?,
            level: level(row.get(5)?)?,
            issuer: row.get(6)?,
            issued_at: row.get(7)?,
            valid_until: row.get(8)?,
            superseded_at: row.get(11)?,
            revoked_at: row.get(12)?,
            suspensions: Vec::new(),
        },
        given_id: row.get(2)?,
        awarded_by: row.get(9)?,
        supersedes: row.get(10)?,
        why: row.get(13)?,
    })
}

pub(super) fn level(number: u32) -> Result<Level, StoreError> {
    Level::try_from(number).map_err(|error| StoreError::Unreadable(error.to_string()))
}

impl Tx<'_> {
    /// The award with this id, with its suspensions.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn award(&self, award: &AwardId) -> Result<Option<StoredAward>, StoreError> {
        let found = self.query_one(&format!("{AWARD} AND award = $1"), params![award], read_award)?;
        found.map(|award| self.with_suspensions(award)).transpose()
    }

    /// The awards of a person with their suspensions, the oldest first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn awards_of(&self, person: &PersonId) -> Result<Vec<StoredAward>, StoreError> {
        self.query(&format!("{AWARD} AND person = $1 ORDER BY issued_at, award"), params![person], read_award)?
            .into_iter()
            .map(|award| self.with_suspensions(award))
            .collect()
    }

    /// Awards by id, after one, with their suspensions.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn awards_after(&self, award: &str, limit: u32) -> Result<Vec<StoredAward>, StoreError> {
        self.query(&format!("{AWARD} AND award > $1 ORDER BY award LIMIT $2"), params![award, limit], read_award)?
            .into_iter()
            .map(|award| self.with_suspensions(award))
            .collect()
    }

    fn with_suspensions(&self, mut award: StoredAward) -> Result<StoredAward, StoreError> {
        let suspensions = self.suspensions_of(&award.award.id)?;
        award.award.suspensions = suspensions.iter().map(SuspensionRow::effective).collect();
        Ok(award)
    }

    /// The award that a person was given for this at this instant: what names an award that has no id of its own.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn award_like(&self, person: &PersonId, like: &Award) -> Result<Option<StoredAward>, StoreError> {
        let found = self.query_one(
            &format!(
                "{AWARD} AND person = $1 AND reference = $2 AND version = $3 AND level = $4 AND issuer = $5
                 AND issued_at = $6 AND given_id = 0"
            ),
            params![person, like.reference, like.version, like.level.number(), like.issuer, like.issued_at],
            read_award,
        )?;
        found.map(|award| self.with_suspensions(award)).transpose()
    }

    /// Makes an award; if it supersedes one, that one counts for nothing from its `issued_at` on. Tells the numbers of its
    /// suspensions.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn add_award(&self, new: &NewAward) -> Result<Vec<i64>, StoreError> {
        self.insert_award(new, None)
    }

    /// Makes an award that counts from the activation of its import on, and tells the numbers of its suspensions.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn stage_award(&self, new: &NewAward, import: i64) -> Result<Vec<i64>, StoreError> {
        self.insert_award(new, Some(import))
    }

    fn insert_award(&self, new: &NewAward, import: Option<i64>) -> Result<Vec<i64>, StoreError> {
        let award = &new.award;
        self.execute(
            "INSERT INTO awards (person, award, given_id, reference, version, level, issuer, issued_at, valid_until,
                 awarded_by, supersedes, revoked_at, why, import)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            params![
                new.person,
                award.id,
                new.given_id,
                award.reference,
                award.version,
                award.level.number(),
                award.issuer,
                award.issued_at,
                award.valid_until,
                new.awarded_by,
                new.supersedes,
                award.revoked_at,
                new.why,
                import
            ],
        )?;
        if let Some(superseded) = &new.supersedes {
            self.execute(
                "UPDATE awards SET superseded_at = $1 WHERE award = $2 AND superseded_at IS NULL",
                params![award.issued_at, superseded],
            )?;
        }
        award.suspensions.iter().map(|span| self.add_suspension(&award.id, *span, new.why.as_deref())).collect()
    }

    /// Revokes an award from an instant on; false when it is revoked already.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn revoke_award(&self, award: &AwardId, at: Time, why: Option<&str>) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE awards SET revoked_at = $1, why = $2 WHERE award = $3 AND revoked_at IS NULL",
            params![at, why, award],
        )?;
        Ok(changed == 1)
    }

    /// Suspends an award, and tells the suspension's number.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn add_suspension(&self, award: &AwardId, span: Span, why: Option<&str>) -> Result<i64, StoreError> {
        self.insert_numbered(
            "INSERT INTO suspensions (award, since, until, why) VALUES ($1, $2, $3, $4)",
            params![award, span.from, span.until, why],
        )
    }

    /// Ends now the suspensions of an award that are not over; tells their numbers.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn end_suspensions(&self, award: &AwardId) -> Result<Vec<i64>, StoreError> {
        self.query(
            "UPDATE suspensions SET ended_at = $1
             WHERE award = $2 AND ended_at IS NULL AND (until IS NULL OR until > $1)
             RETURNING suspension",
            params![self.now(), award],
            |row| row.get(0),
        )
    }

    /// The suspensions of an award, the oldest first.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn suspensions_of(&self, award: &AwardId) -> Result<Vec<SuspensionRow>, StoreError> {
        self.query(
            "SELECT since, until, ended_at, why FROM suspensions WHERE award = $1 ORDER BY since, suspension",
            params![award],
            |row| {
                Ok(SuspensionRow { span: Span::new(row.get(0)?, row.get(1)?), ended_at: row.get(2)?, why: row.get(3)? })
            },
        )
    }

    /// The newest award of a person for a reference by an issuer that no other supersedes: what a renewal renews.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn renewable_award(
        &self,
        person: &PersonId,
        reference: &ReferenceId,
        issuer: &IssuerId,
    ) -> Result<Option<StoredAward>, StoreError> {
        self.query_one(
            &format!(
                "{AWARD} AND person = $1 AND reference = $2 AND issuer = $3 AND superseded_at IS NULL
                 ORDER BY issued_at DESC, award DESC LIMIT 1"
            ),
            params![person, reference, issuer],
            read_award,
        )
    }
}
