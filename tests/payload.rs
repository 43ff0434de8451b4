//! Payload, padding, classes and measuring, held against real linkers: GNU ld and, where it is
//! installed, ld.lld link small programs here, and their maps must account for every byte.

mod support;

#[path = "payload/linked.rs"]
mod linked;
#[path = "payload/measure.rs"]
mod measure;
#[path = "payload/mutate.rs"]
mod mutate;
