//! Objects that are linked with each other only, not into the kernel.

/// Directories whose objects are linked with each other only: boot loaders, vDSOs, hypervisors. They
/// are no part of the kernel, though it may carry them as data.
const OWN_LINK: &[&str] = &[
    "/boot/",
    "/vdso",
    "/purgatory/",
    "/realmode/",
    "/libstub/",
    "/nvhe/",
    "arm64/kernel/pi/",
    "riscv/kernel/pi/",
    "/entry/vdso",
    "powerpc/kernel/prom_init",
];

/// Whether the file's objects are linked apart.
pub fn is_linked_apart(file: &str) -> bool {
    OWN_LINK.iter().any(|part| file.contains(part))
}
