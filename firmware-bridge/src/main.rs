//! bridge
fn main() {}
