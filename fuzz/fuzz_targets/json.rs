//! See `run_json` in the drivers.
#![no_main]
#![allow(dead_code)]

#[path = "../drivers.rs"]
mod drivers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| drivers::run_json(data));
