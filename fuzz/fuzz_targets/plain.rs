#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| zeroxide_fuzz::run(
    zeroxide_fuzz::targets::plain::run,
    data
));
