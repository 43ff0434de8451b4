//! Reading ELF files and archives, and counting them as GNU `size` does.

mod support;

mod elf {
    mod bad_files;
    mod corpus;
    mod extra;
    mod fixtures;
    mod machines;
    mod mutate;
    mod objects;
}
