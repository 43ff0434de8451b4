//! The only place that starts processes: matrix, plan, toolchains, builds, measuring.

pub mod arches;
pub mod cell;
pub mod configure;
pub mod executor;
pub mod firsterror;
pub mod forecast;
pub mod jobs;
pub mod outputs;
pub mod plan;
pub mod process;
pub mod progress;
pub mod reproduce;
pub mod shims;
pub mod source;
pub mod state;
pub mod toolchain;
