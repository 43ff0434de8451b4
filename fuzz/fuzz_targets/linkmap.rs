//! See `link_map` in the drivers.
#![no_main]
#![allow(dead_code)]

#[path = "../drivers.rs"]
mod drivers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| drivers::link_map(data));
