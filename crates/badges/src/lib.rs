//! Open Badges 2.0 and 3.0: build, sign, canonicalise, bake, unbake, verify.
//!
//! Start reading at [`verify::Verification`] for a badge that came in, and at [`v3::AchievementCredential::of`] with
//! [`v3::Signed::by`] for one that goes out. [`facts`] are what a badge is made from, [`proof`] is what is signed.
//! Nothing here touches a database, the network or a clock: documents that must be fetched are asked of the caller, time and
//! random bits are parameters. What a badge looks like is in [`art`].

pub mod art;
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
pub mod verify;
