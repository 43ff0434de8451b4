//! Plain data that flows through the pipeline. No I/O here, and no import of any other module.

pub mod class;
pub mod config;
pub mod image;
pub mod run;
pub mod size;
pub mod words;
