//! What is said of network files: the sample, a bad one, and whatever a mutation makes of them.

use std::fmt::Write as _;

use proptest::prelude::*;
use tremen_files::network_file::{read, write};

const SAMPLE: &str = include_str!("../../../config/sample/network.toml");
const BAD: &str = include_str!("bad/network.toml");

fn said_of(text: &str) -> String {
    let mut said = String::new();
    match read(text) {
        Ok(read) => read.warnings.iter().for_each(|warning| writeln!(said, "{warning}").unwrap_or_default()),
        Err(errors) => errors.iter().for_each(|error| writeln!(said, "{error}").unwrap_or_default()),
    }
    said
}

#[test]
fn the_sample_network_reads_and_names_its_risks() {
    let read = read(SAMPLE).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let network = &read.network;
    assert_eq!((network.issuers.len(), network.venues.len(), network.references.len()), (5, 4, 3));
    assert_eq!((network.machines.len(), network.acceptances.len(), network.controllers.len()), (4, 3, 4));
    assert!(network.check().is_empty());
    let warnings: Vec<String> = read.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 2, "{warnings:#?}");
    assert!(
        warnings[0].starts_with("line 126: machine `laser-ponant`, `min_assurance`: a red machine"),
        "{warnings:#?}"
    );
    assert!(warnings[1].starts_with("line 191: controller `ponant-laser`, `profile`: `laser-ponant` is red"));
}

#[test]
fn the_sample_network_can_be_written_and_read_again() {
    let network = read(SAMPLE).unwrap().network;
    let text = write(&network);
    assert_eq!(read(&text).unwrap().network, network, "{text}");
    assert_eq!(write(&network), text);
    assert_eq!(text, include_str!("good/sample.written.toml"));
}

#[test]
fn every_fault_of_a_bad_network_file_is_said_at_once_with_its_line() {
    assert_eq!(said_of(BAD), include_str!("bad/network.errors.txt"), "{}", said_of(BAD));
}

#[test]
fn a_file_that_is_not_toml_is_refused_at_the_first_place_where_it_is_not() {
    for (text, said) in [
        (
            "[network]\nname = \"a\"\nname = \"b\"\n",
            "line 3: `name` stands twice in the same table; leave one of them\n",
        ),
        ("[network]\n\nname = \n", "line 3: this is not TOML: string values must be quoted, expected literal string\n"),
    ] {
        assert_eq!(said_of(text), said);
    }
    assert!(said_of("\u{feff}[network]\n[network]").starts_with("line 2: `network` stands twice"));
}

#[test]
fn columns_count_characters_and_not_bytes() {
    let errors = read("[network]\nlanguages = [\"fr\"]\nname = 'é'\nfour_eyes = [ 'é', 'level-3', 'x' ]").unwrap_err();
    let places: Vec<_> = errors.iter().map(|error| (error.line, error.column)).collect();
    assert_eq!(places, [(4, 15), (4, 31)]);
    let errors = read("\u{feff}nework = 1").unwrap_err();
    assert_eq!((errors[0].line, errors[0].column), (1, 1));
}

#[test]
fn an_empty_file_says_what_is_missing() {
    assert_eq!(said_of(""), "line 1: the table [network] is missing; it needs `name` and `languages`\n");
    assert!(said_of("network = 1").contains("[network] stands once"));
    assert!(said_of("[[network]]").contains("[network] stands once"));
}

#[test]
fn a_network_needs_no_more_than_a_name_and_a_language() {
    let read = read("network = { name = 'n', languages = ['br'] }").unwrap();
    assert_eq!(read.network.settings.time_zone, chrono_tz::Europe::Paris);
    assert_eq!(write(&read.network), "[network]\nname = \"n\"\nlanguages = [\"br\"]\n");
}

#[test]
fn deep_and_long_files_are_refused_without_harm() {
    let deep = format!("{}=1", "a.".repeat(50_000) + "a");
    assert!(read(&deep).is_err());
    assert!(read(&format!("a = {}", "[".repeat(50_000))).is_err());
    assert!(read(&format!("a = {}", "{a=".repeat(50_000))).is_err());
    let long = format!("[network]\nname='n'\nlanguages=['fr']\nfour_eyes=[{}]", "'é',".repeat(100_000));
    assert_eq!(read(&long).unwrap_err().len(), 100_000);
    let many: String = (0..20_000).fold(String::new(), |text, n| text + &format!("k{n} = 1\n"));
    assert_eq!(read(&many).unwrap_err().len(), 20_001);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC*") {
        let _ = read(&text);
    }

    #[test]
    fn no_change_of_a_file_makes_it_panic(
        bad: bool,
        from in 0_usize..6000,
        length in 0_usize..200,
        put in prop_oneof!["\\PC{0,8}", "[]\\[\"'{}=,.0-9a-z\n-]{0,8}"],
    ) {
        let original = if bad { BAD } else { SAMPLE };
        let kept: String = original.chars().take(from).collect();
        let rest: String = original.chars().skip(from + length).collect();
        if let Ok(read_once) = read(&format!("{kept}{put}{rest}")) {
            let text = write(&read_once.network);
            prop_assert_eq!(read(&text).unwrap().network, read_once.network);
        }
    }

    #[test]
    fn two_lines_that_change_places_do_not_make_it_panic(one in 0_usize..200, other in 0_usize..200, bad: bool) {
        let mut lines: Vec<&str> = if bad { BAD } else { SAMPLE }.lines().collect();
        let (one, other) = (one % lines.len(), other % lines.len());
        lines.swap(one, other);
        let _ = read(&lines.join("\r\n"));
    }
}

#[test]
fn a_table_of_its_own_is_as_good_as_one_in_braces() {
    let head = "[network]\nname = 'n'\nlanguages = ['fr']\n[[venue]]\nid = 'v'\nname = 'v'\n";
    let in_braces = read(&format!("{head}hours = {{ mon = ['09:00-18:00'] }}\nclosed = ['2026-12-24']\n")).unwrap();
    let of_its_own = read(&format!("{head}closed = [2026-12-24]\n[venue.hours]\nmon = ['09:00-18:00']\n")).unwrap();
    assert_eq!(in_braces, of_its_own);
    let said = said_of(&format!("{head}[venue.hours]\n\nmonday = ['09:00-18:00']\n"));
    assert_eq!(said, "line 9: `monday` is not a key of `hours` of venue `v`; did you mean `mon`?\n");
}

#[test]
fn who_names_an_entry_that_has_a_fault_is_not_at_fault() {
    let said = said_of(
        "[network]\nname = 'n'\nlanguages = ['fr']\n[[issuer]]\nid = 'i'\nname = 'i'\nkind = 'club'\n[[venue]]\nid = \
         'v'\nname = 'v'\nissuer = 'i'\n",
    );
    assert_eq!(said, "line 7: issuer `i`, `kind`: `club` is not a kind of issuer: `organisation`, `individual`\n");
}
