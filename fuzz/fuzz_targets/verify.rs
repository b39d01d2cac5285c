//! What holds: the body of the target, in `fuzz/targets/src/verify.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_targets::verify::run(data));
