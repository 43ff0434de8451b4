//! The clauses of the logic, held against configurations that Kconfig really reaches: every one has to
//! satisfy them, or what the logic calls impossible is not.

#[path = "kconf_micro/case.rs"]
#[allow(dead_code, reason = "what a case says of conf is for kconf_micro.rs")]
mod case;
#[path = "logic/micro.rs"]
mod micro;
#[path = "logic/tree.rs"]
mod tree;

mod support;
