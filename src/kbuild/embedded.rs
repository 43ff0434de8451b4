//! The files of `kconfig/` that hmmsize carries, so that a binary alone can run its default matrix.

/// The default matrix.
pub const MATRIX: &str = include_str!("../../kconfig/matrix.toml");

/// Fragments by the name a matrix or `--fragment` calls them.
pub const FRAGMENTS: &[(&str, &str)] = &[
    ("arch/arm.config", include_str!("../../kconfig/arch/arm.config")),
    ("arch/arm64.config", include_str!("../../kconfig/arch/arm64.config")),
    ("arch/powerpc.config", include_str!("../../kconfig/arch/powerpc.config")),
    ("arch/riscv.config", include_str!("../../kconfig/arch/riscv.config")),
    ("arch/s390.config", include_str!("../../kconfig/arch/s390.config")),
    ("arch/x86_64.config", include_str!("../../kconfig/arch/x86_64.config")),
    ("options/debug-info.config", include_str!("../../kconfig/options/debug-info.config")),
    ("options/quiet.config", include_str!("../../kconfig/options/quiet.config")),
    ("options/with.config", include_str!("../../kconfig/options/with.config")),
    ("options/without.config", include_str!("../../kconfig/options/without.config")),
];

/// The text of an embedded fragment.
pub fn fragment(name: &str) -> Option<&'static str> {
    FRAGMENTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
