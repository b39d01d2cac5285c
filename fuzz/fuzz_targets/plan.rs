//! What holds: the body of the target, in `fuzz/targets/src/plan.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_targets::plan::run(data));
