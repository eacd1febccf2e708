//! Rows that are held to the journal: which tables, named by which key, with which columns. What an entry claims of them is
//! for the flows to say. Start at [`HELD`].

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::tx::{Row, StoreError, Tx, Value};
use crate::keys::hex;

/// A table whose rows stand on entries.
#[derive(Debug)]
pub struct HeldTable {
    /// Its name.
    pub name: &'static str,
    /// What one of its rows is called.
    pub noun: &'static str,
    /// The columns that name a row.
    pub key: &'static [&'static str],
    /// The other columns that an entry claims, each with how it is read.
    pub columns: &'static [(&'static str, &'static str)],
    /// Whose a row is, as SQL.
    owner: &'static str,
    /// The condition under which a row still says what its entry said: retention lets go of the rest of it, and the row stays.
    while_told: Option<&'static str>,
}

impl HeldTable {
    /// Whether a row of it stays where retention has let it go.
    #[must_use]
    pub const fn outlasts(&self) -> bool {
        self.while_told.is_some()
    }
}

macro_rules! columns {
    ($($name:literal $(= $sql:literal)?),*) => { &[$(($name, columns!(@ $name $($sql)?))),*] };
    (@ $name:literal) => { $name };
    (@ $name:literal $sql:literal) => { $sql };
}

/// All tables that are held.
pub const HELD: [HeldTable; 10] = [
    HeldTable {
        name: "awards",
        noun: "award",
        key: &["award"],
        columns: columns![
            "person",
            "given_id",
            "reference",
            "version",
            "level",
            "issuer",
            "issued_at",
            "valid_until",
            "awarded_by",
            "supersedes",
            "superseded_at",
            "revoked_at",
            "why",
            "import"
        ],
        owner: "person",
        while_told: None,
    },
    HeldTable {
        name: "suspensions",
        noun: "suspension",
        key: &["suspension"],
        columns: columns!["award", "since", "until", "ended_at", "why"],
        owner: "(SELECT a.person FROM awards a WHERE a.award = suspensions.award)",
        while_told: None,
    },
    HeldTable {
        name: "memberships",
        noun: "membership",
        key: &["person", "venue", "since"],
        columns: columns!["until"],
        owner: "person",
        while_told: None,
    },
    HeldTable {
        name: "restrictions",
        noun: "restriction",
        key: &["restriction"],
        columns: columns!["person", "scope", "since", "until", "ended_at", "why"],
        owner: "person",
        while_told: None,
    },
    HeldTable {
        name: "handovers",
        noun: "handover",
        key: &["person", "machine", "at"],
        columns: columns!["by"],
        owner: "person",
        while_told: None,
    },
    HeldTable {
        name: "roles",
        noun: "role",
        key: &["held"],
        columns: columns!["person", "role", "scope", "since", "until", "ended_at"],
        owner: "person",
        while_told: None,
    },
    HeldTable {
        name: "cards",
        noun: "card",
        key: &["card"],
        columns: columns!["person", "kind" = "CASE kind WHEN 'ntag424' THEN 1 WHEN 'uid' THEN 0 END", "tag", "since"],
        owner: "person",
        while_told: None,
    },
    HeldTable {
        name: "card_blocks",
        noun: "block",
        key: &["block"],
        columns: columns!["card", "since", "ended_at", "why"],
        owner: "(SELECT c.person FROM cards c WHERE c.card = card_blocks.card)",
        while_told: None,
    },
    HeldTable {
        name: "machine_locks",
        noun: "lock",
        key: &["lock"],
        // a lock whose time is over ended then, which needs no entry
        columns: columns!["machine", "since", "until", "ended_at" = "NULLIF(ended_at, until)", "why"],
        owner: "NULL",
        while_told: Some("why <> ''"),
    },
    HeldTable {
        name: "tokens",
        noun: "token",
        key: &["token"],
        columns: columns!["person", "tag", "scopes", "since", "until", "ended_at"],
        owner: "person",
        while_told: None,
    },
];

/// The table of this name.
#[must_use]
pub fn held_table(name: &str) -> Option<&'static HeldTable> {
    HELD.iter().find(|table| table.name == name)
}

/// A value, as a column holds it and as an entry tells it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Said<'s> {
    /// None.
    Null,
    /// A number, an instant, a truth value.
    Int(i64),
    /// A text; of bytes a digest of them, so that the journal does not hold them.
    Text(Cow<'s, str>),
}

impl Said<'_> {
    /// Bytes as an entry tells of them.
    #[must_use]
    pub fn digest(bytes: &[u8]) -> String {
        let whole: [u8; 32] = Sha256::digest(bytes).into();
        hex(whole.first_chunk::<16>().map_or(&[][..], |half| half))
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Text(None),
            Self::Int(number) => Value::Int(Some(*number)),
            Self::Text(text) => Value::Text(Some(text)),
        }
    }
}

/// What names a row in few bytes, for an entry that must not say whose it was.
#[must_use]
pub fn name_of_row(table: &HeldTable, key: &[Said<'_>]) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(table.name);
    for said in key {
        match said {
            Said::Null => hash.update([0]),
            Said::Int(number) => {
                hash.update([1]);
                hash.update(number.to_be_bytes());
            }
            Said::Text(text) => {
                hash.update([2]);
                hash.update(text.len().to_be_bytes());
                hash.update(text.as_bytes());
            }
        }
    }
    let whole: [u8; 32] = hash.finalize().into();
    whole.first_chunk().copied().unwrap_or_default()
}

/// A row as it stands.
#[derive(Debug)]
pub struct HeldRow<'r> {
    /// Whose it is.
    pub owner: Said<'r>,
    /// What names it.
    pub key: Vec<Said<'r>>,
    /// Its other columns, in the order of [`HeldTable::columns`].
    pub columns: Vec<Said<'r>>,
}

impl Tx<'_> {
    /// Gives all rows of a held table in the order of their keys.
    ///
    /// # Errors
    /// When the engine fails, or `each` does.
    pub fn scan_held(
        &self,
        table: &HeldTable,
        mut each: impl FnMut(HeldRow<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let read: Vec<&str> = table.columns.iter().map(|(_, sql)| *sql).collect();
        let key = table.key.join(", ");
        let sql = format!("SELECT {}, {key}, {} FROM {} ORDER BY {key}", table.owner, read.join(", "), table.name);
        let width = table.key.len();
        self.query(&sql, &[], |row| {
            let all = |from: usize, count: usize| (from..from + count).map(|i| said(row, i)).collect::<Result<_, _>>();
            each(HeldRow { owner: said(row, 0)?, key: all(1, width)?, columns: all(1 + width, table.columns.len())? })
        })?;
        Ok(())
    }

    /// Whether a row is there and still says what its entry said.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn held_row_stands(&self, table: &HeldTable, key: &[Said<'_>]) -> Result<bool, StoreError> {
        let named: Vec<String> = table.key.iter().zip(1..).map(|(column, i)| format!("{column} = ${i}")).collect();
        let sql = format!(
            "SELECT 1 FROM {} WHERE {} AND {}",
            table.name,
            named.join(" AND "),
            table.while_told.unwrap_or("TRUE")
        );
        let values: Vec<Value<'_>> = key.iter().map(Said::value).collect();
        Ok(self.query_one(&sql, &values, |row| row.get::<i64>(0))?.is_some())
    }

    /// When the clock was set: the entry that tells of it, the instant after it, and by how many milliseconds.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn clock_steps(&self) -> Result<Vec<(i64, i64, i64)>, StoreError> {
        let sql = "SELECT s.entry, e.at, s.step_ms FROM clock_steps s JOIN entries e ON e.entry = s.entry
                   WHERE e.kind = 'clock_set' ORDER BY s.entry";
        self.query(sql, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }

    /// The erasures: whose, and which entry tells of it.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn erasures(&self) -> Result<Vec<(String, i64)>, StoreError> {
        self.query("SELECT person, cause FROM erasures ORDER BY cause", &[], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

fn said<'r>(row: &'r Row<'_, '_>, i: usize) -> Result<Said<'r>, StoreError> {
    use rusqlite::types::ValueRef;
    let Row::Sqlite(sqlite) = row;
    let value = sqlite.get_ref(i).map_err(|error| StoreError::Unreadable(error.to_string()))?;
    Ok(match value {
        ValueRef::Null => Said::Null,
        ValueRef::Integer(number) => Said::Int(number),
        ValueRef::Text(text) => Said::Text(String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => Said::Text(Cow::Owned(Said::digest(bytes))),
        ValueRef::Real(number) => Said::Text(Cow::Owned(number.to_string())),
    })
}
