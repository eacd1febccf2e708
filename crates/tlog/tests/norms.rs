//! The log against its norms: proofs of every small tree, held to the verifier here and to somebody else's (`ct-merkle`);
//! notes, checkpoints and cosignatures against known bytes; and whatever is bent is refused.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails says where")]

use std::collections::BTreeMap;
use std::convert::Infallible;

use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use sha2::Sha256;
use tremen_tlog::bundle::BundleError;
use tremen_tlog::checkpoint::{cosign, cosigned_at};
use tremen_tlog::{
    Checkpoint, Frontier, Hash, KeyKind, Note, NoteError, Offer, ProofError, TlogProof, VerifierKey, consistency,
    inclusion, leaf_hash, verify_consistency, verify_inclusion,
};

/// A tree with all its subtrees, and its root at each size.
struct Grown {
    subtrees: BTreeMap<(u8, u64), Hash>,
    roots: Vec<Hash>,
}

impl Grown {
    fn new(size: u64) -> Self {
        let (mut tree, mut subtrees) = (Frontier::default(), BTreeMap::new());
        let mut roots = vec![tree.root()];
        for leaf in 0..size {
            tree.push(leaf_hash(&leaf.to_be_bytes()), |level, position, hash| {
                subtrees.insert((level, position), *hash);
            });
            roots.push(tree.root());
        }
        Self { subtrees, roots }
    }

    fn root(&self, size: u64) -> &Hash {
        &self.roots[usize::try_from(size).unwrap()]
    }

    fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        inclusion(index, size, &mut |level, position| Ok::<_, Infallible>(self.subtrees[&(level, position)])).unwrap()
    }

    fn consistency(&self, old: u64, new: u64) -> Vec<Hash> {
        consistency(old, new, &mut |level, position| Ok::<_, Infallible>(self.subtrees[&(level, position)])).unwrap()
    }
}

/// The same root as `ct-merkle` knows it.
fn theirs(root: &Hash, size: u64) -> RootHash<Sha256> {
    RootHash::new((*root).into(), size)
}

#[test]
fn every_leaf_of_every_small_tree_is_proven_here_and_by_somebody_elses_verifier() {
    let tree = Grown::new(70);
    for size in 1..=70 {
        for index in 0..size {
            let path = tree.inclusion(index, size);
            let leaf = leaf_hash(&index.to_be_bytes());
            verify_inclusion(&leaf, index, size, &path, tree.root(size)).unwrap();
            let proof = InclusionProof::<Sha256>::try_from_bytes(path.concat()).unwrap();
            theirs(tree.root(size), size).verify_inclusion(&index.to_be_bytes(), index, &proof).unwrap();
        }
    }
}

#[test]
fn every_small_tree_is_shown_to_grow_out_of_every_smaller_one_here_and_by_somebody_elses_verifier() {
    let tree = Grown::new(70);
    for new in 1..=70 {
        for old in 0..=new {
            let path = tree.consistency(old, new);
            verify_consistency((old, tree.root(old)), (new, tree.root(new)), &path).unwrap();
            if old > 0 {
                let proof = ConsistencyProof::<Sha256>::try_from_bytes(path.concat()).unwrap();
                theirs(tree.root(new), new).verify_consistency(&theirs(tree.root(old), old), &proof).unwrap();
            }
        }
    }
}

#[test]
fn what_cannot_be_in_a_tree_is_out_of_range() {
    let tree = Grown::new(5);
    assert_eq!(verify_inclusion(&[0; 32], 5, 5, &[], tree.root(5)), Err(ProofError::OutOfRange));
    assert_eq!(verify_inclusion(&[0; 32], 0, 0, &[], tree.root(0)), Err(ProofError::OutOfRange));
    assert_eq!(verify_consistency((5, tree.root(5)), (4, tree.root(4)), &[]), Err(ProofError::OutOfRange));
    assert_eq!(verify_consistency((0, tree.root(1)), (5, tree.root(5)), &[]), Err(ProofError::Root));
    assert_eq!(verify_consistency((5, tree.root(4)), (5, tree.root(5)), &[]), Err(ProofError::Root));
    assert_eq!(verify_consistency((5, tree.root(5)), (5, tree.root(5)), &[[0; 32]]), Err(ProofError::Length));
}

proptest! {
    #[test]
    fn a_bent_proof_of_a_leaf_proves_nothing(size in 1_u64..600, at in any::<prop::sample::Index>(), bend in 0..5, bit in 0..256_usize) {
        let tree = Grown::new(size);
        let index = at.index(usize::try_from(size).unwrap()) as u64;
        let (mut path, mut leaf, mut other) = (tree.inclusion(index, size), leaf_hash(&index.to_be_bytes()), index);
        match bend {
            0 => leaf[bit / 8] ^= 1 << (bit % 8),
            1 if !path.is_empty() => { let step = bit % path.len(); path[step][bit / 8] ^= 1 << (bit % 8); }
            2 => path.push([0; 32]),
            3 if !path.is_empty() => drop(path.remove(bit % path.len())),
            _ => other = index + 1,
        }
        prop_assert!(verify_inclusion(&leaf, other, size, &path, tree.root(size)).is_err());
    }

    #[test]
    fn a_bent_proof_of_growth_proves_nothing(new in 2_u64..600, at in any::<prop::sample::Index>(), bend in 0..4, bit in 0..256_usize) {
        let tree = Grown::new(new);
        let old = 1 + at.index(usize::try_from(new - 1).unwrap()) as u64;
        let (mut path, mut root) = (tree.consistency(old, new), *tree.root(old));
        match bend {
            0 => root[bit / 8] ^= 1 << (bit % 8),
            1 => { let step = bit % path.len(); path[step][bit / 8] ^= 1 << (bit % 8); }
            2 => path.push([0; 32]),
            _ => drop(path.remove(bit % path.len())),
        }
        prop_assert!(verify_consistency((old, &root), (new, tree.root(new)), &path).is_err());
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "(old |index |— |c2sp.org/tlog-proof@v1\n|extra |[0-9a-zA-Z+/= \n]){0,40}") {
        let _ = (Note::parse(&text), Offer::parse(&text), TlogProof::parse(&text), VerifierKey::parse(&text), Checkpoint::parse(&text));
    }
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

fn log_key(name: &str) -> VerifierKey {
    VerifierKey::new(name, KeyKind::Log, key().verifying_key()).unwrap()
}

fn signed(tree: &Grown, size: u64) -> Note {
    Checkpoint { origin: "example.org/log".to_owned(), size, root: *tree.root(size) }.sign(&key()).unwrap()
}

/// The note in the documentation of Go's `sumdb/note`, whose format C2SP took over.
#[test]
fn the_note_that_everybody_knows_is_read_and_verified() {
    let verifier = VerifierKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let note = Note::parse(text).unwrap();
    note.verify(&verifier).unwrap();
    assert_eq!(note.to_string(), text);
    assert_eq!(verifier.to_string(), "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    let bent = Note::parse(&text.replace("answer", "Answer")).unwrap();
    assert_eq!(bent.verify(&verifier), Err(NoteError::BadSignature("PeterNeumann".to_owned())));
    assert_eq!(note.verify(&log_key("PeterNeumann")), Err(NoteError::Unsigned("PeterNeumann".to_owned())));
}

#[test]
fn a_checkpoint_says_three_lines_and_no_letter_of_it_can_be_changed() {
    let tree = Grown::new(5);
    let text = signed(&tree, 5).to_string();
    let verifier = log_key("example.org/log");
    let opened = Checkpoint::open(&Note::parse(&text).unwrap(), &verifier).unwrap();
    assert_eq!((opened.size, &opened.root), (5, tree.root(5)));
    assert!(text.starts_with("example.org/log\n5\n"));
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let bent = String::from_utf8(bytes).ok().and_then(|text| Note::parse(&text).ok());
        assert!(bent.is_none_or(|note| Checkpoint::open(&note, &verifier).is_err()), "byte {at}");
    }
    for wrong in ["", "a\n1\n", "\n1\nAAAA\n", "a\n01\n", "a\n-1\n", "a\n5\nAAAA\n"] {
        assert!(Checkpoint::parse(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_cosignature_tells_its_time_and_is_nobody_elses() {
    let tree = Grown::new(5);
    let witness = SigningKey::from_bytes(&[8; 32]);
    let mut note = signed(&tree, 5);
    note.signatures.push(cosign(&note.text, "witness.example/w1", &witness, 1_679_315_147).unwrap());
    let note = Note::parse(&note.to_string()).unwrap();
    let known = VerifierKey::new("witness.example/w1", KeyKind::Cosigner, witness.verifying_key()).unwrap();
    assert_eq!(VerifierKey::parse(&known.to_string()).unwrap(), known);
    assert_eq!(cosigned_at(&note, &known), Ok(1_679_315_147));
    note.verify(&log_key("example.org/log")).unwrap();
    let mut later = note.clone();
    later.signatures[1].bytes[7] ^= 1; // another second
    assert!(matches!(cosigned_at(&later, &known), Err(NoteError::BadSignature(_))));
    let unknown = VerifierKey::new("witness.example/w2", KeyKind::Cosigner, witness.verifying_key()).unwrap();
    assert!(matches!(cosigned_at(&note, &unknown), Err(NoteError::Unsigned(_))));
}

#[test]
fn a_proof_travels_as_text() {
    let tree = Grown::new(300);
    let proof = TlogProof {
        extra: Some(b"hello".to_vec()),
        index: 77,
        path: tree.inclusion(77, 300),
        checkpoint: signed(&tree, 300),
    };
    let read = TlogProof::parse(&proof.to_string()).unwrap();
    assert_eq!(read, proof);
    let verifier = log_key("example.org/log");
    assert_eq!(read.verify(&leaf_hash(&77_u64.to_be_bytes()), &verifier).unwrap().size, 300);
    assert_eq!(read.verify(&leaf_hash(b"another"), &verifier), Err(BundleError::Proof(ProofError::Root)));
    assert_eq!(TlogProof { extra: None, ..proof }.to_string().lines().nth(1), Some("index 77"));
}

#[test]
fn a_witness_cosigns_what_only_grew() {
    let tree = Grown::new(300);
    let verifier = log_key("example.org/log");
    let first = Offer { old: 0, path: Vec::new(), checkpoint: signed(&tree, 100) };
    let last = Offer::parse(&first.to_string()).unwrap().verify(&verifier, None).unwrap();
    let next = Offer { old: 100, path: tree.consistency(100, 300), checkpoint: signed(&tree, 300) };
    let next = Offer::parse(&next.to_string()).unwrap();
    assert_eq!(next.verify(&verifier, Some(&last)).unwrap().size, 300);
    assert_eq!(next.verify(&verifier, None), Err(BundleError::OtherBeginning { offered: 100, last: 0 }));
    let rewritten = Checkpoint { root: [1; 32], ..last.clone() };
    assert_eq!(next.verify(&verifier, Some(&rewritten)), Err(BundleError::Proof(ProofError::Root)));
    let other = Checkpoint { origin: "example.org/other".to_owned(), ..last };
    assert!(matches!(next.verify(&verifier, Some(&other)), Err(BundleError::OtherOrigin(_))));
}
