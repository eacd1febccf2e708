//! See `status_list` in `src/lib.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tremen_fuzz::status_list(bytes);
});
