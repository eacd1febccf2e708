//! Every parser under changed seeds, on any toolchain: briefly here, for longer in `tests/long`, with coverage by `cargo fuzz` in
//! `fuzz/`.

use std::path::PathBuf;

use serde_json::Value;

use crate::dice::Dice;

#[path = "../fuzz/src/lib.rs"]
mod targets;

/// Rounds for each target; `TREMEN_FUZZ_ROUNDS` asks for another number.
const ROUNDS: usize = 150;

/// What is put between: the letters that parsers stumble over.
const PIECES: [&[u8]; 14] = [
    b"{",
    b"}",
    b"[",
    b"\"",
    b"\\u0000",
    b",",
    b"\0",
    b"\xff",
    b"\xc2\xa0",
    b"]]>",
    b"<a",
    b"-1e999",
    b"18446744073709551616",
    b"=",
];

/// The files that a target begins from, by the folders in which they lie and the ends of their names.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let badges = "crates/badges/tests/vectors";
    let (folders, ends): (&[&str], &[&str]) = match target {
        "badge_file" => (
            &[badges],
            &["simple.json", "laser-1.json", "laser-5.json", "assertion.json", "tokens.json", ".jwt", "baked-3.0.png"],
        ),
        "badge_answer" => {
            (&[badges], &["did.json", "list.json", "statuts/1.json", "issuer.json", "badgeclass.json", "r-2.json"])
        }
        "badge_picture" => (&[badges, "crates/server/src/web"], &["baked-2.0.png", "image-class.png", ".svg"]),
        "badge_document" => (&[badges], &["laser-5.json", "port/did.json", "unsigned.json", "r-2.json", "2021.json"]),
        "network_file" => (&["config/sample"], &[".toml"]),
        "tables" => (&["config/sample"], &[".csv"]),
        _ => (&[], &[]),
    };
    let mut found: Vec<Vec<u8>> = folders.iter().flat_map(|folder| files(folder, ends)).collect();
    let texts: &[&str] = match target {
        "badge_picture" => &[r#"<svg xmlns="http://www.w3.org/2000/svg"><g fill="red"><circle r="9"/></g></svg>"#],
        "badge_keys" => &[
            "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
            "2026-03-02T17:30:00+01:00",
            "did:web:tremen.example:lieux:port",
            r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
        ],
        "status_list" => &["uH4sIAAAAAAAA_-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"],
        _ => &[],
    };
    found.extend(texts.iter().map(|text| text.as_bytes().to_vec()));
    found.extend(match target {
        "badge_keys" => ["1", "2"].map(key).to_vec(),
        "wire_up" => messages("/up/"),
        "wire_down" => messages("/down/"),
        _ => Vec::new(),
    });
    found
}

/// The RSA key of an issuer of the vectors.
fn key(name: &str) -> Vec<u8> {
    let document = files("crates/badges/tests/vectors/ob20/assets", &[&format!("key{name}.json")]).remove(0);
    let document: Value = serde_json::from_slice(&document).unwrap();
    document["publicKeyPem"].as_str().unwrap().as_bytes().to_vec()
}

/// The messages of the wire's vectors in one direction, each plain and sealed.
fn messages(direction: &str) -> Vec<Vec<u8>> {
    let vectors: Value = serde_json::from_str(include_str!("../crates/wire/tests/vectors/protocol.json")).unwrap();
    let good = vectors["good"].as_array().unwrap().iter();
    let ours = good.filter(|vector| vector["topic"].as_str().unwrap().contains(direction));
    let both = |vector: &Value| {
        let sealed = vector["sealed"].as_str().unwrap().as_bytes().chunks(2);
        let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        [vector["plain"].to_string().into_bytes(), sealed.map(byte).collect()]
    };
    ours.flat_map(both).collect()
}

fn files(folder: &str, ends: &[&str]) -> Vec<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut folders, mut paths) = (vec![root.join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if ends.iter().any(|end| path.to_string_lossy().ends_with(end)) {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.into_iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// How many changes are made: often one, so that much of what comes is still read and goes on to what lies behind the reading.
const CHANGES: [usize; 8] = [1, 1, 1, 1, 2, 3, 5, 8];

/// A seed with up to eight changes: a bit, a piece put in, a part cut out, doubled, or taken from another seed.
fn changed(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seeds[dice.below(seeds.len())].clone();
    for _change in 0..CHANGES[dice.below(CHANGES.len())] {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(40)).min(bytes.len());
        match dice.below(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 => drop(bytes.splice(at..at, PIECES[dice.below(PIECES.len())].iter().copied())),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let part = bytes[at..end].repeat(1 + dice.below(30));
                bytes.splice(at..at, part);
            }
            4 => {
                let other = &seeds[dice.below(seeds.len())];
                let from = dice.below(other.len() + 1);
                let part = other[from..(from + dice.below(200)).min(other.len())].to_vec();
                bytes.splice(at..end, part);
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

/// `TREMEN_CORPUS` names a folder to write the seeds to, where `cargo fuzz` finds them.
#[test]
fn every_seed_is_read_by_the_parser_that_it_is_for() {
    for (name, target) in targets::TARGETS {
        let unread = seeds(name).into_iter().filter(|seed| !target(seed));
        let unread: Vec<String> = unread.map(|seed| String::from_utf8_lossy(&seed).into_owned()).collect();
        assert!(unread.is_empty(), "{name} does not read {unread:#?}");
        if let Some(corpus) = std::env::var_os("TREMEN_CORPUS") {
            let folder = PathBuf::from(corpus).join(name);
            std::fs::create_dir_all(&folder).unwrap();
            for (i, seed) in seeds(name).into_iter().enumerate() {
                std::fs::write(folder.join(format!("seed-{i:02}")), seed).unwrap();
            }
        }
    }
}

#[test]
fn no_bytes_make_a_parser_panic_or_contradict_itself() {
    let rounds = std::env::var("TREMEN_FUZZ_ROUNDS").ok().and_then(|it| it.parse().ok()).unwrap_or(ROUNDS);
    let ahead = std::env::var("TREMEN_SEEDS_AHEAD").ok().and_then(|it| it.parse().ok()).unwrap_or(0_u64);
    for (name, target) in targets::TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name} begins from nothing");
        let mut read = 0_usize;
        for round in 0..rounds {
            let seed = ahead + round as u64;
            let bytes = changed(&seeds, &mut Dice::of(seed));
            let ran = std::panic::catch_unwind(|| target(&bytes));
            let Ok(was_read) = ran else { panic!("{name}, seed {seed}: {:?}", String::from_utf8_lossy(&bytes)) };
            read += usize::from(was_read);
        }
        println!("{name}: {rounds} changed files, {read} of them still read");
    }
}
