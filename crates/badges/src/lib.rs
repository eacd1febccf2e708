//! Open Badges 2.0 and 3.0.
pub mod bake;
pub mod contexts;
mod crc;
pub mod dates;
pub mod facts;
pub mod hash;
pub mod identity;
pub mod json;
pub mod jsonld;
pub mod keys;
pub mod multibase;
pub mod proof;
pub mod rdf;
pub mod rsa;
pub mod status_list;
pub mod v2;
pub mod v3;
