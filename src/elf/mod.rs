//! The only place that imports `object` and `memmap2`: bytes of ELF files into `model::image`.
