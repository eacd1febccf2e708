//! What a badge costs: signing, verifying, baking, a status list of 131,072 entries, beside the libraries that the tests check
//! against. `benches/run badge`; the libraries have to be installed once by `tests/validators/run`.
//!
//! Half of our rounds stand before the libraries' and half after, so that a noisy minute is noisy for all.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a measurement that cannot go on says so")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tremen_badges::bake::{Form, bake_png, unbake};
use tremen_badges::contexts::Contexts;
use tremen_badges::keys::{PublicKey, SigningKey};
use tremen_badges::proof::{sign, verify};
use tremen_badges::status_list::StatusList;
use tremen_badges::{dates, json};
use tremen_measure::{Arguments, Report, Samples, interleave, short};

const UNSIGNED: &str = include_str!("../tests/vectors/tremen/vector/unsigned.json");
const CLASS: &[u8] = include_bytes!("../tests/vectors/tremen/image-class.png");
const ROUNDS: usize = 40;

/// What is measured, and by which name whose library does the same.
const DEEDS: [(&str, &str); 6] = [
    ("sign", "sign"),
    ("verify", "verify"),
    ("status list, written", "list"),
    ("status list, read", "read"),
    ("bake into a PNG", "bake"),
    ("read from a PNG", "unbake"),
];

fn main() {
    let Some(arguments) = Arguments::of_bench() else { return };
    let before = ours();
    let mut theirs = serde_json::Map::new();
    theirs.extend(figures("node", &["bench.mjs", &vector("vector/unsigned.json")]));
    theirs.extend(figures(
        ".venv-ob3/bin/python",
        &["bench_bakery.py", &vector("image-class.png"), &vector("vector/unsigned.json")],
    ));
    let ours: Vec<Samples> = before.into_iter().zip(self::ours()).map(|(a, b)| together(&[a, b])).collect();
    let mut report =
        Report::new("badge", "A badge of 5 kB with its class and levels; a list of 131,072 entries, 132 of them set.");
    let mut rows = Vec::new();
    for ((name, key), samples) in DEEDS.iter().zip(&ours) {
        let library = theirs.get(*key).map(of);
        let ratio = library.as_ref().map(|it| it.median().as_secs_f64() / samples.median().as_secs_f64());
        let said = |text: Option<String>| text.unwrap_or_else(|| "not measured".to_owned());
        rows.push(vec![
            (*name).to_owned(),
            short(samples.median()),
            short(samples.p99()),
            said(library.as_ref().map(|it| short(it.median()))),
            said(ratio.map(|ratio| format!("{ratio:.1} x"))),
        ]);
        report.raw_samples(&[(name, samples)]);
        if let Some(library) = &library {
            report.raw_samples(&[(&format!("{name} (library)"), library)]);
        }
    }
    report.table(&["what", "ours p50", "p99", "library p50", "library / ours"], rows);
    if theirs.len() < DEEDS.len() {
        report.say("What was not measured is not installed here: `tests/validators/run` does that, once.");
    }
    report.finish(&arguments);
}

/// A file of the test vectors.
fn vector(name: &str) -> String {
    format!("{}/tests/vectors/tremen/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn ours() -> Vec<Samples> {
    let contexts = Contexts::pinned();
    let unsigned = json::parse(UNSIGNED.as_bytes(), json::MAX_TEXT).unwrap();
    let key = SigningKey::from_seed("did:web:tremen.example:lieux:port#cle-2026", &[7; 32]);
    let public = PublicKey::from_multikey(&key.public_multikey()).unwrap();
    let at = dates::parse("2026-12-01T00:00:00Z").unwrap();
    let proof = Value::Object(sign(&unsigned, &key, &contexts, at).unwrap());
    let set: Vec<u32> = (0..StatusList::LENGTH).step_by(997).collect();
    let encoded = StatusList::with(&set).unwrap().encode();
    let baked = bake_png(CLASS, Form::V3, UNSIGNED).unwrap();
    interleave(
        ROUNDS,
        10,
        &mut [
            &mut || drop(black_box(sign(&unsigned, &key, &contexts, at).unwrap())),
            &mut || assert!(verify(&unsigned, &proof, &public, &contexts).unwrap()),
            &mut || drop(black_box(StatusList::with(&set).unwrap().encode())),
            &mut || assert!(StatusList::decode(&encoded).unwrap().is_set(997).unwrap()),
            &mut || drop(black_box(bake_png(CLASS, Form::V3, UNSIGNED).unwrap())),
            &mut || drop(black_box(unbake(&baked).unwrap())),
        ],
    )
}

/// A library's own figures in nanoseconds, by its own loop; none where it is not installed.
fn figures(program: &str, arguments: &[&str]) -> serde_json::Map<String, Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = target.join("validators/check");
    // A program that is named by a path is looked for from here, not from the folder where it runs.
    let program = if program.contains('/') { folder.join(program) } else { PathBuf::from(program) };
    let run = Command::new(program).args(arguments).arg((2 * ROUNDS).to_string()).current_dir(&folder).output();
    let Some(run) = run.ok().filter(|run| run.status.success()) else { return serde_json::Map::new() };
    serde_json::from_slice(&run.stdout).expect("figures")
}

fn of(figures: &Value) -> Samples {
    let mut samples = Samples::default();
    for nanoseconds in figures.as_array().into_iter().flatten().filter_map(Value::as_u64) {
        samples.push(Duration::from_nanos(nanoseconds));
    }
    samples
}

fn together(parts: &[Samples]) -> Samples {
    let mut all = Samples::default();
    for one in parts.iter().flat_map(Samples::all) {
        all.push(*one);
    }
    all
}
