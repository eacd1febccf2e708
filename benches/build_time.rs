//! What it takes to build and test Tremen from nothing, how many crates it stands on, and how large the program is; beside
//! the release before, which is the newest tag `v...` behind this commit.
//!
//! `cargo bench -p tremen-measure --bench build -- [--save]`. It belongs to that package because it must be compiled
//! without anything that it measures. The release folder is emptied for it, and holds the program again afterwards.
#![expect(clippy::expect_used, clippy::panic, reason = "a measurement that cannot go on says why")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tremen_measure::{Arguments, Report, short};

/// What one release costs whoever builds it.
struct Made {
    build: Duration,
    crates: usize,
    bytes: u64,
    tests_built: Duration,
    tests_run: Duration,
    tests: usize,
    /// Whether all of them passed; the times stand all the same.
    passed: bool,
}

fn main() {
    let Some(arguments) = Arguments::of_bench() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let scratch = target.join("benches/build");
    let before = said(&root, "git", &["describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^"]);
    let mut releases = vec![("this one".to_owned(), made(&root, &target, &scratch.join("tests")))];
    if let Some(tag) = &before {
        let tree = scratch.join("before");
        run(&root, "git", &["worktree", "add", "--force", "--detach", &tree.display().to_string(), tag]);
        releases.push((tag.clone(), made(&tree, &scratch.join("before-target"), &scratch.join("tests"))));
        run(&root, "git", &["worktree", "remove", "--force", &tree.display().to_string()]);
    }
    remove(&scratch);

    let mut report = Report::new("build", "From nothing, the crates' sources being there already.");
    report.raw(&[&"release", &"build_s", &"crates", &"program_bytes", &"tests_built_s", &"tests_run_s", &"tests"]);
    for (name, it) in &releases {
        let [build, tests_built, tests_run] =
            [it.build, it.tests_built, it.tests_run].map(|it| format!("{:.1}", it.as_secs_f64()));
        report.raw(&[name, &build, &it.crates, &it.bytes, &tests_built, &tests_run, &it.tests]);
    }
    let rows = releases.iter().map(|(name, it)| {
        let size = format!("{}.{} MB", it.bytes / 1_000_000, it.bytes / 100_000 % 10);
        let [build, tests_built, tests_run] = [it.build, it.tests_built, it.tests_run].map(short);
        let tests = format!("{} passed{}", it.tests, if it.passed { "" } else { ", others failed" });
        vec![name.clone(), build, it.crates.to_string(), size, tests_built, tests_run, tests]
    });
    let header = [
        "release",
        "`cargo build --release`",
        "crates in the program",
        "the program",
        "building all tests",
        "running them",
        "tests",
    ];
    report.table(&header, rows.collect());
    report.say(&format!(
        "{} Crates are those that `tremen` is linked of or built with, ours included, each version counted.",
        if before.is_some() { "" } else { "There is no release before this one." }
    ));
    report.finish(&arguments);
}

/// Builds the program in one folder and the tests in another, both empty at first.
fn made(tree: &Path, target: &Path, tests: &Path) -> Made {
    remove(&target.join("release"));
    remove(tests);
    let cargo = |target: &Path, arguments: &[&str]| {
        let mut command = Command::new("cargo");
        command.args(arguments).current_dir(tree).env("CARGO_TARGET_DIR", target);
        command
    };
    let build = timed(&mut cargo(target, &["build", "--quiet", "--release", "-p", "tremen-server"])).0;
    let listed = ["tree", "--package", "tremen-server", "--edges", "normal,build", "--prefix", "none"];
    let mut crates: Vec<_> = output(&mut cargo(target, &listed)).lines().map(name_and_version).collect();
    crates.sort();
    crates.dedup();
    let bytes = std::fs::metadata(target.join("release/tremen")).expect("the program").len();
    let built = timed(&mut cargo(tests, &["test", "--quiet", "--no-run", "--workspace", "--all-targets"]));
    // As tests/run does.
    let mut testing = if said(tree, "cargo", &["nextest", "--version"]).is_some() {
        cargo(tests, &["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        cargo(tests, &["test", "--no-fail-fast", "--workspace", "--all-targets"])
    };
    let begun = Instant::now();
    let tested = testing.stdin(Stdio::null()).output().expect("the tests");
    let tests_run = begun.elapsed();
    let (told, told_too) = (String::from_utf8_lossy(&tested.stdout), String::from_utf8_lossy(&tested.stderr));
    let count = told.lines().chain(told_too.lines()).map(passed).sum();
    remove(tests);
    Made {
        build,
        crates: crates.len(),
        bytes,
        tests_built: built.0,
        tests_run,
        tests: count,
        passed: tested.status.success(),
    }
}

/// `name v1.2.3`, without the features and places that may follow.
fn name_and_version(line: &str) -> String {
    line.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// How many tests a line says passed: `12 tests run: 12 passed (1 slow), 0 skipped`, `test result: ok. 12 passed; 0 failed`.
fn passed(line: &str) -> usize {
    let words: Vec<_> = line.split(' ').filter(|word| !word.is_empty()).collect();
    let is_sum = line.contains("tests run:") || line.contains("test result:");
    let number = words.iter().zip(words.iter().skip(1)).find(|(_, next)| next.starts_with("passed"));
    number.filter(|_| is_sum).and_then(|(number, _)| number.parse().ok()).unwrap_or_default()
}

/// How long a command takes, and all that it said.
fn timed(command: &mut Command) -> (Duration, String) {
    let begun = Instant::now();
    let told = output(command);
    (begun.elapsed(), told)
}

fn output(command: &mut Command) -> String {
    let done = command.stdin(Stdio::null()).output().expect("a command");
    let told = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{command:?}\n{told}");
    told
}

fn run(tree: &Path, program: &str, arguments: &[&str]) {
    output(Command::new(program).args(arguments).current_dir(tree));
}

/// The first line of what a command says; none where it fails.
fn said(tree: &Path, program: &str, arguments: &[&str]) -> Option<String> {
    let done =
        Command::new(program).args(arguments).current_dir(tree).output().ok().filter(|it| it.status.success())?;
    Some(String::from_utf8_lossy(&done.stdout).lines().next()?.to_owned())
}

fn remove(folder: &Path) {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{}: {error}", folder.display()),
        Ok(()) | Err(_) => {}
    }
}
