#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| zeroxide::fuzzing::run(
    zeroxide::fuzzing::targets::options::run,
    data
));
