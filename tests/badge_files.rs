//! Somebody is handed a badge file, and asks the command what it is worth: offline, with the documents that it rests on in a folder.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;

use crate::process::tied;
use crate::world::{Folder, PATIENCE};

fn vectors() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates/badges/tests/vectors")
}

/// A folder that holds the documents of our published examples, each at its address.
fn documents() -> Folder {
    let folder = Folder::new();
    for path in
        ["lieux/port/did.json", "lieux/port/statuts/1.json", "lieux/bourg/did.json", "lieux/bourg/statuts/1.json"]
    {
        let place = folder.0.join("tremen.example").join(path);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::copy(vectors().join("tremen/site").join(path), place).unwrap();
    }
    folder
}

/// What `tremen badge` says, and its exit code.
async fn badge(folder: &Folder, arguments: &[&str]) -> (String, i32) {
    let mut command = tied(env!("CARGO_BIN_EXE_tremen-of-the-stories"));
    command.arg("badge").args(arguments).current_dir(&folder.0).stdin(Stdio::null());
    let output = tokio::time::timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    (String::from_utf8(said).unwrap(), output.status.code().unwrap())
}

async fn verify(folder: &Folder, badge_file: &str, more: &[&str]) -> (String, i32) {
    let path = vectors().join(badge_file);
    let given = ["verify", path.to_str().unwrap(), "--with", ".", "--at", "2026-12-01"];
    badge(folder, &[&given[..], more].concat()).await
}

#[tokio::test]
async fn a_badge_file_is_told_valid_revoked_or_somebody_elses_in_words() {
    let folder = documents();
    let (said, code) = verify(&folder, "tremen/site/badges/0191f2b0-laser-1.json", &[]).await;
    for words in [
        "  level    Autonome\n",
        "  ok       key         `did:web:tremen.example:lieux:port` lists `#cle-2026`\n",
        "  ok       revocation  not revoked: its issuer's list does not name it\n",
        "\nVALID, at 2026-12-01T00:00:00Z\nNot asked: whose it is (--recipient EMAIL), and whether its issuer is one that you trust.\n",
    ] {
        assert!(said.contains(words), "{words:?} in {said}");
    }
    assert_eq!(code, 0);

    let (said, code) = verify(&folder, "tremen/site/badges/0191f2b0-laser-3.json", &[]).await;
    assert!(said.contains("\nNOT VALID: its issuer revoked it (revoked), at 2026-12-01T00:00:00Z\n"), "{said}");
    assert_eq!(code, 1);

    let with_endorsements = "tremen/site/badges/0191f2b0-laser-5.json";
    let (said, code) = verify(&folder, with_endorsements, &["--recipient", "ada@example.org"]).await;
    assert!(said.contains("  endorsement of the issuer by did:web:tremen.example:lieux:bourg: VALID\n"), "{said}");
    assert!(said.ends_with("Not asked: whether its issuer is one that you trust.\n"), "{said}");
    assert_eq!(code, 0);
    let (said, code) = verify(&folder, with_endorsements, &["--recipient", "eve@example.org", "--json"]).await;
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&told["verdict"], &told["reason"]), (&"refused".into(), &"other_recipient".into()));
    assert_eq!(told["badge"]["level_name"], "Autonome");
    assert_eq!(code, 1);
}

#[tokio::test]
async fn without_its_documents_nobody_can_say_and_wrong_use_is_told() {
    let folder = Folder::new();
    let (said, code) = verify(&folder, "tremen/site/badges/0191f2b0-laser-1.json", &[]).await;
    assert!(
        said.contains("\nCANNOT SAY NOW: its issuer's document cannot be had (issuer_unreachable); ask again later"),
        "{said}"
    );
    assert_eq!(code, 1);
    let (said, code) = badge(&folder, &["verify", "absent.png"]).await;
    assert!(said.contains("absent.png"), "{said}");
    assert_eq!(code, 2);
}

#[tokio::test]
async fn names_that_turn_the_line_around_are_shown_without_what_turns_it() {
    let folder = Folder::new();
    let badge_file = folder.0.join("badge.json");
    let shown =
        "{\"type\": [\"VerifiableCredential\", \"OpenBadgeCredential\"], \"name\": \"level \u{202e}2 \\u001b[2J\"}";
    std::fs::write(&badge_file, shown).unwrap();
    let (said, code) = badge(&folder, &["verify", "badge.json", "--with", "."]).await;
    assert!(said.contains("  badge    level \u{fffd}2 \u{fffd}[2J\n"), "{said}");
    assert_eq!(code, 1);
}
