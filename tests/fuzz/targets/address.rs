//! libFuzzer's way into the property of the same name.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| latchkey_fuzz::address(data));
