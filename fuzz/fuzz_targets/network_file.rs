//! See `network_file` in `src/lib.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tremen_fuzz::network_file(bytes);
});
