//! `hmmsize lint` end to end: every rule finds what is wrong in its `bad` tree of `fixtures/lint/`, at
//! the lines that are marked there, and nothing in its `good` one; every format says the same.

mod lint {
    mod diff;
    mod difference;
    mod fixtures;
    mod hostile;
    mod output;
    mod sarif;
    mod verify;
}
mod support;
