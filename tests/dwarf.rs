//! Reading debug information, with `llvm-dwarfdump` and binutils as the ones who know.

mod support;

mod dwarf {
    mod agree;
    mod damage;
    mod oracle;
    mod records;
    mod sources;
}
