//! A transparency log by its norms, and nothing of its keeping: bytes in, bytes out.
//!
//! Start at [`tree`], the Merkle tree of RFC 9162 section 2.1, then [`proof`], which says that a leaf is in a tree and that
//! a tree grew out of another. [`note`] is C2SP `signed-note`, [`checkpoint`] C2SP `tlog-checkpoint` with the cosignatures
//! of C2SP `tlog-cosignature`, [`bundle`] the two texts that travel: a proof (`tlog-proof`) and an offer to a witness
//! (`tlog-witness`). [`entry`] is what a leaf of Tremen's journal says.
//!
//! Nothing here opens a file, asks the time or draws a number. A text that is not exactly as its norm says is refused.

pub mod bundle;
pub mod checkpoint;
pub mod entry;
pub mod note;
pub mod proof;
pub mod tree;

pub use bundle::{Offer, TlogProof};
pub use checkpoint::Checkpoint;
pub use entry::Entry;
pub use note::{KeyKind, Note, NoteError, Signature, VerifierKey};
pub use proof::{ProofError, consistency, inclusion, verify_consistency, verify_inclusion};
pub use tree::{Frontier, Hash, leaf_hash, node_hash};
