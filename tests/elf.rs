//! Reading ELF files and archives, and counting them as GNU `size` does.

mod support;

mod elf {
    mod fixtures;
}
