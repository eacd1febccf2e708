//! The house's own rules, read from its sources: what each room may not touch (`docs/ARCHITECTURE.md`).
//!
//! Words are looked for in code, and texts in string literals, without comments and without a file's `mod tests`. When
//! one of these fails, move the line to the room where it belongs; a rule that is wrong is changed here and in
//! `docs/ARCHITECTURE.md`, with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// One source file, taken apart.
struct Source {
    /// From the root of the repository, with `/`.
    path: String,
    /// All of it.
    whole: String,
    /// What is compiled for the product, without comments, each string literal emptied.
    code: String,
    /// The string literals of that code.
    texts: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file below a folder whose name ends so, in order.
fn files(folder: &str, ends: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && !name.starts_with("target") && name != "data" {
                folders.push(path);
            } else if ends.iter().any(|end| name.ends_with(end)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

/// The product's sources: `crates/*/src` and the bridge's, without modules that are for tests alone.
fn sources() -> Vec<Source> {
    let paths = ["crates", "firmware-bridge"].into_iter().flat_map(|folder| files(folder, &[".rs"]));
    let all: BTreeMap<String, String> = paths
        .map(|path| (relative(&path), std::fs::read_to_string(&path).unwrap()))
        .filter(|(path, _)| path.contains("/src/"))
        .collect();
    let for_tests: BTreeSet<String> = all.iter().flat_map(|(path, whole)| test_modules(path, whole)).collect();
    let sources: Vec<_> = all
        .into_iter()
        .filter(|(path, _)| !for_tests.contains(path))
        .map(|(path, whole)| {
            let (code, texts) = take_apart(product(&whole));
            Source { path, whole, code, texts }
        })
        .collect();
    assert!(sources.len() > 100, "the sources are not where they were: {}", sources.len());
    sources
}

/// Where `#[cfg(test)]` stands, with the line that follows it.
fn test_marks(whole: &str) -> impl Iterator<Item = (usize, &str)> {
    let mark = "#[cfg(test)]\n";
    whole
        .match_indices(mark)
        .map(move |(at, _)| (at, whole.split_at(at + mark.len()).1.lines().next().unwrap_or_default()))
}

/// A file up to its tests.
fn product(whole: &str) -> &str {
    let tests = test_marks(whole).find(|(_, line)| line.contains("mod ") && line.ends_with('{'));
    tests.map_or(whole, |(at, _)| whole.split_at(at).0)
}

/// The files of modules that a file declares for tests alone.
fn test_modules(path: &str, whole: &str) -> Vec<String> {
    let (folder, name) = path.rsplit_once('/').unwrap();
    let own = match name {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        _ => path.trim_end_matches(".rs").to_owned(),
    };
    let declared = test_marks(whole).filter_map(|(_, line)| line.strip_suffix(';')?.split("mod ").nth(1));
    declared.flat_map(|name| [format!("{own}/{name}.rs"), format!("{own}/{name}/mod.rs")]).collect()
}

/// Splits Rust into code without comments and texts, and the texts.
fn take_apart(source: &str) -> (String, Vec<String>) {
    let (mut code, mut texts) = (String::new(), Vec::new());
    let mut rest = source;
    while let Some(letter) = rest.chars().next() {
        let raw = raw_string(rest, &code);
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| rest.split_at(end).1);
        } else if rest.starts_with("/*") {
            rest = rest.find("*/").map_or("", |end| rest.split_at(end + 2).1);
        } else if let Some((text, after)) = raw {
            code.push_str("\"\"");
            texts.push(text);
            rest = after;
        } else if letter == '"' {
            let end = end_of_string(rest);
            let (text, after) = rest.split_at(end);
            code.push_str("\"\"");
            texts.push(text.trim_matches('"').to_owned());
            rest = after;
        } else if let Some(after) = rest.strip_prefix("'\"'").or_else(|| rest.strip_prefix("'\\\"'")) {
            rest = after; // a quote as a character
        } else {
            code.push(letter);
            rest = rest.split_at(letter.len_utf8()).1;
        }
    }
    (code, texts)
}

/// The byte after a string literal that begins here.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// A raw string that begins here, and what follows it.
fn raw_string<'a>(rest: &'a str, before: &str) -> Option<(String, &'a str)> {
    let marks = rest.strip_prefix('r')?;
    let inner = marks.trim_start_matches('#');
    let hashes = marks.len() - inner.len();
    let inner = inner.strip_prefix('"')?;
    let last = before.chars().next_back();
    if last.is_some_and(|last| last != 'b' && (last.is_alphanumeric() || last == '_')) {
        return None;
    }
    let (text, after) = inner.split_once(&format!("\"{}", "#".repeat(hashes)))?;
    Some((text.to_owned(), after))
}

/// Whether a word stands in code on its own, not as a part of a longer one.
fn says(code: &str, word: &str) -> bool {
    let is_part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    code.match_indices(word).any(|(at, _)| {
        let (before, after) = (code.split_at(at).0, code.split_at(at + word.len()).1);
        !is_part(before.chars().next_back()) && !is_part(after.chars().next())
    })
}

/// Fails if one of the words stands in code of a file that none of the rooms holds.
fn only_in(rooms: &[&str], words: &[&str]) {
    let outside = |source: &Source| !rooms.iter().any(|room| source.path.starts_with(room));
    let mut found = Vec::new();
    for source in sources().into_iter().filter(outside) {
        found.extend(
            words.iter().filter(|word| says(&source.code, word)).map(|word| format!("{}: {word}", source.path)),
        );
    }
    assert!(found.is_empty(), "only {rooms:?} may say these words:\n{}", found.join("\n"));
}

/// Fails if one of the words stands in code of the room.
fn never_in(room: &str, words: &[&str]) {
    let mut found = Vec::new();
    for source in sources().into_iter().filter(|source| source.path.starts_with(room)) {
        found.extend(
            words.iter().filter(|word| says(&source.code, word)).map(|word| format!("{}: {word}", source.path)),
        );
    }
    assert!(found.is_empty(), "{room} may not say these words:\n{}", found.join("\n"));
}

const STORE: &str = "crates/server/src/store/";
const MACHINES: &str = "crates/server/src/machines/";
const FLOWS: &str = "crates/server/src/flows/";
const WEB: &str = "crates/server/src/web/";
const BACKUP: &str = "crates/server/src/backup/";
const CLI: &str = "crates/server/src/cli/";

#[test]
fn the_reader_of_sources_tells_code_from_comments_and_texts() {
    let source = r##"use a; // "no" text
        /* b */ let c = "d \" e"; let f = r#"g "h" i"#; let j = '"'; let k: &'static str = "l\\"; fn m() {}"##;
    let (code, texts) = take_apart(source);
    assert_eq!(texts, ["d \\\" e", "g \"h\" i", "l\\\\"]);
    assert!(says(&code, "m") && says(&code, "c") && !says(&code, "b") && !says(&code, "g") && !says(&code, "stat"));
}

#[test]
fn the_database_is_spoken_to_in_the_store_alone() {
    only_in(&[STORE], &["rusqlite", "postgres"]);
}

#[test]
fn sql_is_written_in_the_store_alone() {
    let is_sql = |text: &str| {
        let update = text.contains("UPDATE ") && text.contains(" SET ");
        let select = text.contains("SELECT ") && text.contains(" FROM ");
        update
            || select
            || ["INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "PRAGMA "].iter().any(|word| text.contains(word))
    };
    let mut found = Vec::new();
    for source in sources().into_iter().filter(|source| !source.path.starts_with(STORE)) {
        found.extend(source.texts.iter().filter(|text| is_sql(text)).map(|text| format!("{}: {text}", source.path)));
    }
    assert!(found.is_empty(), "SQL outside {STORE}:\n{}", found.join("\n"));
}

#[test]
fn mqtt_is_spoken_by_machines_and_by_the_bridge_alone() {
    only_in(&[MACHINES, "firmware-bridge/src/broker.rs"], &["rumqttc", "mqtt5"]);
}

#[test]
fn strangers_are_asked_in_one_place_and_never_on_the_way_to_a_decision() {
    only_in(&["crates/server/src/fetch.rs"], &["lookup_host", "TlsConnector"]);
    for room in [STORE, FLOWS, MACHINES] {
        never_in(room, &["crate::fetch"]);
    }
}

#[test]
fn topics_are_no_matter_of_flows_store_or_pages() {
    let rooms = [STORE, FLOWS, WEB, CLI, "crates/rules/", "crates/files/", "crates/controller/"];
    let mut found = Vec::new();
    for source in sources().into_iter().filter(|source| rooms.iter().any(|room| source.path.starts_with(room))) {
        let topics = source.texts.iter().filter(|text| text.contains("tremen/1/"));
        found.extend(topics.map(|text| format!("{}: {text}", source.path)));
    }
    assert!(found.is_empty(), "topics outside their room:\n{}", found.join("\n"));
}

#[test]
fn markup_is_made_by_pages_alone() {
    only_in(&[WEB], &["maud"]);
    let mut found = Vec::new();
    // A badge's SVG is a document that is read and baked, not a page.
    let elsewhere = |path: &str| !path.starts_with(WEB) && !path.starts_with("crates/badges/");
    for source in sources().into_iter().filter(|source| elsewhere(&source.path)) {
        found.extend(
            source.texts.iter().filter(|text| text.contains("</")).map(|text| format!("{}: {text}", source.path)),
        );
    }
    assert!(found.is_empty(), "markup outside {WEB}:\n{}", found.join("\n"));
}

#[test]
fn the_wall_clock_is_read_in_one_place() {
    let mut found = Vec::new();
    for source in sources().into_iter().filter(|source| source.path != "crates/server/src/clock.rs") {
        for call in ["Utc::now", "Local::now", "SystemTime::now", "OffsetDateTime::now"] {
            if source.code.contains(call) {
                found.push(format!("{}: {call}", source.path));
            }
        }
    }
    assert!(found.is_empty(), "only clock.rs reads the wall clock:\n{}", found.join("\n"));
}

#[test]
fn rules_and_files_know_no_files_network_clock_chance_or_threads() {
    for room in ["crates/rules/src/", "crates/files/src/"] {
        let words =
            ["fs", "net", "env", "io", "process", "thread", "async", "tokio", "tracing", "getrandom", "SystemTime"];
        never_in(room, &words);
    }
}

#[test]
fn the_encryption_of_backups_opens_no_file_and_draws_no_chance() {
    never_in("crates/age/src/", &["fs", "net", "env", "process", "thread", "async", "getrandom", "SystemTime"]);
}

#[test]
fn the_wire_and_the_controller_run_without_std() {
    for room in ["crates/wire/src/", "crates/controller/src/"] {
        never_in(room, &["std"]);
        let lib = std::fs::read_to_string(root().join(room).join("lib.rs")).unwrap();
        assert!(lib.contains("\n#![no_std]\n"), "{room}lib.rs");
    }
}

#[test]
fn a_relay_closes_in_two_places_of_the_controller_alone() {
    let closes = |source: &Source| source.code.contains("relay.close(");
    let in_controller = |source: &Source| source.path.starts_with("crates/controller/");
    let places: Vec<_> = sources().into_iter().filter(|it| in_controller(it) && closes(it)).map(|it| it.path).collect();
    assert_eq!(places, ["crates/controller/src/asking.rs", "crates/controller/src/offline.rs"]);
}

#[test]
fn the_rooms_of_the_server_depend_on_each_other_downwards_only() {
    let above = BTreeMap::from([
        (STORE, vec!["crate::flows", "crate::machines", "crate::web", "crate::cli", "crate::serve"]),
        (BACKUP, vec!["crate::machines", "crate::web", "crate::cli", "crate::serve"]),
        (FLOWS, vec!["crate::backup", "crate::machines", "crate::web", "crate::cli", "crate::serve"]),
        (MACHINES, vec!["crate::web", "crate::cli", "crate::serve"]),
        (WEB, vec!["crate::machines", "crate::cli", "crate::serve"]),
        (
            "crates/server/src/limits/",
            vec!["crate::store", "crate::flows", "crate::machines", "crate::web", "crate::cli", "crate::serve"],
        ),
        (
            "crates/server/src/words/",
            vec!["crate::flows", "crate::machines", "crate::web", "crate::cli", "crate::serve"],
        ),
    ]);
    for (room, words) in above {
        never_in(room, &words);
    }
}

#[test]
fn the_store_decides_nothing() {
    never_in(STORE, &["decide", "end_of_grant", "session_is_refused"]);
}

#[test]
fn journal_entries_are_written_by_flows_alone() {
    for room in [MACHINES, WEB, BACKUP, CLI] {
        let mut found = sources().into_iter().filter(|it| it.path.starts_with(room) && it.code.contains("tx.record("));
        assert_eq!(found.next().map(|source| source.path), None);
    }
}

/// The dependencies of ours that a crate's manifest names, tests' own aside.
fn ours(manifest: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(manifest)).unwrap();
    let product = text.split("[dev-dependencies]").next().unwrap().to_owned();
    let lines = product.lines().filter(|line| line.starts_with("tremen-") || line.starts_with("\"tremen-"));
    let mut names: Vec<_> =
        lines.map(|line| line.split([' ', '=', '.']).next().unwrap().trim_matches('"').to_owned()).collect();
    names.sort();
    names
}

#[test]
fn crates_depend_on_each_other_downwards_only() {
    let expected = BTreeMap::from([
        ("crates/age", vec![]),
        ("crates/rules", vec![]),
        ("crates/tlog", vec![]),
        ("crates/wire", vec![]),
        ("crates/files", vec!["tremen-rules"]),
        ("crates/badges", vec!["tremen-rules"]),
        ("crates/controller", vec!["tremen-wire"]),
        (
            "crates/server",
            vec![
                "tremen-age",
                "tremen-badges",
                "tremen-controller",
                "tremen-files",
                "tremen-rules",
                "tremen-tlog",
                "tremen-wire",
            ],
        ),
        ("firmware-bridge", vec!["tremen-controller", "tremen-files", "tremen-wire"]),
        ("tests", vec!["tremen-server"]), // the program, which some stories start
    ]);
    for (krate, dependencies) in &expected {
        assert_eq!(&ours(&format!("{krate}/Cargo.toml")), dependencies, "{krate}");
    }
    let manifests = files("crates", &["Cargo.toml"]);
    let unknown = manifests.iter().map(|path| relative(path)).filter(|path| {
        let krate = path.trim_end_matches("/Cargo.toml");
        !expected.contains_key(krate)
    });
    assert_eq!(unknown.collect::<Vec<_>>(), Vec::<String>::new(), "a new crate has its arrows here and in the map");
}

#[test]
fn every_crate_says_in_a_sentence_what_it_is_and_takes_the_houses_lints() {
    let manifests =
        ["crates", "firmware-bridge", "tests"].into_iter().flat_map(|folder| files(folder, &["Cargo.toml"]));
    for path in manifests {
        let text = std::fs::read_to_string(&path).unwrap();
        let description = text.lines().find_map(|line| line.strip_prefix("description = ")).unwrap_or_default();
        assert!(description.split_whitespace().count() > 4, "{}: {description}", relative(&path));
        assert!(text.contains("[lints]\nworkspace = true"), "{}", relative(&path));
    }
}

#[test]
fn every_module_opens_with_what_it_is_for() {
    let silent = sources().into_iter().filter(|source| !source.whole.starts_with("//!")).map(|source| source.path);
    assert_eq!(silent.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn nothing_reaches_outside_the_repository() {
    // Written in two halves, so that this file does not name them itself.
    let outside = [concat!("../", "shared"), concat!("/wo", "rk/")];
    let mut found = Vec::new();
    for path in
        files("", &[".rs", ".toml", ".md", ".sql", ".json", ".js", ".css", ".html", "run", "long", ".txt", ".csv"])
    {
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        found.extend(outside.iter().filter(|it| text.contains(**it)).map(|it| format!("{}: {it}", relative(&path))));
    }
    assert!(found.is_empty(), "these name what is not in the repository:\n{}", found.join("\n"));
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |folder: &str| -> Vec<String> {
        let name = |path: PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        let all = files(folder, &[".sql"]).into_iter().map(name);
        all.filter(|name| name.starts_with(|letter: char| letter.is_ascii_digit())).collect()
    };
    let sqlite = names("migrations/sqlite");
    assert!(!sqlite.is_empty());
    for (at, name) in sqlite.iter().enumerate() {
        assert!(name.starts_with(&format!("{:04}_", at + 1)), "{name} is not number {}", at + 1);
    }
    if root().join("migrations/postgres").exists() {
        assert_eq!(names("migrations/postgres"), sqlite);
    }
}

#[test]
fn the_embedded_broker_is_pinned_and_no_old_certificate_checker_comes_along() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(
        manifest.contains("mqtt5 = { version = \"="),
        "mqtt5 is young: each version is looked at before it is taken"
    );
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let old = "name = \"rustls-webpki\"\nversion = \"0.102";
    assert!(!lock.contains(old), "rustls-webpki 0.102 has open advisories: a TLS feature of rumqttc brings it");
}

#[test]
fn every_file_that_the_papers_name_is_there() {
    let mut missing = Vec::new();
    for paper in ["README.md", "CONTRIBUTING.md", "docs/ARCHITECTURE.md", "firmware-bridge/README.md"] {
        let text = std::fs::read_to_string(root().join(paper)).unwrap();
        // Odd parts stand between backticks.
        let named = text.split('`').skip(1).step_by(2).filter_map(|it| it.split([' ', '{', '*', '\n']).next());
        let rooms = ["crates/", "config/", "docs/", "firmware-bridge/", "migrations/", "tests/"];
        let paths = named.filter(|it| rooms.iter().any(|room| it.starts_with(room)) && *it != "crates/badges");
        missing.extend(paths.filter(|it| !root().join(it).exists()).map(|it| format!("{paper}: {it}")));
    }
    assert!(missing.is_empty(), "these are named and not there:\n{}", missing.join("\n"));
}

#[test]
fn every_story_is_told() {
    let stories = std::fs::read_to_string(root().join("tests/stories.rs")).unwrap();
    let names = files("tests", &[".rs"]).into_iter().map(|path| relative(&path)).filter_map(|path| {
        path.strip_prefix("tests/")?.strip_suffix(".rs").filter(|name| !name.contains('/')).map(str::to_owned)
    });
    let others = ["stories", "lib", "no_std"]; // the program itself, the empty library, and what tests/run compiles
    let untold = names.filter(|name| !others.contains(&name.as_str()) && !stories.contains(&format!("mod {name};")));
    assert_eq!(untold.collect::<Vec<_>>(), Vec::<String>::new(), "tests/stories.rs does not name these");
}
