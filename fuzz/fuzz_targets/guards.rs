//! What holds: the body of the target, in `fuzz/targets/src/guards.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_targets::guards::run(data));
