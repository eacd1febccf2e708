//! Nothing that a story started outlives it, however it ends.

use std::process::Stdio;
use std::time::Instant;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::process::{Place, Served};
use crate::world::PATIENCE;

const KILLED: &str = "leftovers::serves_in_two_ways_until_it_is_killed";

/// What a process was started as; none once it is over.
fn started_as(process: u32) -> Option<String> {
    let words = std::fs::read_to_string(format!("/proc/{process}/cmdline")).ok()?;
    Some(words.replace('\0', " ").trim_end().to_owned()).filter(|words| !words.is_empty())
}

async fn is_over(process: u32) {
    let begun = Instant::now();
    while let Some(words) = started_as(process) {
        assert!(begun.elapsed() < PATIENCE, "still there: {words}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// Started under strace, and without.
async fn two_registries() -> [(Place, Served); 2] {
    let place = || async { Place::prepared(|_| {}, |_| Ok(())).await.0 };
    let (plain, traced) = (place().await, place().await);
    let trace = traced.folder.0.join("trace").display().to_string();
    let by = traced.registry(&["strace", "-D", "-f", "-e", "trace=none", "-o", &trace]);
    let (serves, is_traced) = (plain.serve().await, traced.start(by).await);
    [(plain, serves), (traced, is_traced)]
}

#[tokio::test]
#[ignore = "the story below starts it and kills it"]
async fn serves_in_two_ways_until_it_is_killed() {
    let served = two_registries().await;
    for (_place, it) in &served {
        println!("served by {}", it.child.id().unwrap());
    }
    std::future::pending().await
}

#[tokio::test]
async fn a_story_that_is_killed_leaves_no_registry_behind() {
    let mut story = Command::new(std::env::current_exe().unwrap());
    story.args(["--ignored", "--exact", "--nocapture", KILLED]).stdout(Stdio::piped()).kill_on_drop(true);
    let mut story = story.spawn().unwrap();
    let mut lines = BufReader::new(story.stdout.take().unwrap()).lines();
    let mut served = Vec::new();
    while served.len() < 2 {
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
        let line = line.expect("the story ended by itself");
        if let Some(process) = line.strip_prefix("served by ") {
            served.push(process.parse::<u32>().unwrap());
        }
    }
    for process in &served {
        assert_eq!(started_as(*process).unwrap(), concat!(env!("CARGO_BIN_EXE_tremen-of-the-stories"), " serve"));
    }
    story.kill().await.unwrap();
    for process in served {
        is_over(process).await;
    }
}

#[tokio::test]
async fn a_registry_that_its_story_lets_go_of_is_over() {
    for (_place, it) in two_registries().await {
        let process = it.child.id().unwrap();
        drop(it);
        is_over(process).await;
    }
}
