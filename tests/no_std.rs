//! Compiled by `tests/run` against the built `tremen-wire` and `tremen-controller`, never as a test: with a panic handler of
//! its own it compiles only where none of their crates brings `std`, which has one too.
#![no_std]

extern crate tremen_controller;
extern crate tremen_wire;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
