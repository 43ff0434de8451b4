//! What `explain` knows of a tree: pieces that an index keeps, and answers put together from them and
//! from the few files that a question is about.
//!
//! Kconfig's facts ([`options`]) and what makefiles build ([`objects`]) follow from all files of their
//! kind and are made anew when one of those changes. Which file has which name ([`names`]) follows from
//! each file alone: what has changed since is read again when a question is asked. Everything with a
//! line number is read from the files at that time.

pub mod answer;
pub mod names;
pub mod objects;
pub mod option;
pub mod options;
pub mod place;
