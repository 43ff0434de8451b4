//! What a run of the rules tells whoever waits for it: what it is doing, and how much of that is left.

/// Somebody who waits. Called from many threads.
pub trait Watch: Sync {
    /// Something begins that has so many steps.
    fn phase(&self, what: &str, steps: usize);
    /// One of them begins on this thread: its name.
    fn step(&self, what: &str);
}

/// Nobody waits.
#[derive(Debug, Clone, Copy)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn phase(&self, _: &str, _: usize) {}
    fn step(&self, _: &str) {}
}
