//! JSON-LD 1.1 to RDF, for the pinned contexts and for nothing else, refusing all that would be lost on the way.
//!
//! Start at [`to_rdf`]. A general processor drops in silence what no context defines; whoever signs then signs less than
//! is read. Here each such term, each relative reference and each keyword that a badge has no use for is an error. Nothing
//! is ever fetched.

mod context;
mod expand;

pub use context::ContextError;
pub use expand::{JsonLdError, to_rdf};
