//! Incidents: what they are about, who was there, what was noted, and until when they hold what is around them.

use tremen_rules::{MachineId, PersonId, Span, Time};

use super::tx::{Row, StoreError, Tx};
use crate::params;

/// So much before and after the time of an incident belongs to it: one day, in milliseconds.
pub const AROUND_MS: i64 = 86_400_000;

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentRow {
    /// Its number.
    pub incident: i64,
    /// On which machine.
    pub machine: MachineId,
    /// When it happened, as far as is known.
    pub span: Span,
    /// When it was opened.
    pub opened_at: Time,
    /// Who opened it; none: the operator.
    pub opened_by: Option<PersonId>,
    /// The journal entry that tells of its opening.
    pub entry: i64,
    /// What happened, as it was opened.
    pub why: String,
    /// When it was closed.
    pub closed_at: Option<Time>,
    /// What came of it.
    pub outcome: Option<String>,
    /// Until when it holds; none while it is open.
    pub keep_until: Option<Time>,
}

impl IncidentRow {
    /// Whether it holds what is around it at an instant.
    #[must_use]
    pub fn holds(&self, now: Time) -> bool {
        self.keep_until.is_none_or(|until| now < until)
    }

    /// Its time with what is around it.
    #[must_use]
    pub fn around(&self) -> Span {
        Span::new(self.span.from.plus_millis(-AROUND_MS), Some(self.span.end().plus_millis(AROUND_MS)))
    }
}

/// Something that was noted of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteRow {
    /// When.
    pub at: Time,
    /// By whom; none: the operator.
    pub by: Option<PersonId>,
    /// What.
    pub text: String,
}

const INCIDENT: &str = "SELECT incident, machine, since, until, opened_at, opened_by, entry, why, closed_at, outcome,
    keep_until FROM incidents";

fn read_incident(row: &Row<'_, '_>) -> Result<IncidentRow, StoreError> {
    Ok(IncidentRow {
        incident: row.get(0)?,
        machine: row.get(1)?,
        span: Span::new(row.get(2)?, row.get(3)?),
        opened_at: row.get(4)?,
        opened_by: row.get(5)?,
        entry: row.get(6)?,
        why: row.get(7)?,
        closed_at: row.get(8)?,
        outcome: row.get(9)?,
        keep_until: row.get(10)?,
    })
}

impl Tx<'_> {
    /// Opens an incident and tells its number. The journal entry that tells of it comes first, and names the machine.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn add_incident(
        &self,
        machine: &MachineId,
        span: Span,
        by: Option<&PersonId>,
        entry: i64,
        why: &str,
    ) -> Result<i64, StoreError> {
        self.query_one(
            "INSERT INTO incidents (machine, since, until, opened_at, opened_by, entry, why)
             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING incident",
            params![machine, span.from, span.end(), self.now(), by.cloned(), entry, why],
            |row| row.get(0),
        )?
        .ok_or_else(|| StoreError::Engine("an inserted incident has no number".to_owned()))
    }

    /// Notes that somebody was there; twice is once.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn add_incident_person(&self, incident: i64, person: &PersonId) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO incident_people (incident, person) VALUES ($1, $2) ON CONFLICT (incident, person) DO NOTHING",
            params![incident, person],
        )?;
        Ok(())
    }

    /// Notes something of an incident.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn add_incident_note(&self, incident: i64, by: Option<&PersonId>, text: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO incident_notes (incident, at, by, text) VALUES ($1, $2, $3, $4)",
            params![incident, self.now(), by.cloned(), text],
        )?;
        Ok(())
    }

    /// Closes an incident; false when it is closed already.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn close_incident(&self, incident: i64, outcome: &str, keep_until: Time) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE incidents SET closed_at = $1, outcome = $2, keep_until = $3
             WHERE incident = $4 AND closed_at IS NULL",
            params![self.now(), outcome, keep_until, incident],
        )?;
        Ok(changed == 1)
    }

    /// One incident.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn incident(&self, incident: i64) -> Result<Option<IncidentRow>, StoreError> {
        self.query_one(&format!("{INCIDENT} WHERE incident = $1"), params![incident], read_incident)
    }

    /// All incidents, the newest first. There are few: each is somebody's bad day.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn incidents(&self) -> Result<Vec<IncidentRow>, StoreError> {
        self.query(&format!("{INCIDENT} ORDER BY since DESC, incident DESC"), params![], read_incident)
    }

    /// The incidents that hold what is around them now, the oldest first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn holding_incidents(&self) -> Result<Vec<IncidentRow>, StoreError> {
        let sql = format!("{INCIDENT} WHERE keep_until IS NULL OR keep_until > $1 ORDER BY incident");
        self.query(&sql, params![self.now()], read_incident)
    }

    /// Who is named as having been there.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn people_named_in(&self, incident: i64) -> Result<Vec<PersonId>, StoreError> {
        self.query("SELECT person FROM incident_people WHERE incident = $1 ORDER BY person", params![incident], |row| {
            row.get(0)
        })
    }

    /// Everybody whose facts an incident needs: who tapped at the machine or used it around that time, who is named, and
    /// who taught these people or showed them a machine.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn people_of_incident(&self, incident: &IncidentRow) -> Result<Vec<PersonId>, StoreError> {
        let around = incident.around();
        self.query(
            "WITH there AS (
                 SELECT person FROM decisions WHERE machine = $1 AND at >= $2 AND at < $3 AND person IS NOT NULL
                 UNION SELECT person FROM sessions
                     WHERE machine = $1 AND opened_at < $3 AND (ended_at IS NULL OR ended_at >= $2)
                 UNION SELECT person FROM incident_people WHERE incident = $4)
             SELECT person FROM there
             UNION SELECT a.awarded_by FROM awards a JOIN there t ON t.person = a.person
                 WHERE a.awarded_by IS NOT NULL
             UNION SELECT h.by FROM handovers h JOIN there t ON t.person = h.person WHERE h.by IS NOT NULL
             ORDER BY 1",
            params![incident.machine, around.from, around.end(), incident.incident],
            |row| row.get(0),
        )
    }

    /// What was noted of an incident, the oldest first.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn incident_notes(&self, incident: i64) -> Result<Vec<NoteRow>, StoreError> {
        self.query(
            "SELECT at, by, text FROM incident_notes WHERE incident = $1 ORDER BY at, note",
            params![incident],
            |row| Ok(NoteRow { at: row.get(0)?, by: row.get(1)?, text: row.get(2)? }),
        )
    }
}
