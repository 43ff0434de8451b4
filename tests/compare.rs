//! `hmmsize compare`: what changed between two images, on files that real compilers made.

mod support;

mod compare {
    mod bloat;
    mod build;
    mod debug;
    mod formats;
    mod maintainers;
    mod symbols;
}
