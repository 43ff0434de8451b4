//! Plain data that flows through the pipeline. No I/O here, and no import of any other module.

pub mod bloat;
pub mod class;
pub mod config;
pub mod delta;
pub mod image;
pub mod run;
pub mod size;
pub mod words;
