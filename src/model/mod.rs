//! Plain data that flows through the pipeline. No I/O here, and no import of any other module.

pub mod baseline;
pub mod bloat;
pub mod breakdown;
pub mod bytes;
pub mod checked;
pub mod class;
pub mod config;
pub mod confirm;
pub mod delta;
pub mod diag;
pub mod finding;
pub mod formula;
pub mod image;
pub mod linkmap;
pub mod number;
pub mod payload;
pub mod planned;
pub mod policy;
pub mod run;
pub mod run_report;
pub mod size;
pub mod snippet;
pub mod symtab;
pub mod verdict;
pub mod why;
pub mod words;
