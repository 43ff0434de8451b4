//! The only place that starts processes: matrix, plan, toolchains, builds, measuring.

pub mod arches;
pub mod configure;
pub mod plan;
pub mod process;
pub mod source;
pub mod toolchain;
