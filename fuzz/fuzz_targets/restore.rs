#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mqtt_pure_fuzz::session::restore(data));
