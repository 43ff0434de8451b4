//! The only place that starts processes: matrix, plan, toolchains, builds, measuring.

pub mod process;
