//! Brings a database's tables up to date: forward only, each step in its own transaction, files in `migrations/`.

use super::StoreError;

/// All steps, the oldest first. A step that has been released never changes.
const STEPS: [(u32, &str, &str); 10] = [
    (1, "spine", include_str!("../../../../migrations/sqlite/0001_spine.sql")),
    (2, "tokens", include_str!("../../../../migrations/sqlite/0002_tokens.sql")),
    (3, "keeping", include_str!("../../../../migrations/sqlite/0003_keeping.sql")),
    (4, "imports", include_str!("../../../../migrations/sqlite/0004_imports.sql")),
    (5, "journal_tree", include_str!("../../../../migrations/sqlite/0005_journal_tree.sql")),
    (6, "restored", include_str!("../../../../migrations/sqlite/0006_restored.sql")),
    (7, "clock", include_str!("../../../../migrations/sqlite/0007_clock.sql")),
    (8, "links", include_str!("../../../../migrations/sqlite/0008_links.sql")),
    (9, "logins", include_str!("../../../../migrations/sqlite/0009_logins.sql")),
    (10, "fewer_indexes", include_str!("../../../../migrations/sqlite/0010_fewer_indexes.sql")),
];

/// Runs the steps that the database has not seen yet.
///
/// # Errors
/// When a step fails, or the database is of a newer Tremen than this one.
pub(super) fn run(connection: &mut rusqlite::Connection) -> Result<(), StoreError> {
    loop {
        // Another process may be doing the same: what is due is read under the write lock.
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let done: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let newest = STEPS.last().map_or(0, |step| step.0);
        if done > newest {
            return Err(StoreError::Engine(format!(
                "this database is at step {done}, this Tremen knows steps up to {newest}: install the newer Tremen"
            )));
        }
        let Some((number, name, sql)) = STEPS.into_iter().find(|step| step.0 == done + 1) else {
            return Ok(());
        };
        tracing::debug!(step = number, name, "brings the tables up to date");
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tables_are_those_of_the_snapshot() {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        super::run(&mut connection).unwrap();
        let mut statement = connection
            .prepare(
                "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name <> 'sqlite_sequence' ORDER BY type, name",
            )
            .unwrap();
        let schema: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        let schema = schema.join(";\n\n") + ";\n";
        let snapshot = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite/schema.sql");
        if std::env::var_os("TREMEN_WRITE_SNAPSHOTS").is_some() {
            std::fs::write(snapshot, &schema).unwrap();
        }
        assert_eq!(
            schema,
            std::fs::read_to_string(snapshot).unwrap(),
            "the tables changed: look at the difference, then run this test with TREMEN_WRITE_SNAPSHOTS=1"
        );
    }

    #[test]
    fn a_database_of_a_newer_tremen_is_refused() {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        assert!(super::run(&mut connection).unwrap_err().to_string().contains("install the newer Tremen"));
    }
}
