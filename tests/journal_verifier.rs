//! A verifier of exports and proofs, written from `docs/JOURNAL.md` alone: it shares no code with the registry, takes the
//! norms' own recursive definitions, and cares for no speed.

use std::collections::BTreeSet;

use base64ct::{Base64, Encoding};
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::Value;
use sha2::{Digest, Sha256};

type Hash = [u8; 32];

fn sha(parts: &[&[u8]]) -> Hash {
    let mut sha = Sha256::new();
    parts.iter().for_each(|part| sha.update(part));
    sha.finalize().into()
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    text.as_bytes().chunks(2).map(byte).collect()
}

/// MTH of RFC 9162 section 2.1.1, over hashes of leaves.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha(&[]),
        [leaf] => *leaf,
        _ => {
            let half = leaves.len().next_power_of_two() / 2;
            sha(&[&[1], &root(&leaves[..half]), &root(&leaves[half..])])
        }
    }
}

/// A checkpoint of this log, signed by its key: size and root.
fn opened(note: &str, key: &str) -> Result<(usize, Hash), String> {
    let (name, rest) = key.split_once('+').ok_or("key")?;
    let key = Base64::decode_vec(rest.split_once('+').ok_or("key")?.1).map_err(|_| "key")?;
    if key[0] != 1 {
        return Err("the key is no log's".to_owned());
    }
    let id = &sha(&[name.as_bytes(), b"\n", &key])[..4];
    let (text, signatures) = note.rsplit_once("\n\n").ok_or("note")?;
    let text = format!("{text}\n");
    let own = signatures.lines().find_map(|line| {
        let signature = line.strip_prefix("\u{2014} ")?.strip_prefix(name)?.strip_prefix(' ')?;
        Base64::decode_vec(signature).ok().filter(|bytes| &bytes[..4] == id)
    });
    let own = own.ok_or("the checkpoint is not signed by the key")?;
    let signature = Signature::from_slice(&own[4..]).map_err(|_| "signature")?;
    let verifier = VerifyingKey::from_bytes(key[1..].try_into().unwrap()).map_err(|_| "key")?;
    verifier.verify_strict(text.as_bytes(), &signature).map_err(|_| "the checkpoint's signature is bad")?;
    let lines: Vec<&str> = text.lines().collect();
    if lines[0] != name {
        return Err("the checkpoint is another log's".to_owned());
    }
    let hash = Base64::decode_vec(lines[2]).map_err(|_| "root")?;
    Ok((lines[1].parse().map_err(|_| "size")?, hash.try_into().map_err(|_| "root")?))
}

/// The leaf's hash, after its payload was looked at.
fn leaf(line: &Value, index: u64) -> Result<Hash, String> {
    let text = |name: &str| line[name].as_str().ok_or_else(|| format!("{name} of {line}"));
    let digest = unhex(text("digest")?);
    if let (Some(salt), Some(body)) = (line["salt"].as_str(), line["body"].as_str())
        && sha(&[&unhex(salt), body.as_bytes()]).as_slice() != digest.as_slice()
    {
        return Err(format!("the payload of entry {} was changed", line["entry"]));
    }
    let bytes = format!(
        "tremen-journal-entry/1\nleaf {index}\nentry {}\nat {}\nkind {}\ndigest {}\n",
        line["entry"],
        line["at"],
        text("kind")?,
        text("digest")?
    );
    Ok(sha(&[&[0], bytes.as_bytes()]))
}

/// What an export was found to hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub trees: usize,
    pub sealed: usize,
    pub unsealed: usize,
    pub erased: usize,
}

#[derive(Default)]
struct Erasures {
    missing: BTreeSet<i64>,
    told: BTreeSet<i64>,
}

impl Erasures {
    fn look(&mut self, line: &Value) {
        let Some(body) = line["body"].as_str() else {
            self.missing.insert(line["entry"].as_i64().unwrap());
            return;
        };
        if line["kind"] == "payloads_erased" {
            let body: Value = serde_json::from_str(body).unwrap();
            for range in body["entries"].as_array().unwrap() {
                self.told.extend(range[0].as_i64().unwrap()..=range[1].as_i64().unwrap());
            }
        }
    }
}

/// Verifies an export whose first tree is signed with this key.
pub fn verify_export(export: &str, key: &str) -> Result<Found, String> {
    let lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (mut found, mut erasures) = (Found::default(), Erasures::default());
    let mut leaves: Vec<Hash> = Vec::new();
    let mut current = String::new();
    for line in &lines {
        if line["format"] == "tremen-journal-export/1" {
            current = line["key"].as_str().unwrap().to_owned();
            if found.trees == 0 && current != key {
                return Err("another key than the one trusted".to_owned());
            }
            found.trees += 1;
            leaves.clear();
        } else if let Some(note) = line["checkpoint"].as_str() {
            let (size, signed) = opened(note, &current)?;
            if size > leaves.len() || root(&leaves[..size]) != signed {
                return Err(format!("the checkpoint of {size} leaves is not of this journal"));
            }
        } else if line["leaf"].is_null() {
            found.unsealed += 1;
            erasures.look(line);
            leaf(line, 0)?;
        } else {
            if line["leaf"].as_u64() != Some(leaves.len() as u64) {
                return Err(format!("leaf {} is missing", leaves.len()));
            }
            leaves.push(leaf(line, leaves.len() as u64)?);
            erasures.look(line);
            found.sealed += 1;
        }
    }
    if let Some(lost) = erasures.missing.difference(&erasures.told).next() {
        return Err(format!("the payload of entry {lost} is missing, and no entry says that it was erased"));
    }
    found.erased = erasures.missing.len();
    Ok(found)
}

/// Verifies the proof of one entry with a key that is trusted.
pub fn verify_proof(file: &str, key: &str) -> Result<(), String> {
    let file: Value = serde_json::from_str(file).map_err(|_| "file")?;
    let (head, note) = file["proof"].as_str().ok_or("proof")?.split_once("\n\n").ok_or("proof")?;
    let mut lines = head.lines();
    if lines.next() != Some("c2sp.org/tlog-proof@v1") {
        return Err("proof".to_owned());
    }
    let index: u64 = lines.next().and_then(|line| line.strip_prefix("index ")?.parse().ok()).ok_or("index")?;
    let mut path: Vec<Hash> = lines.map(|line| Base64::decode_vec(line).unwrap().try_into().unwrap()).collect();
    let (size, signed) = opened(note, key)?;
    let computed = climb(leaf(&file, index)?, index, size as u64, &mut path).ok_or("the proof is too short")?;
    if computed == signed && path.is_empty() { Ok(()) } else { Err("the entry is not in that tree".to_owned()) }
}

/// The root that an inclusion proof leads to, from the root's side as RFC 9162 section 2.1.3.1 defines it.
fn climb(leaf: Hash, index: u64, size: u64, path: &mut Vec<Hash>) -> Option<Hash> {
    if size == 1 {
        return Some(leaf);
    }
    let other = path.pop()?;
    let half = size.next_power_of_two() / 2;
    Some(if index < half {
        sha(&[&[1], &climb(leaf, index, half, path)?, &other])
    } else {
        sha(&[&[1], &other, &climb(leaf, index - half, size - half, path)?])
    })
}
