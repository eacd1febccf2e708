//! Each column of each held table is tampered with; each time it is found and named.

use tremen_rules::dossier::Role;
use tremen_rules::{Scope, Time};

use super::{Report, Request, run};
use crate::flows::rehearsal::{Stage, id, operator};
use crate::flows::{
    award_reference, block_card, end_restriction, grant_role, lock_machine, make_token, renew_award, restrict_person,
    resume_award, suspend_award, token_scope, unblock_card, unlock_machine,
};
use crate::store::{HELD, StoreError, Tx};

fn verified(tx: &mut Tx<'_>) -> Result<Report, StoreError> {
    run(tx, &Request::default(), |_| {})
}

/// A registry in which every kind of fact was made, changed and ended, twice where that is needed for a swap.
fn busy() -> Stage {
    let stage = Stage::sample();
    let (anna, maiwenn) = (stage.person("p-anna"), stage.person("p-maiwenn"));
    let (award, other) = (stage.award("p-anna", "decoupe-laser"), stage.award("p-anna", "accueil-securite"));
    let cards = stage.read(|tx| tx.cards_of(&anna));
    stage
        .write(move |tx| {
            let by = operator();
            for award in [&award, &other] {
                let suspension = suspend_award::Request { award: award.clone(), from: None, until: None };
                suspend_award::run(tx, &by, &suspension)?;
                resume_award::run(tx, &by, award)?;
            }
            let renewal = renew_award::Request {
                award: award.clone(),
                version: None,
                level: None,
                issued_at: None,
                valid_until: None,
                id: None,
            };
            let renewed: award_reference::Made = renew_award::run(tx, &by, &renewal)?;
            crate::flows::revoke_award::run(tx, &by, &renewed.award.award.id)?;
            for scope in [Scope::Network, Scope::Venue(id("ubo"))] {
                let restriction = restrict_person::Request { person: anna.clone(), scope, from: None, until: None };
                let made = restrict_person::run(tx, &by, &restriction)?;
                end_restriction::run(tx, &by, made.restriction)?;
            }
            let role = grant_role::Request {
                person: anna.clone(),
                role: Role::Trainer,
                scope: Scope::Venue(id("ubo")),
                from: None,
                until: None,
            };
            grant_role::run(tx, &by, &role)?;
            for name in ["door", "desk"] {
                let token = make_token::Request {
                    person: maiwenn.clone(),
                    name: name.to_owned(),
                    scopes: std::iter::once(token_scope::TokenScope::ALL[0]).collect(),
                    until: None,
                };
                make_token::run(tx, &by, &token)?;
            }
            for _ in 0..2 {
                block_card::run(tx, &by, &cards[0].card)?;
                unblock_card::run(tx, &by, &cards[0].card)?;
            }
            for machine in ["trotec-speedy", "prusa-1"] {
                let lock =
                    lock_machine::Request { machine: id(machine), until: Some(Time::from_millis(2_000_000_000_000)) };
                lock_machine::run(tx, &by, &lock)?;
            }
            unlock_machine::run(tx, &by, &id("prusa-1"))?;
            Ok::<_, crate::flows::FlowError>(())
        })
        .unwrap();
    stage
}

/// What is found once somebody did this; the database is as before then.
fn after(stage: &Stage, sql: Vec<String>) -> Report {
    stage
        .wait(stage.store.preview(move |tx| {
            tx.execute("PRAGMA defer_foreign_keys = ON", &[])?;
            tx.execute("DROP TRIGGER awards_remain", &[])?;
            for sql in sql {
                assert!(tx.execute(&sql, &[])? > 0, "{sql} changes nothing");
            }
            verified(tx)
        }))
        .unwrap()
}

/// The columns of a table with their types.
fn columns(stage: &Stage, table: &str) -> Vec<(String, String)> {
    let sql = format!("SELECT name, type FROM pragma_table_info('{table}') ORDER BY cid");
    stage.read(|tx| tx.query(&sql, &[], |row| Ok((row.get(0)?, row.get(1)?))))
}

/// Another value than the one that stands there.
fn other(column: &str, kind: &str) -> String {
    match kind {
        "INTEGER" => format!("COALESCE({column}, 0) + 1000000"),
        "TEXT" => format!("COALESCE({column}, '') || 'x'"),
        _ => "randomblob(16)".to_owned(),
    }
}

#[test]
fn an_untouched_registry_is_whole_and_every_table_has_rows() {
    let stage = busy();
    let report = stage.read(verified);
    assert_eq!(report.faults, []);
    for table in &HELD {
        let mut rows = 0;
        stage.read(|tx| {
            tx.scan_held(table, |_| {
                rows += 1;
                Ok(())
            })
        });
        assert!(rows >= 2, "{} {}", rows, table.name);
    }
    assert!(report.rows > 20, "{report:?}");
}

#[test]
fn a_row_that_is_changed_deleted_put_in_or_moved_is_found_and_named() {
    let stage = busy();
    for table in &HELD {
        let (name, key) = (table.name, table.key.join(", "));
        let all = columns(&stage, name);
        let kind = |column: &str| all.iter().find(|(it, _)| it == column).unwrap().1.clone();
        let first = format!("({key}) = (SELECT {key} FROM {name} ORDER BY {key} LIMIT 1)");
        let found = |sql: Vec<String>, what: &str| {
            let faults = after(&stage, sql.clone()).faults;
            let is_named = faults.iter().any(|it| it.place.starts_with(table.noun) && it.what.contains(what));
            assert!(is_named, "{sql:?}\nwants {}: {what}\nfound {faults:#?}", table.noun);
        };
        for (column, _) in table.columns {
            let changed = format!("UPDATE {name} SET {column} = {} WHERE {first}", other(column, &kind(column)));
            found(vec![changed], &format!("its {column} is not what entry"));
        }
        for column in table.key {
            let moved = format!("UPDATE {name} SET {column} = {} WHERE {first}", other(column, &kind(column)));
            found(vec![moved.clone()], "no entry tells of it");
            found(vec![moved], "missing: the entry tells of it");
        }
        found(vec![format!("DELETE FROM {name} WHERE {first}")], "missing: the entry tells of it");
        let names: Vec<&str> = all.iter().map(|(column, _)| column.as_str()).collect();
        let copied: Vec<String> = all
            .iter()
            .map(|(column, kind)| {
                let is_new = table.key.last() == Some(&column.as_str()) || kind == "BLOB";
                if is_new { other(column, kind) } else { column.clone() }
            })
            .collect();
        let (names, copied) = (names.join(", "), copied.join(", "));
        let put_in = format!("INSERT INTO {name} ({names}) SELECT {copied} FROM {name} WHERE {first}");
        found(vec![put_in], "no entry tells of it");
    }
}

#[test]
fn two_cards_that_change_places_are_found() {
    let stage = busy();
    let cards: Vec<String> =
        stage.read(|tx| tx.query("SELECT card FROM cards ORDER BY card LIMIT 2", &[], |row| row.get(0)));
    let swap = |from: &str, to: &str| format!("UPDATE cards SET card = '{to}' WHERE card = '{from}'");
    let sql = vec![swap(&cards[0], "between"), swap(&cards[1], &cards[0]), swap("between", &cards[1])];
    let faults = after(&stage, sql).faults;
    for card in cards {
        let is_named =
            |it: &super::Fault| it.place == format!("card {card}") && it.what.starts_with("its tag is not what entry");
        assert!(faults.iter().any(is_named), "{faults:#?}");
    }
}
