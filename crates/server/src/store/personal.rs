//! Every place where something about a person stands: what "Mes données" tells of it, and what an erasure does to it.
//! Start at [`PLACES`].
//!
//! A test walks the tables: a new column that leads to a person fails it until it has its place here, and with the
//! place come export and erasure.

use serde_json::{Map, Value as Json};
use tremen_files::when::print_time;
use tremen_rules::{PersonId, Time};

use super::tx::{Column, Row, StoreError, Tx};
use crate::params;

/// Where something about a person stands.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The table.
    pub table: &'static str,
    /// The column that leads to the person.
    pub column: &'static str,
    /// The condition that a row of theirs meets; `$1` is the person.
    rows: &'static str,
    /// The columns that are told to them.
    pub told: &'static [&'static str],
    /// The columns that are not, and why.
    pub withheld: &'static [(&'static str, &'static str)],
    /// What an erasure does to these rows.
    pub erasure: Erasure,
}

/// What an erasure does to the rows of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erasure {
    /// They go.
    Deleted,
    /// They stay without these columns.
    Cleared(&'static [&'static str]),
    /// The flow has its own way with them.
    ByTheFlow(&'static str),
    /// They stay, and why.
    Kept(&'static str),
}

const OF_OTHERS: &str = "it is another person's; the random id leads to nobody any more";
const WITH_THE_TAP: &str = "a tap goes whole, counted: decision, session, first card, payload";

/// All places, in the order in which their rows can go.
pub const PLACES: [Place; 25] = [
    Place {
        table: "people",
        column: "person",
        rows: "person = $1",
        told: &[
            "person",
            "key",
            "name",
            "email",
            "birth_date",
            "language",
            "guardian",
            "guardian_consent",
            "since",
            "seen_at",
        ],
        withheld: &[],
        erasure: Erasure::ByTheFlow("the row stays as a shell without key, name, address and dates"),
    },
    Place {
        table: "people",
        column: "guardian",
        rows: "guardian = $1",
        told: &["key", "guardian_consent"],
        withheld: &[],
        erasure: Erasure::Cleared(&["guardian", "guardian_consent"]),
    },
    Place {
        table: "card_blocks",
        column: "card",
        rows: "card IN (SELECT card FROM cards WHERE person = $1)",
        told: &["block", "card", "since", "ended_at", "why"],
        withheld: &[],
        erasure: Erasure::ByTheFlow("goes with the card"),
    },
    Place {
        table: "cards",
        column: "person",
        rows: "person = $1",
        told: &["card", "person", "kind", "label", "since", "last_counter", "read_at", "doubted_since"],
        withheld: &[
            ("tag", "the keyed hash of the number; the number itself is told"),
            ("sealed_uid", "the number, told in clear as `uid`"),
        ],
        erasure: Erasure::ByTheFlow("goes at once; of an NTAG 424 DNA the last counter stays under the keyed hash"),
    },
    Place {
        table: "standbys",
        column: "person",
        rows: "person = $1",
        told: &["decision", "machine", "part", "person", "card", "reading", "at", "used_at"],
        withheld: &[],
        erasure: Erasure::ByTheFlow(WITH_THE_TAP),
    },
    Place {
        table: "orders",
        column: "session",
        rows: "session IN (SELECT session FROM sessions WHERE person = $1)",
        told: &[
            "controller",
            "number",
            "action",
            "machine",
            "session",
            "reason",
            "stop",
            "lcd",
            "at",
            "entry",
            "tries",
            "next_at",
            "settled_at",
            "settled",
        ],
        withheld: &[],
        erasure: Erasure::Kept("without its session it leads to nobody; it goes by schedule"),
    },
    Place {
        table: "sessions",
        column: "person",
        rows: "person = $1",
        told: &[
            "session",
            "machine",
            "controller",
            "person",
            "card",
            "assurance",
            "decision",
            "opened_at",
            "hard_end",
            "right_end",
            "right_why",
            "lease_until",
            "active_at",
            "used_s",
            "stop_order",
            "stop_why",
            "due_at",
            "spoke_link",
            "spoke_n",
            "ended_at",
            "end_why",
        ],
        withheld: &[],
        erasure: Erasure::ByTheFlow(WITH_THE_TAP),
    },
    Place {
        table: "decisions",
        column: "person",
        rows: "person = $1",
        told: &[
            "decision",
            "entry",
            "at",
            "controller",
            "nonce",
            "digest",
            "machine",
            "person",
            "card",
            "intent",
            "verdict",
            "reason",
            "session",
            "answer",
        ],
        withheld: &[],
        erasure: Erasure::ByTheFlow(WITH_THE_TAP),
    },
    Place {
        table: "payloads",
        column: "entry",
        rows: "entry IN (SELECT entry FROM decisions WHERE person = $1)",
        told: &[],
        withheld: &[
            ("entry", "told as the journal"),
            ("salt", "hides what a digest stands for once the payload is erased"),
            ("body", "told as the journal, with those of all other events about the person"),
        ],
        erasure: Erasure::ByTheFlow("whatever the journal says of them is erased, digest and proof stay"),
    },
    Place {
        table: "memberships",
        column: "person",
        rows: "person = $1",
        told: &["person", "venue", "since", "until"],
        withheld: &[],
        erasure: Erasure::Deleted,
    },
    Place {
        table: "restrictions",
        column: "person",
        rows: "person = $1",
        told: &["restriction", "person", "scope", "since", "until", "ended_at", "why"],
        withheld: &[],
        erasure: Erasure::Deleted,
    },
    Place {
        table: "handovers",
        column: "person",
        rows: "person = $1",
        told: &["person", "machine", "at", "by"],
        withheld: &[],
        erasure: Erasure::Deleted,
    },
    Place {
        table: "handovers",
        column: "by",
        rows: "by = $1",
        told: &["machine", "at"],
        withheld: &[],
        erasure: Erasure::Kept(OF_OTHERS),
    },
    Place {
        table: "replies",
        column: "token",
        rows: "token IN (SELECT token FROM tokens WHERE person = $1)",
        told: &["token", "key", "at"],
        withheld: &[
            ("digest", "of a request that the person made"),
            ("sealed", "an answer that the person had, kept for a day for a repeat"),
        ],
        erasure: Erasure::Deleted,
    },
    Place {
        table: "token_roles",
        column: "token",
        rows: "token IN (SELECT token FROM tokens WHERE person = $1)",
        told: &["token", "held"],
        withheld: &[],
        erasure: Erasure::Deleted,
    },
    Place {
        table: "tokens",
        column: "person",
        rows: "person = $1",
        told: &["token", "name", "person", "scopes", "since", "until", "ended_at", "end_why"],
        withheld: &[("tag", "a keyed hash of the secret")],
        erasure: Erasure::Deleted,
    },
    Place {
        table: "login_links",
        column: "person",
        rows: "person = $1",
        told: &["link", "person", "since", "until", "ended_at"],
        withheld: &[("tag", "a keyed hash of the secret")],
        erasure: Erasure::Deleted,
    },
    Place {
        table: "logins",
        column: "person",
        rows: "person = $1",
        told: &["login", "person", "since", "until", "seen_at", "ended_at", "end_why"],
        withheld: &[("tag", "a keyed hash of the secret")],
        erasure: Erasure::Deleted,
    },
    Place {
        table: "roles",
        column: "person",
        rows: "person = $1",
        told: &["held", "person", "role", "scope", "since", "until", "ended_at"],
        withheld: &[],
        erasure: Erasure::Deleted,
    },
    Place {
        table: "suspensions",
        column: "award",
        rows: "award IN (SELECT award FROM awards WHERE person = $1)",
        told: &["suspension", "award", "since", "until", "ended_at", "why"],
        withheld: &[],
        erasure: Erasure::Cleared(&["why"]),
    },
    Place {
        table: "awards",
        column: "person",
        rows: "person = $1",
        told: &[
            "person",
            "award",
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
        ],
        withheld: &[("import", "in which file it came")],
        // what an issuer gave and took back stays true, of nobody
        erasure: Erasure::Cleared(&["why"]),
    },
    Place {
        table: "awards",
        column: "awarded_by",
        rows: "awarded_by = $1",
        told: &["reference", "version", "level", "issuer", "issued_at"],
        withheld: &[],
        erasure: Erasure::Kept(OF_OTHERS),
    },
    Place {
        table: "incidents",
        column: "opened_by",
        rows: "opened_by = $1",
        told: &["incident", "machine", "since", "until", "opened_at", "opened_by", "entry", "closed_at", "keep_until"],
        withheld: &[
            ("why", "it may speak of others; the machine's referent and managers show it"),
            ("outcome", "as above"),
        ],
        erasure: Erasure::Kept(OF_OTHERS),
    },
    Place {
        table: "incident_notes",
        column: "by",
        rows: "by = $1",
        told: &["note", "incident", "at", "by"],
        withheld: &[("text", "it may speak of others; the machine's referent and managers show it")],
        erasure: Erasure::Kept(OF_OTHERS),
    },
    Place {
        table: "incident_people",
        column: "person",
        rows: "person = $1",
        told: &["incident", "person"],
        withheld: &[],
        erasure: Erasure::Deleted,
    },
];

/// Columns that lead to a row about somebody, but whose own rows are about nobody; each with its reason.
#[cfg(test)]
const ABOUT_NOBODY: [(&str, &str, &str); 9] = [
    ("trees", "entry", "the journal's own"),
    ("leaves", "entry", "which entry is which leaf: numbers and a hash"),
    ("cosignatures", "entry", "the journal's own"),
    ("imports", "entry", "a file on its way: its number, its kind and when"),
    ("revisions", "entry", "the network's rules"),
    ("erased_payloads", "entry", "which payloads are gone: a number"),
    ("erased_payloads", "decision", "which decisions are gone: a number"),
    ("outliving_restrictions", "restriction", "under a keyed hash of nobody who is known"),
    ("erasures", "person", "says that they were erased; the random id leads to nobody any more"),
];

/// A value of whatever type a column has, for people to read: bytes in hexadecimal.
impl Column for Json {
    fn read(row: &Row<'_, '_>, i: usize) -> Result<Self, StoreError> {
        use rusqlite::types::ValueRef;
        let Row::Sqlite(sqlite) = row;
        let value = sqlite.get_ref(i).map_err(|error| StoreError::Unreadable(error.to_string()))?;
        Ok(match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => number.into(),
            ValueRef::Real(number) => number.into(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
            ValueRef::Blob(bytes) => crate::keys::hex(bytes).into(),
        })
    }
}

/// Whether a column holds an instant, in milliseconds: they are named so throughout.
fn is_instant(column: &str) -> bool {
    matches!(column, "at" | "since" | "until") || ["_at", "_until", "_end"].iter().any(|end| column.ends_with(end))
}

impl Tx<'_> {
    /// The rows of a place, as the person is told of them.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn told(&self, place: &Place, person: &PersonId) -> Result<Vec<Map<String, Json>>, StoreError> {
        if place.told.is_empty() {
            return Ok(Vec::new());
        }
        let columns = place.told.join(", ");
        let order: Vec<String> = (1..=place.told.len()).map(|place| place.to_string()).collect();
        let sql = format!("SELECT {columns} FROM {} WHERE {} ORDER BY {}", place.table, place.rows, order.join(", "));
        self.query(&sql, params![person], |row| {
            let mut told = Map::new();
            for (i, column) in place.told.iter().enumerate() {
                let value: Json = row.get(i)?;
                let value = match value.as_i64().filter(|_| is_instant(column)) {
                    Some(millis) => print_time(Time::from_millis(millis)).into(),
                    None => value,
                };
                told.insert((*column).to_owned(), value);
            }
            Ok(told)
        })
    }

    /// Does what an erasure does to the rows of all places, but for those that the flow has its own way with.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn erase_places(&self, person: &PersonId) -> Result<(), StoreError> {
        for Place { table, rows, erasure, .. } in PLACES {
            match erasure {
                Erasure::Deleted => drop(self.execute(&format!("DELETE FROM {table} WHERE {rows}"), params![person])?),
                Erasure::Cleared(columns) => {
                    let set: Vec<String> = columns.iter().map(|column| format!("{column} = NULL")).collect();
                    let sql = format!("UPDATE {table} SET {} WHERE {rows}", set.join(", "));
                    self.execute(&sql, params![person])?;
                }
                Erasure::ByTheFlow(_) | Erasure::Kept(_) => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{ABOUT_NOBODY, Erasure, PLACES};

    /// What leads to a person where no foreign key says so.
    const PERSONAL: [&str; 14] = [
        "person",
        "by",
        "guardian",
        "author",
        "holder",
        "owner",
        "member",
        "recipient",
        "subject",
        "trainer",
        "user",
        "card",
        "award",
        "session",
    ];
    const LINKS: [&str; 5] = ["decision", "entry", "restriction", "token", "held"];

    fn tables() -> BTreeMap<String, Vec<(String, bool)>> {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        crate::store::migrations::run(&mut connection).unwrap();
        let mut tables: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
        let mut statement = connection
            .prepare(
                "SELECT t.name, c.name, EXISTS (SELECT 1 FROM pragma_foreign_key_list(t.name) f
                     WHERE f.\"from\" = c.name AND f.\"table\" = 'people')
                 FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY 1, c.cid",
            )
            .unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            tables.entry(row.get(0).unwrap()).or_default().push((row.get(1).unwrap(), row.get(2).unwrap()));
        }
        tables
    }

    #[test]
    fn every_column_that_leads_to_a_person_has_its_place_in_export_and_erasure() {
        let tables = tables();
        assert!(tables.len() > 20, "the tables are not there: {tables:?}");
        let placed: BTreeSet<(&str, &str)> = PLACES.iter().map(|place| (place.table, place.column)).collect();
        let nobody: BTreeSet<(&str, &str)> = ABOUT_NOBODY.iter().map(|it| (it.0, it.1)).collect();
        let mut missing = Vec::new();
        for (table, columns) in &tables {
            let personal = |column: &(String, bool)| {
                column.1 || PERSONAL.contains(&column.0.as_str()) || column.0.ends_with("_by")
            };
            let covered = PLACES.iter().any(|place| place.table == table);
            for column in columns {
                let key = (table.as_str(), column.0.as_str());
                let link = LINKS.contains(&key.1) || ["card", "award", "session"].contains(&key.1);
                let leads = (personal(column) && !link) || (link && !covered);
                // a row's own number leads nowhere
                let own = columns.first().is_some_and(|first| first.0 == key.1) && LINKS.contains(&key.1);
                if leads && !own && !placed.contains(&key) && !nobody.contains(&key) {
                    missing.push(format!("{table}.{}", column.0));
                }
            }
        }
        assert!(
            missing.is_empty(),
            "these columns lead to a person: give each its place in store/personal.rs, so that `export person` tells \
             it and an erasure reaches it, or say there why it is about nobody: {missing:?}"
        );
    }

    #[test]
    fn every_column_of_a_place_is_told_or_withheld_for_a_reason() {
        let tables = tables();
        for table in PLACES.iter().map(|place| place.table).collect::<BTreeSet<_>>() {
            let said: BTreeSet<&str> = PLACES
                .iter()
                .filter(|place| place.table == table)
                .flat_map(|place| place.told.iter().copied().chain(place.withheld.iter().map(|it| it.0)))
                .collect();
            let there: BTreeSet<&str> = tables[table].iter().map(|column| column.0.as_str()).collect();
            assert_eq!(said, there, "{table}");
        }
        for place in PLACES {
            if let Erasure::Cleared(columns) = place.erasure {
                assert!(columns.iter().all(|column| tables[place.table].iter().any(|it| it.0 == *column)));
            }
        }
    }
}
