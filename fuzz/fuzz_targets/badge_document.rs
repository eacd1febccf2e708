//! See `badge_document` in `src/lib.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tremen_fuzz::badge_document(bytes);
});
