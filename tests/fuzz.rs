//! Every parser under changed seeds, on any toolchain: briefly here, for longer in `tests/long`, with coverage by `cargo fuzz` in
//! `fuzz/`.

use std::path::PathBuf;

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
        "badge_file" => {
            (&[badges], &["simple.json", "laser-1.json", "laser-5.json", "assertion.json", ".jwt", "baked-3.0.png"])
        }
        "badge_picture" => (&[badges, "crates/server/src/web"], &["baked-2.0.png", "image-class.png", ".svg"]),
        "badge_document" => (&[badges], &["laser-5.json", "did.json", "unsigned.json", "badgeclass.json"]),
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
            "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8QuKUpR\n-----END PUBLIC KEY-----",
        ],
        "status_list" => &["uH4sIAAAAAAAA_-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"],
        "wire_up" => &[
            r#"{"v":1,"nonce":"00112233445566778899aabbccddeeff","machine":"trotec-speedy","reading":{"uid":"04a1b2c3d4e580"},"intent":"use"}"#,
            r#"{"v":1,"event":"started","machine":"trotec-speedy","session":"x"}"#,
        ],
        "wire_down" => &[
            r#"{"v":1,"nonce":"00112233445566778899aabbccddeeff","verdict":"deny","reasons":["no_award"],"display":["a","b"]}"#,
        ],
        _ => &[],
    };
    found.extend(texts.iter().map(|text| text.as_bytes().to_vec()));
    found
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

/// A seed with up to eight changes: a bit, a piece put in, a part cut out, doubled, or taken from another seed.
fn changed(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seeds[dice.below(seeds.len())].clone();
    for _change in 0..=dice.below(8) {
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

#[test]
fn no_bytes_make_a_parser_panic_or_contradict_itself() {
    let rounds = std::env::var("TREMEN_FUZZ_ROUNDS").ok().and_then(|it| it.parse().ok()).unwrap_or(ROUNDS);
    let ahead = std::env::var("TREMEN_SEEDS_AHEAD").ok().and_then(|it| it.parse().ok()).unwrap_or(0_u64);
    for (name, target) in targets::TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name} begins from nothing");
        for seed in &seeds {
            target(seed);
        }
        for round in 0..rounds {
            let seed = ahead + round as u64;
            let bytes = changed(&seeds, &mut Dice::of(seed));
            let ran = std::panic::catch_unwind(|| target(&bytes));
            assert!(ran.is_ok(), "{name}, seed {seed}: {:?}", String::from_utf8_lossy(&bytes));
        }
    }
}
