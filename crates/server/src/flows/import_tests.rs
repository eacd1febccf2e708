//! The imports' tests: what they refuse by line, what they change, and that a file imported twice changes nothing.

use std::fmt::Debug;

use tremen_files::table::{self, Row};

use super::import::{ImportError, Imported};
use super::rehearsal::{Stage, id, operator, time};
use super::*;

type Done = Result<(usize, usize, usize), Vec<String>>;

fn told(done: Result<Imported, ImportError>) -> Done {
    match done {
        Ok(Imported { added, changed, unchanged, .. }) => Ok((added, changed, unchanged)),
        Err(ImportError::Rows(rows)) => Err(rows.iter().map(ToString::to_string).collect()),
        Err(ImportError::Flow(error)) => Err(vec![error.to_string()]),
    }
}

macro_rules! importer {
    ($name:ident, $read:ident, $flow:ident) => {
        fn $name(stage: &Stage, csv: &str) -> Done {
            let rows = rows(table::$read(csv.as_bytes(), chrono_tz::Europe::Paris).map(|table| table.rows));
            told(stage.write(move |tx| $flow::run(tx, &operator(), &rows)))
        }
    };
}
importer!(people, read_people, import_people);
importer!(cards, read_cards, import_cards);
importer!(awards, read_awards, import_awards);
importer!(memberships, read_memberships, import_memberships);
importer!(restrictions, read_restrictions, import_restrictions);
importer!(handovers, read_handovers, import_handovers);
importer!(roles, read_roles, import_roles);
importer!(machines, read_machines, import_machines);

fn rows<R, E: Debug>(read: Result<Vec<Row<R>>, E>) -> Vec<Row<R>> {
    read.unwrap()
}

/// The file is refused with exactly these lines, and leaves nothing behind.
fn refused(stage: &Stage, import: fn(&Stage, &str) -> Done, csv: &str, expected: &[&str]) {
    let entries = stage.entries();
    let problems = import(stage, csv).unwrap_err();
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    for (problem, expected) in problems.iter().zip(expected) {
        assert!(problem.contains(expected), "{problem}\nis not\n{expected}");
    }
    assert_eq!(stage.entries(), entries, "a refused file leaves nothing behind");
}

#[test]
fn people_are_entered_once_and_corrected_and_an_empty_cell_takes_nothing_away() {
    let stage = Stage::sample();
    let file = "person;name;birth_date;guardian\np-new;Nine;2012-02-29;p-old\np-old;Ten;;\n";
    assert_eq!(people(&stage, file), Ok((2, 0, 0)));
    assert_eq!(people(&stage, file), Ok((0, 0, 2)));
    assert_eq!(people(&stage, "person;name\np-new;Nina\np-old;Ten\n"), Ok((0, 1, 1)));
    let new = stage.read(|tx| tx.person_by_key("p-new")).unwrap();
    assert_eq!((new.name.as_str(), new.birth_date.is_some()), ("Nina", true));
    assert_eq!(new.guardian, Some(stage.person("p-old")));
    let journal = stage.read(|tx| tx.entries_after(0, tremen_rules::Time::from_millis(0), 1000));
    let told = journal.iter().map(|it| it.body.as_ref().unwrap().to_string()).collect::<String>();
    assert!(!told.contains("Nina") && !told.contains("p-new"), "the journal holds random ids");
}

#[test]
fn every_bad_person_is_listed() {
    let stage = Stage::sample();
    let file = "person;name;birth_date;guardian\np-b;B;2031-01-01;\np-c;C;;p-zozo\np-d;D;;\n";
    let expected = [
        "line 2, column `birth_date`: 2031-01-01 is still",
        "line 3, column `guardian`: no person has the key `p-zozo`; did you mean `p-zoe`?",
    ];
    refused(&stage, people, file, &expected);
}

#[test]
fn a_card_is_one_persons() {
    let stage = Stage::sample();
    assert_eq!(cards(&stage, "person;kind;uid;label\np-zoe;uid;04AABBCCDDEE11;clé\n"), Ok((1, 0, 0)));
    assert_eq!(cards(&stage, "person;kind;uid;label\np-zoe;uid;04:aa:bb:cc:dd:ee:11;\n"), Ok((0, 0, 1)));
    assert_eq!(cards(&stage, "person;kind;uid;label\np-zoe;ntag424;04AABBCCDDEE11;badge\n"), Ok((0, 1, 0)));
    let card = stage.read(|tx| tx.card_by_uid(&[0x04, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0x11])).unwrap();
    assert!(card.ntag424);
    let expected = [
        "line 2, column `uid`: this card is `p-zoe`'s already",
        "line 3, column `person`: no person has the key `p-ana`; did you mean `p-anna`?",
    ];
    refused(&stage, cards, "person;kind;uid\np-anna;uid;04AABBCCDDEE11\np-ana;uid;04AABBCCDDEE12\n", &expected);
}

const AWARDS: &str = "person;reference;version;level;issuer;issued_at;valid_until;awarded_by;award;supersedes;\
    suspended_from;suspended_until;revoked_at;why\n";

#[test]
fn awards_are_revoked_and_suspended_by_their_rows_and_never_edited() {
    let stage = Stage::sample();
    let row = |rest: &str| format!("{AWARDS}p-anna;decoupe-laser;2;2;ubo-open-factory;2026-03-10;{rest}\n");
    assert_eq!(awards(&stage, &row(";;;;;;;")), Ok((0, 0, 1)));
    let longer = "line 2, column `valid_until`: award `";
    refused(&stage, awards, &row("2028-03-10;;;;;;;"), &[longer]);
    stage.session("trotec-speedy", "p-anna", None);
    assert_eq!(awards(&stage, &row(";;;;2026-11-20;2026-12-20;;tests")), Ok((0, 1, 0)));
    let award = stage.award("p-anna", "decoupe-laser");
    assert_eq!(stage.read(|tx| tx.open_sessions())[0].stop_why.as_deref(), Some("award_suspended"));
    assert_eq!(awards(&stage, &row(";;;;2026-11-20;2026-12-20;;tests")), Ok((0, 0, 1)));
    refused(&stage, awards, &row(";;;;2026-12-01;2026-12-05;;"), &["already suspended then"]);
    assert_eq!(awards(&stage, &row(";;;;;;2026-11-25;tests")), Ok((0, 1, 0)));
    assert_eq!(awards(&stage, &row(";;;;;;2026-11-25;tests")), Ok((0, 0, 1)));
    refused(&stage, awards, &row(";;;;;;2026-11-24;tests"), &["column `revoked_at`"]);
    let award = stage.read(|tx| tx.award(&award)).unwrap();
    assert_eq!(award.award.revoked_at, Some(time("2026-11-25")));
}

#[test]
fn a_successor_may_stand_before_what_it_supersedes() {
    let stage = Stage::sample();
    let file = format!(
        "{AWARDS}p-zoe;impression-3d;1;2;maison-du-libre;2026-03-01;;;b;a;;;;\n\
         p-zoe;impression-3d;1;1;maison-du-libre;2026-02-01;;;a;;;;;\n\
         p-zoe;impression-3d;1;2;maison-du-libre;2026-04-01;;;c;b;;;;\n"
    );
    assert_eq!(awards(&stage, &file), Ok((3, 0, 0)));
    assert_eq!(awards(&stage, &file), Ok((0, 0, 3)));
    let superseded = |award: &str| stage.read(|tx| tx.award(&id(award))).unwrap().award.superseded_at;
    assert_eq!(
        (superseded("a"), superseded("b"), superseded("c")),
        (Some(time("2026-03-01")), Some(time("2026-04-01")), None)
    );
}

#[test]
fn every_bad_award_is_listed_with_its_line_and_why() {
    let stage = Stage::sample();
    let good = format!("{AWARDS}p-zoe;impression-3d;1;1;maison-du-libre;2026-02-01;;;z-1;;;;;\n");
    assert_eq!(awards(&stage, &good), Ok((1, 0, 0)));
    let file = format!(
        "{AWARDS}p-zo;impression-3d;1;1;maison-du-libre;2026-02-01;;;;;;;;\n\
         p-zoe;impression-3dd;1;1;maison-du-libre;2026-02-01;;;;;;;;\n\
         p-zoe;impression-3d;4;1;maison-du-libre;2026-02-01;;;;;;;;\n\
         p-zoe;impression-3d;1;1;maison-du-libr;2026-02-01;;;;;;;;\n\
         p-zoe;impression-3d;1;1;maison-du-libre;2026-02-02;;p-zoe;;;;;;\n\
         p-zoe;impression-3d;1;1;maison-du-libre;2026-01-02;;;;z-1;;;;\n\
         p-anna;impression-3d;1;1;maison-du-libre;2026-03-02;;;;z-1;;;;\n\
         p-zoe;impression-3d;1;1;maison-du-libre;2026-03-03;;;;nowhere;;;;\n\
         p-anna;impression-3d;1;1;maison-du-libre;2026-02-01;;;z-1;;;;;\n\
         p-zoe;impression-3d;1;1;maison-du-libre;2026-03-04;;;l-1;l-2;;;;\n\
         p-zoe;impression-3d;1;1;maison-du-libre;2026-03-04;;;l-2;l-1;;;;\n\
         p-zoe;impression-3d;1;1;maison-du-libre;2026-03-05;;;s-1;z-1;;;;\n\
         p-zoe;impression-3d;1;1;maison-du-libre;2026-03-06;;;s-2;z-1;;;;\n"
    );
    let expected = [
        "line 2, column `person`: no person has the key `p-zo`; did you mean `p-zoe`?",
        "line 3, column `reference`: no reference has the id `impression-3dd`; did you mean `impression-3d`?",
        "line 4, column `version`: version 4 of `impression-3d` does not exist: 1 to 1",
        "line 5, column `issuer`: no issuer has the id `maison-du-libr`; did you mean `maison-du-libre`?",
        "line 6, column `awarded_by`: nobody awards for themself",
        "line 7, column `supersedes`: award `z-1` was issued at",
        "line 8, column `supersedes`: award `z-1` can only be superseded by one of the same person",
        "line 9, column `supersedes`: no award has the id `nowhere`",
        "line 10, column `award`: award `z-1` is somebody else's",
        "line 11, column `supersedes`: the award would come to supersede itself",
        "line 12, column `supersedes`: the award would come to supersede itself",
        "line 14, column `supersedes`: award `z-1` is already superseded",
    ];
    refused(&stage, awards, &file, &expected);
}

#[test]
fn a_membership_gets_another_end() {
    let stage = Stage::sample();
    let row = |venue: &str, until: &str| format!("person;venue;from;until\np-anna;{venue};2026-01-01;{until}\n");
    stage.session("trotec-speedy", "p-anna", None);
    assert_eq!(memberships(&stage, &row("ponant", "2027-01-01")), Ok((0, 0, 1)));
    assert_eq!(memberships(&stage, &row("ponant", "2026-10-31")), Ok((0, 1, 0)));
    assert_eq!(stage.read(|tx| tx.open_sessions())[0].stop_why.as_deref(), Some("not_a_member"));
    refused(
        &stage,
        memberships,
        &row("ponants", "2027-01-01"),
        &["no venue has the id `ponants`; did you mean `ponant`?"],
    );
}

#[test]
fn a_restriction_is_made_longer_by_another_and_never_shorter() {
    let stage = Stage::sample();
    let row = |until: &str| format!("person;scope;from;until;why\np-yann;machine:prusa-1;2026-12-01;{until};saleté\n");
    assert_eq!(restrictions(&stage, &row("2026-12-08")), Ok((0, 0, 1)));
    assert_eq!(restrictions(&stage, &row("2026-12-24")), Ok((1, 0, 0)));
    refused(&stage, restrictions, &row("2026-12-02"), &["column `until`: this restriction is known until"]);
    let nowhere = "person;scope;from\np-yann;machine:prusa-2;2026-12-01\n";
    refused(&stage, restrictions, nowhere, &["machine `prusa-2` does not exist; did you mean `prusa-1`?"]);
}

#[test]
fn a_handover_is_recorded_once_and_not_by_oneself() {
    let stage = Stage::sample();
    let row = |rest: &str| format!("person;machine;at;by\np-zoe;{rest}\n");
    assert_eq!(handovers(&stage, &row("prusa-1;2026-11-01;p-maiwenn")), Ok((1, 0, 0)));
    assert_eq!(handovers(&stage, &row("prusa-1;2026-11-01;")), Ok((0, 0, 1)));
    refused(&stage, handovers, &row("prusa-1;2026-11-01;p-anna"), &["with another author"]);
    refused(&stage, handovers, &row("prusa-1;2026-11-02;p-zoe"), &["nobody hands a machine over to themself"]);
    refused(&stage, handovers, &row("prusa;2026-11-02;"), &["no machine has the id `prusa`"]);
}

#[test]
fn a_role_gets_another_end_and_one_that_was_ended_stays_ended() {
    let stage = Stage::sample();
    let row = |until: &str| format!("person;role;scope;from;until\np-maiwenn;trainer;venue:ubo;2026-01-01;{until}\n");
    assert_eq!(roles(&stage, &row("")), Ok((0, 0, 1)));
    assert_eq!(roles(&stage, &row("2026-12-31")), Ok((0, 1, 0)));
    assert_eq!(roles(&stage, &row("2026-12-31")), Ok((0, 0, 1)));
    let request = end_role::Request {
        person: stage.person("p-maiwenn"),
        role: tremen_rules::dossier::Role::Trainer,
        scope: tremen_rules::Scope::parse("venue:ubo").unwrap(),
    };
    stage.write(move |tx| end_role::run(tx, &operator(), &request)).unwrap();
    assert_eq!(roles(&stage, &row("2026-12-31")), Ok((0, 0, 1)));
    let without_beginning = "person;role;scope\np-anna;referent;machine:prusa-1\n";
    assert_eq!(roles(&stage, without_beginning), Ok((1, 0, 0)));
    assert_eq!(roles(&stage, without_beginning), Ok((0, 0, 1)));
    refused(&stage, roles, "person;role;scope\np-anna;trainer;venue:ub\n", &["venue `ub` does not exist"]);
    let agent = "person;role;scope\np-anna;issuer-agent;issuer:ubo-open-factory\n";
    refused(&stage, roles, agent, &["its managers award for it"]);
}

#[test]
fn machines_are_declared_and_their_policies_left_alone() {
    let stage = Stage::sample();
    let row = |name: &str, requires: &str| {
        format!("machine;venue;name;kind;hazard;requires\ntrotec-speedy;ubo;{name};laser-cutter;red;{requires}\n")
    };
    assert_eq!(machines(&stage, &row("Découpeuse laser Trotec", "decoupe-laser:2")), Ok((0, 0, 1)));
    assert_eq!(machines(&stage, &row("Trotec", "")), Ok((0, 1, 0)));
    let network = stage.read(|tx| tx.network());
    let laser = &network.network.machines["trotec-speedy"];
    assert_eq!((laser.name.as_str(), laser.requires.len(), laser.min_age), ("Trotec", 1, Some(16)));
    let new = "machine;venue;name;kind;hazard;requires\nscie;tyfab;Scie;saw;amber;impression-3d:1 accueil-securite:1\n";
    assert_eq!(machines(&stage, new), Ok((1, 0, 0)));
    assert_eq!(machines(&stage, new), Ok((0, 0, 1)));
    refused(
        &stage,
        machines,
        &row("Trotec", "decoupe:1"),
        &["line 2, column `requires`: no reference has the id `decoupe`"],
    );
}

#[test]
fn whoever_imports_is_bound_by_their_roles_row_by_row() {
    let stage = Stage::sample();
    let csv = "person;venue;from;until\np-zoe;ubo;2026-01-01;2027-01-01\np-zoe;ponant;2026-01-01;2027-01-01\n";
    let rows = rows(table::read_memberships(csv.as_bytes(), chrono_tz::Europe::Paris).map(|table| table.rows));
    let by = stage.by("p-maiwenn");
    let problems = told(stage.write(move |tx| import_memberships::run(tx, &by, &rows))).unwrap_err();
    assert_eq!(problems, ["line 3: only for manager of venue:ponant"]);
}

/// Not a promise about speed, but a thousand rows in a file must not take a thousand times as long as one.
#[test]
fn a_large_file_is_imported_in_one_pass() {
    let stage = Stage::sample();
    let count: usize = std::env::var("TREMEN_IMPORT_ROWS").ok().and_then(|it| it.parse().ok()).unwrap_or(2_000);
    let mut file = String::from("person;name\n");
    (0..count).for_each(|i| file.push_str(&format!("q-{i};Nom {i}\n")));
    assert_eq!(people(&stage, &file), Ok((count, 0, 0)));
    let mut file = AWARDS.to_owned();
    (0..count).for_each(|i| file.push_str(&format!("q-{i};impression-3d;1;1;maison-du-libre;2026-02-01;;;;;;;;\n")));
    let begun = std::time::Instant::now();
    assert_eq!(awards(&stage, &file), Ok((count, 0, 0)));
    let first = begun.elapsed();
    assert_eq!(awards(&stage, &file), Ok((0, 0, count)));
    assert!(first.as_millis() < 2_000 + count as u128, "{count} awards took {first:?}");
    eprintln!("{count} awards: {first:?}, then {:?}", begun.elapsed() - first);
}
