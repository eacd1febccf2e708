//! The decision a second time, written from the product's law alone and by another hand; start at [`judge`].
//!
//! Nothing here may use the crate's own rules: only [`translate`] and [`compare`] know its types.

pub mod calendar;
pub mod compare;
pub mod dice;
pub mod end;
pub mod generate;
mod hand_computed;
pub mod judge;
pub mod moments;
pub mod parts;
pub mod people;
pub mod print;
pub mod reason;
pub mod shrink;
pub mod tables;
pub mod translate;
pub mod world;
