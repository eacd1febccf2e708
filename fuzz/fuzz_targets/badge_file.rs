//! See `badge_file` in `src/lib.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tremen_fuzz::badge_file(bytes);
});
