//! Which constructs a tree's Kconfig language has.
//!
//! The language changed over the years, construct by construct, so there is no one cut-off: each
//! construct has its own range of kernel versions, and everything that behaves differently asks
//! [`Dialect`] by the construct's name. The dialect follows from VERSION and PATCHLEVEL of the
//! tree's Makefile; `--dialect` overrides it.

/// The Kconfig language of one kernel version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dialect {
    /// VERSION of the kernel's Makefile.
    pub version: u16,
    /// PATCHLEVEL of the kernel's Makefile.
    pub patchlevel: u16,
}

impl Dialect {
    /// The language of Linux `version`.`patchlevel`.
    pub const fn new(version: u16, patchlevel: u16) -> Self {
        Self { version, patchlevel }
    }

    /// Whether this is the language of `version`.`patchlevel` or a later one.
    pub const fn since(self, version: u16, patchlevel: u16) -> bool {
        self.version > version || (self.version == version && self.patchlevel >= patchlevel)
    }
}

/// Linux 6.12 (a long-term kernel), the reference of our tests.
impl Default for Dialect {
    fn default() -> Self {
        Self::new(6, 12)
    }
}
