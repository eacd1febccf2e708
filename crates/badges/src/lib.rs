//! Open Badges 2.0 and 3.0.
pub mod contexts;
pub mod dates;
pub mod hash;
pub mod json;
pub mod jsonld;
pub mod keys;
pub mod multibase;
pub mod proof;
pub mod rdf;
pub mod rsa;
