//! What is said of CSV files: the samples, a bad one of each kind, and whatever a mutation makes of them.

#![expect(clippy::panic, clippy::unwrap_used, reason = "the helpers of tests may fail as the tests do")]

use chrono::NaiveDate;
use chrono_tz::Europe::Paris;
use proptest::prelude::*;
use tremen_files::Warning;
use tremen_files::table::{
    AwardRow, CardKind, CardRow, HandoverRow, Kind, MachineRow, MembershipRow, PersonRow, Required, RestrictionRow,
    RoleRow, RowError, Table, read_awards, read_cards, read_handovers, read_machines, read_memberships, read_people,
    read_restrictions, read_roles, write_awards, write_cards, write_handovers, write_machines, write_memberships,
    write_people, write_restrictions, write_roles,
};
use tremen_rules::dossier::Role;
use tremen_rules::network::{Hazard, Language};
use tremen_rules::{AwardId, IssuerId, Level, MachineId, ReferenceId, Scope, Span, Time, VenueId};

/// What was read (its rows written again) and what was said of it.
fn read_any(kind: Kind, bytes: &[u8]) -> (Option<String>, String) {
    fn told<R>(
        table: Result<Table<R>, Vec<RowError>>,
        write: impl FnOnce(Vec<R>) -> String,
    ) -> (Option<String>, String) {
        let lines = |said: Vec<String>| said.into_iter().map(|line| line + "\n").collect::<String>();
        match table {
            Ok(Table { rows, warnings }) => {
                let text = write(rows.into_iter().map(|row| row.row).collect());
                (Some(text), lines(warnings.iter().map(Warning::to_string).collect()))
            }
            Err(errors) => (None, lines(errors.iter().map(RowError::to_string).collect())),
        }
    }
    match kind {
        Kind::People => told(read_people(bytes, Paris), |rows| write_people(&rows)),
        Kind::Cards => told(read_cards(bytes, Paris), |rows| write_cards(&rows)),
        Kind::Awards => told(read_awards(bytes, Paris), |rows| write_awards(&rows)),
        Kind::Memberships => told(read_memberships(bytes, Paris), |rows| write_memberships(&rows)),
        Kind::Restrictions => told(read_restrictions(bytes, Paris), |rows| write_restrictions(&rows)),
        Kind::Handovers => told(read_handovers(bytes, Paris), |rows| write_handovers(&rows)),
        Kind::Roles => told(read_roles(bytes, Paris), |rows| write_roles(&rows)),
        Kind::Machines => told(read_machines(bytes, Paris), |rows| write_machines(&rows)),
    }
}

/// The sample of a kind; machines have none, and get one here.
const fn sample(kind: Kind) -> &'static str {
    match kind {
        Kind::People => include_str!("../../../config/sample/people.csv"),
        Kind::Cards => include_str!("../../../config/sample/cards.csv"),
        Kind::Awards => include_str!("../../../config/sample/awards.csv"),
        Kind::Memberships => include_str!("../../../config/sample/memberships.csv"),
        Kind::Restrictions => include_str!("../../../config/sample/restrictions.csv"),
        Kind::Handovers => include_str!("../../../config/sample/handovers.csv"),
        Kind::Roles => include_str!("../../../config/sample/roles.csv"),
        Kind::Machines => {
            "machine;venue;name;kind;hazard;requires\nprusa-2;tyfab;Prusa;3d-printer;amber;impression-3d:1\n"
        }
    }
}

/// A bad file of a kind, and what is said of it.
const fn bad(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::People => (include_str!("bad/people.csv"), include_str!("bad/people.errors.txt")),
        Kind::Cards => (include_str!("bad/cards.csv"), include_str!("bad/cards.errors.txt")),
        Kind::Awards => (include_str!("bad/awards.csv"), include_str!("bad/awards.errors.txt")),
        Kind::Memberships => (include_str!("bad/memberships.csv"), include_str!("bad/memberships.errors.txt")),
        Kind::Restrictions => (include_str!("bad/restrictions.csv"), include_str!("bad/restrictions.errors.txt")),
        Kind::Handovers => (include_str!("bad/handovers.csv"), include_str!("bad/handovers.errors.txt")),
        Kind::Roles => (include_str!("bad/roles.csv"), include_str!("bad/roles.errors.txt")),
        Kind::Machines => (include_str!("bad/machines.csv"), include_str!("bad/machines.errors.txt")),
    }
}

#[test]
fn every_fault_of_a_bad_file_is_said_at_once_with_its_line_and_column() {
    for kind in Kind::ALL {
        let (file, expected) = bad(kind);
        let (rows, said) = read_any(kind, file.as_bytes());
        assert_eq!(rows, None, "{kind}");
        assert_eq!(said, expected, "{kind}:\n{said}");
    }
}

#[test]
fn the_samples_read_and_only_the_random_card_is_warned_of() {
    for kind in Kind::ALL {
        let (rows, said) = read_any(kind, sample(kind).as_bytes());
        assert!(rows.is_some(), "{kind}: {said}");
        let warned = said.lines().count();
        assert_eq!(warned, usize::from(kind == Kind::Cards), "{kind}: {said}");
        assert!(kind != Kind::Cards || said.starts_with("line 3: the UID 084F119A begins with 08"), "{said}");
    }
}

#[test]
fn what_was_read_can_be_written_and_read_again() {
    for kind in Kind::ALL {
        let (text, _) = read_any(kind, sample(kind).as_bytes());
        let text = text.unwrap();
        assert_eq!(read_any(kind, text.as_bytes()).0, Some(text), "{kind}");
    }
}

#[test]
fn the_sample_awards_have_the_instants_that_their_dates_mean() {
    let table = read_awards(sample(Kind::Awards).as_bytes(), Paris).unwrap();
    let anna = &table.rows[1];
    assert_eq!((anna.line, anna.row.person.as_str(), anna.row.level), (3, "p-anna", Level::Autonomous));
    assert_eq!(anna.row.issued_at.to_string(), "2026-03-09T23:00:00.000Z");
    assert_eq!(anna.row.valid_until.unwrap().to_string(), "2027-03-10T23:00:00.000Z");
    assert_eq!(anna.row.awarded_by.as_deref(), Some("p-maiwenn"));
    assert_eq!(table.rows[0].row.valid_until, None);
}

#[test]
fn any_separator_and_encoding_gives_the_same_rows() {
    let plain = sample(Kind::People);
    let expected = read_people(plain.as_bytes(), Paris).unwrap().rows;
    for text in [
        plain.replace(';', ","),
        plain.replace(';', "\t"),
        plain.replace('\n', "\r\n"),
        plain.replace('\n', "\r"),
        format!("\u{feff}{plain}"),
        plain.replacen("person;name;email", " PERSON ; Name ;\"EMAIL\"", 1),
    ] {
        assert_eq!(read_people(text.as_bytes(), Paris).unwrap().rows, expected, "{text}");
    }
    let declared = read_people(format!("sep=;\n{plain}").as_bytes(), Paris).unwrap();
    assert_eq!(declared.rows[0].line, 3);
    let latin: Vec<u8> = plain.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
    let latin = read_people(&latin, Paris).unwrap();
    assert_eq!(latin.rows, expected);
    assert!(latin.warnings[0].to_string().starts_with("line 4: the file is not UTF-8"), "{:?}", latin.warnings);
}

#[test]
fn columns_may_stand_in_any_order_and_unknown_ones_are_named() {
    let table = read_handovers(b"At;nots;By;MACHINE;person\n2026-02-01;x;;m;p\n", Paris).unwrap();
    assert_eq!(table.rows[0].row.machine.as_str(), "m");
    let said: Vec<String> = table.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["line 1: the column `nots` is unknown and was not read"]);
    let table = read_people(b"person;name;birthdate\np;n;x\n", Paris).unwrap();
    let said = table.warnings[0].to_string();
    assert_eq!(said, "line 1: the column `birthdate` is unknown and was not read; did you mean `birth_date`?");
}

#[test]
fn lines_are_right_behind_cells_of_several_lines() {
    let text = "person;scope;from;until;why\n\np;network;2026-01-01;;\"one\r\ntwo\nthree\"\np;all;2026-01-01;;\n";
    let errors = read_restrictions(text.as_bytes(), Paris).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!((errors[0].line, errors[0].column), (6, Some("scope")));
    let text = text.replace("p;all;2026-01-01;;\n", "");
    let table = read_restrictions(text.as_bytes(), Paris).unwrap();
    assert_eq!(table.rows[0].line, 3);
    assert_eq!(table.rows[0].row.why.as_deref(), Some("one\r\ntwo\nthree"));
}

#[test]
fn a_fact_that_stands_twice_is_warned_of_and_one_that_contradicts_is_refused() {
    let table = read_cards(b"person;kind;uid\np;uid;04A1B2C3\np;uid;04:A1:B2:C3\n", Paris).unwrap();
    assert_eq!(table.rows.len(), 1);
    assert_eq!(table.warnings[0].to_string(), "line 3: this row stands already on line 2");
    let errors = read_cards(b"person;kind;uid\np;uid;04A1B2C3\nq;uid;04:A1:B2:C3\n", Paris).unwrap_err();
    assert_eq!(errors[0].to_string(), "line 3, column `uid`: this card stands already on line 2, with other values");
}

#[test]
fn an_end_that_is_its_beginning_is_warned_of() {
    let text = b"person;role;scope;from;until\np;manager;venue:v;2026-01-01T00:00:00Z;2026-01-01T00:00:00Z\n";
    let table = read_roles(text, Paris).unwrap();
    let said = table.warnings[0].to_string();
    assert_eq!(said, "line 2: `until` is the same instant as `from`: this never holds");
}

#[test]
fn a_name_that_a_spreadsheet_would_run_is_written_as_text() {
    let row = |name: &str| PersonRow {
        person: "p".to_owned(),
        name: name.to_owned(),
        email: None,
        birth_date: None,
        language: None,
        guardian: None,
        guardian_consent: None,
    };
    for (name, cell) in [("=1+1", "'=1+1"), ("'@x", "''@x"), ("-x;y", "\"'-x;y\""), ("'x", "'x"), ("a=b", "a=b")] {
        let text = write_people([&row(name)]);
        assert_eq!(text.lines().nth(1), Some(format!("p;{cell};;;;;").as_str()));
        assert_eq!(read_people(text.as_bytes(), Paris).unwrap().rows[0].row.name, name);
    }
}

#[test]
fn an_empty_file_or_one_of_another_kind_says_what_is_needed() {
    for kind in Kind::ALL {
        for text in ["", "\n\n", "\u{feff}"] {
            let (_, said) = read_any(kind, text.as_bytes());
            assert!(
                said.starts_with(&format!("line 1: the file is empty; a file of {kind} needs the columns `")),
                "{said}"
            );
        }
    }
    let (_, said) = read_any(Kind::Cards, sample(Kind::People).as_bytes());
    assert_eq!(
        said,
        "line 1, column `kind`: this column is missing; a file of cards needs the columns `person`, `kind`, `uid` and may \
         have `label`, `uid_format`\nline 1, column `uid`: this column is missing; a file of cards needs the columns \
         `person`, `kind`, `uid` and may have `label`, `uid_format`\n"
    );
}

#[test]
fn large_and_odd_files_are_read_in_one_go() {
    let header = "person;venue;from;until\n";
    let rows = format!("{header}{}", "p;v;2026-01-01;2027-01-01\n".repeat(100_000));
    assert_eq!(read_memberships(rows.as_bytes(), Paris).unwrap().rows.len(), 100_000);
    assert_eq!(
        read_memberships(format!("{header}{}", "x\n".repeat(100_000)).as_bytes(), Paris).unwrap_err().len(),
        300_000
    );
    for text in
        ["\"".repeat(100_000), ";".repeat(100_000), "\"\n".repeat(100_000), format!("{header}{}", ";".repeat(100_000))]
    {
        let _ = read_memberships(text.as_bytes(), Paris);
    }
}

fn key() -> impl Strategy<Value = String> {
    "[!-~é€\u{a0}]([ -~é€]{0,20}[!-~é€])?"
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("empty", |text| !text.is_empty())
}

fn lines() -> impl Strategy<Value = String> {
    "[!-~é]([ -~é\n\r\t]{0,20}[!-~é])?"
}

fn id<T>(parse: fn(&str) -> Result<T, tremen_rules::ids::InvalidId>) -> impl Strategy<Value = T>
where
    T: std::fmt::Debug,
{
    "[a-z0-9][a-z0-9._-]{0,12}".prop_map(move |text| parse(&text).unwrap())
}

fn time() -> impl Strategy<Value = Time> {
    (-5_364_662_400_000_i64..=253_402_300_799_999).prop_map(Time::from_millis)
}

fn span() -> impl Strategy<Value = Span> {
    (time(), proptest::option::of(time())).prop_map(|(a, b)| Span::new(b.map_or(a, |b| a.min(b)), b.map(|b| a.max(b))))
}

fn level() -> impl Strategy<Value = Level> {
    prop_oneof![Just(Level::Discovery), Just(Level::Autonomous), Just(Level::Trainer)]
}

fn date() -> impl Strategy<Value = NaiveDate> {
    (1900_i32..=9999, 1_u32..=365).prop_map(|(year, day)| NaiveDate::from_yo_opt(year, day).unwrap())
}

fn person() -> impl Strategy<Value = PersonRow> {
    use proptest::option::of;
    let language = prop_oneof![Just(Language::Fr), Just(Language::En), Just(Language::Br)];
    (key(), key(), of("[a-z=+-]{1,8}@[a-z.]{1,8}"), of(date()), of(language), of(key()), of(date())).prop_map(
        |(person, name, email, birth_date, language, guardian, guardian_consent)| PersonRow {
            guardian: guardian.filter(|guardian| *guardian != person),
            person,
            name,
            email,
            birth_date,
            language,
            guardian_consent,
        },
    )
}

fn award() -> impl Strategy<Value = AwardRow> {
    use proptest::option::of;
    (
        (key(), id(ReferenceId::parse), 1_u32.., level(), id(IssuerId::parse), span()),
        (of(key()), id(AwardId::parse), of(id(AwardId::parse)), of(span()), of(0_i64..1_000_000_000), of(lines())),
    )
        .prop_map(|((person, reference, version, level, issuer, valid), rest)| {
            let (awarded_by, award, supersedes, suspension, revoked_after, why) = rest;
            let latest = Time::from_millis(253_402_300_799_999);
            AwardRow {
                person,
                reference,
                version,
                level,
                issuer,
                issued_at: valid.from,
                valid_until: valid.until,
                awarded_by,
                supersedes: supersedes.filter(|supersedes| *supersedes != award),
                award: Some(award),
                suspension,
                revoked_at: revoked_after.map(|after| valid.from.plus_millis(after).min(latest)),
                why,
            }
        })
}

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        Just(Scope::Network),
        id(VenueId::parse).prop_map(Scope::Venue),
        id(MachineId::parse).prop_map(Scope::Machine),
        id(ReferenceId::parse).prop_map(Scope::Reference),
    ]
}

fn role() -> impl Strategy<Value = (Role, Scope)> {
    prop_oneof![
        id(VenueId::parse).prop_map(|id| (Role::Trainer, Scope::Venue(id))),
        id(VenueId::parse).prop_map(|id| (Role::Manager, Scope::Venue(id))),
        id(MachineId::parse).prop_map(|id| (Role::Referent, Scope::Machine(id))),
        id(IssuerId::parse).prop_map(|id| (Role::IssuerAgent, Scope::Issuer(id))),
        Just((Role::NetworkAdmin, Scope::Network)),
        Just((Role::Auditor, Scope::Network)),
        id(VenueId::parse).prop_map(|id| (Role::Auditor, Scope::Venue(id))),
    ]
}

fn machine() -> impl Strategy<Value = MachineRow> {
    let hazard = prop_oneof![Just(Hazard::Red), Just(Hazard::Amber), Just(Hazard::Green)];
    let requires = proptest::collection::btree_map(id(ReferenceId::parse), level(), 0..4);
    (id(MachineId::parse), id(VenueId::parse), key(), key(), hazard, requires).prop_map(
        |(machine, venue, name, kind, hazard, requires)| {
            let requires = requires.into_iter().map(|(reference, level)| Required { reference, level }).collect();
            MachineRow { machine, venue, name, kind, hazard, requires }
        },
    )
}

/// The rows of a table that must have been read without a fault, one for each fact.
fn rows<R>(read: Result<Table<R>, Vec<RowError>>) -> Vec<R> {
    read.unwrap_or_else(|errors| panic!("{errors:#?}")).rows.into_iter().map(|row| row.row).collect()
}

/// One row of each identity, in order.
fn unique<R, K: Ord>(rows: Vec<R>, key: impl Fn(&R) -> K) -> Vec<R> {
    let mut seen = std::collections::BTreeSet::new();
    rows.into_iter().filter(|row| seen.insert(key(row))).collect()
}

proptest! {
    #[test]
    fn people_read_as_they_were_written(all in proptest::collection::vec(person(), 0..5)) {
        let all = unique(all, |row| row.person.clone());
        prop_assert_eq!(rows(read_people(write_people(&all).as_bytes(), Paris)), all);
    }

    #[test]
    fn awards_read_as_they_were_written(all in proptest::collection::vec(award(), 0..5)) {
        let all = unique(all, |row| row.award.clone());
        prop_assert_eq!(rows(read_awards(write_awards(&all).as_bytes(), Paris)), all);
    }

    #[test]
    fn cards_read_as_they_were_written(
        all in proptest::collection::vec((key(), 0_usize..5, any::<[u8; 10]>(), proptest::option::of(key())), 0..5)
    ) {
        let all = all.into_iter().map(|(person, length, bytes, label)| {
            let mut uid = bytes[..[3, 4, 5, 7, 10][length]].to_vec();
            uid[0] = 1 + bytes[0] % 254;
            let kind = if uid.len() == 7 { CardKind::Ntag424 } else { CardKind::Uid };
            CardRow { person, kind, uid, label }
        });
        let all = unique(all.collect(), |row| row.uid.clone());
        prop_assert_eq!(rows(read_cards(write_cards(&all).as_bytes(), Paris)), all);
    }

    #[test]
    fn memberships_read_as_they_were_written(
        all in proptest::collection::vec((key(), id(VenueId::parse), span()), 0..5)
    ) {
        let all = all.into_iter().filter(|(_, _, span)| span.until.is_some());
        let all: Vec<_> = all.map(|(person, venue, span)| MembershipRow { person, venue, span }).collect();
        prop_assert_eq!(rows(read_memberships(write_memberships(&all).as_bytes(), Paris)), all);
    }

    #[test]
    fn restrictions_read_as_they_were_written(
        all in proptest::collection::vec((key(), scope(), span(), proptest::option::of(lines())), 0..5)
    ) {
        let row = |(person, scope, span, why)| RestrictionRow { person, scope, span, why };
        let all: Vec<_> = all.into_iter().map(row).collect();
        prop_assert_eq!(rows(read_restrictions(write_restrictions(&all).as_bytes(), Paris)), all);
    }

    #[test]
    fn handovers_read_as_they_were_written(
        all in proptest::collection::vec((key(), id(MachineId::parse), time(), proptest::option::of(key())), 0..5)
    ) {
        let all: Vec<_> = all.into_iter().map(|(person, machine, at, by)| HandoverRow { person, machine, at, by }).collect();
        prop_assert_eq!(rows(read_handovers(write_handovers(&all).as_bytes(), Paris)), all);
    }

    #[test]
    fn roles_read_as_they_were_written(all in proptest::collection::vec((key(), role(), span(), any::<bool>()), 0..5)) {
        let row = |(person, (role, scope), Span { from, until }, begins): (_, _, _, bool)| {
            RoleRow { person, role, scope, from: begins.then_some(from), until }
        };
        let all: Vec<_> = all.into_iter().map(row).collect();
        prop_assert_eq!(rows(read_roles(write_roles(&all).as_bytes(), Paris)), all);
    }

    #[test]
    fn machines_read_as_they_were_written(all in proptest::collection::vec(machine(), 0..5)) {
        let all = unique(all, |row| row.machine.clone());
        prop_assert_eq!(rows(read_machines(write_machines(&all).as_bytes(), Paris)), all);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for kind in Kind::ALL {
            let _ = read_any(kind, &bytes);
        }
    }

    #[test]
    fn no_change_of_a_file_makes_it_panic(
        bad_one: bool,
        kind in 0_usize..8,
        from in 0_usize..900,
        length in 0_usize..40,
        put in proptest::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\";,\n\r\t'=0aZ".to_vec())], 0..8),
    ) {
        let kind = Kind::ALL[kind];
        let mut bytes = if bad_one { bad(kind).0 } else { sample(kind) }.as_bytes().to_vec();
        let from = from.min(bytes.len());
        let until = (from + length).min(bytes.len());
        bytes.splice(from..until, put);
        if let (Some(text), _) = read_any(kind, &bytes) {
            prop_assert_eq!(read_any(kind, text.as_bytes()).0, Some(text));
        }
    }
}
