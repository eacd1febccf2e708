//! See `badge_picture` in `src/lib.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tremen_fuzz::badge_picture(bytes);
});
