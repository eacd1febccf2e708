//! A proof and two checkpoints of Tremen's journal, checked by Cloudflare's `signed_note` and `tlog_tiles`.
//!
//! `tremen-strangers KEY PROOF.json OLD.txt OFFER.txt`: the registry's verifier key, what `tremen journal prove` wrote, a
//! checkpoint, and what `tremen journal checkpoint --since` offers from it on. Run by `tests/strangers/run`.

use std::error::Error;

use serde_json::Value;
use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::{Checkpoint, Hash, check_record, check_tree, record_hash};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [key, proof, old, offer] = words.as_slice() else { return Err("KEY PROOF OLD OFFER".into()) };
    let proof: Value = serde_json::from_str(&std::fs::read_to_string(proof)?)?;
    included(&proof, key)?;
    let mut forged = proof.clone();
    forged["at"] = 1.into();
    assert!(included(&forged, key).is_err(), "another instant is not in the tree");
    let (old, offer) = (std::fs::read_to_string(old)?, std::fs::read_to_string(offer)?);
    grown(&old, &offer, key)
}

/// The checkpoint in a note that this key signed.
fn opened(note: &str, key: &str) -> Result<Checkpoint, Box<dyn Error>> {
    let note = Note::from_bytes(note.as_bytes())?;
    note.verify(&VerifierList::new(vec![Box::new(StandardVerifier::new(key)?)]))?;
    Checkpoint::from_bytes(note.text()).map_err(|_| "the note is no checkpoint".into())
}

fn hashes<'t>(lines: impl Iterator<Item = &'t str>) -> Result<Vec<Hash>, Box<dyn Error>> {
    Ok(lines.map(Hash::parse_hash).collect::<Result<Vec<_>, _>>()?)
}

fn included(file: &Value, key: &str) -> Result<(), Box<dyn Error>> {
    let (head, note) = file["proof"].as_str().and_then(|text| text.split_once("\n\n")).ok_or("proof")?;
    let mut lines = head.lines().skip(1);
    let index: u64 = lines.next().and_then(|line| line.strip_prefix("index ")).ok_or("index")?.parse()?;
    let path = hashes(lines)?;
    let leaf = format!(
        "tremen-journal-entry/1\nleaf {index}\nentry {}\nat {}\nkind {}\ndigest {}\n",
        file["entry"],
        file["at"],
        file["kind"].as_str().ok_or("kind")?,
        file["digest"].as_str().ok_or("digest")?
    );
    let tree = opened(note, key)?;
    check_record(&path, tree.size(), *tree.hash(), index, record_hash(leaf.as_bytes()))?;
    println!("entry {} is leaf {index} of {} in {}", file["entry"], tree.size(), tree.origin());
    Ok(())
}

fn grown(old: &str, offer: &str, key: &str) -> Result<(), Box<dyn Error>> {
    let (head, note) = offer.split_once("\n\n").ok_or("offer")?;
    let path = hashes(head.lines().skip(1))?;
    let (old, new) = (opened(old, key)?, opened(note, key)?);
    check_tree(&path, new.size(), *new.hash(), old.size(), *old.hash())?;
    assert!(check_tree(&path, new.size(), *new.hash(), old.size(), record_hash(b"")).is_err(), "another past");
    println!("the tree of {} leaves begins with that of {}", new.size(), old.size());
    Ok(())
}
