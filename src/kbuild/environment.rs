//! The environment of every process: nothing is inherited that could change what is built, and what
//! the kernel would take from the clock, the user or git is fixed, so that equal inputs give equal
//! bytes.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// Passed on as it is: where programs and their own caches and settings are.
const KEPT: &[&str] = &[
    "PATH",
    "HOME",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "PKG_CONFIG_PATH",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
];

/// What the kernel's build and the compilers read, and what a shell may well have left over from
/// another job. Cleared like everything else; these deserve a note.
const NOTED: &[&str] = &[
    "ARCH",
    "SUBARCH",
    "CROSS_COMPILE",
    "CROSS_COMPILE_COMPAT",
    "LLVM",
    "LLVM_IAS",
    "CC",
    "LD",
    "AS",
    "AR",
    "NM",
    "OBJCOPY",
    "OBJDUMP",
    "STRIP",
    "RUSTC",
    "RUSTFLAGS",
    "HOSTCC",
    "HOSTCXX",
    "HOSTCFLAGS",
    "HOSTCXXFLAGS",
    "HOSTLDFLAGS",
    "HOSTLDLIBS",
    "CFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "AFLAGS_KERNEL",
    "CFLAGS_KERNEL",
    "CFLAGS_MODULE",
    "KCFLAGS",
    "KAFLAGS",
    "KCPPFLAGS",
    "KRUSTFLAGS",
    "LDFLAGS_MODULE",
    "LDFLAGS_vmlinux",
    "EXTRAVERSION",
    "LOCALVERSION",
    "KERNELRELEASE",
    "KERNELVERSION",
    "MAKEFLAGS",
    "GNUMAKEFLAGS",
    "MFLAGS",
    "MAKEFILES",
    "O",
    "V",
    "W",
    "C",
    "CPATH",
    "C_INCLUDE_PATH",
    "LIBRARY_PATH",
    "COMPILER_PATH",
    "GCC_EXEC_PREFIX",
    "PAHOLE",
    "PAHOLE_FLAGS",
];

/// What would differ from one build to the next. The values are those that gave identical images
/// for clean, incremental and cached builds. `GIT_DIR` is a path that is no repository: without it
/// `scripts/setlocalversion` puts the user's commit, or a `+`, into the image of a work tree but
/// not into that of an unpacked revision.
const FIXED: &[(&str, &str)] = &[
    ("GIT_DIR", "/dev/null"),
    ("KBUILD_BUILD_HOST", "hmmsize"),
    ("KBUILD_BUILD_TIMESTAMP", "Thu Jan  1 00:00:00 UTC 1970"),
    ("KBUILD_BUILD_USER", "hmmsize"),
    ("KBUILD_BUILD_VERSION", "1"),
    ("LC_ALL", "C"),
    ("SOURCE_DATE_EPOCH", "0"),
    ("TZ", "UTC"),
];

/// An environment for a process.
pub type Env = BTreeMap<OsString, OsString>;

/// What helpers such as git and tar get: [`KEPT`], and a fixed language.
pub fn plain(inherited: impl IntoIterator<Item = (OsString, OsString)>) -> Env {
    let mut env: Env = inherited.into_iter().filter(|(key, _)| is_kept(key)).collect();
    env.insert("LC_ALL".into(), "C".into());
    env.insert("GIT_OPTIONAL_LOCKS".into(), "0".into());
    env
}

/// What make gets.
pub fn reproducible(inherited: impl IntoIterator<Item = (OsString, OsString)>) -> Env {
    let kept = |key: &OsStr| is_kept(key) || key.to_string_lossy().starts_with("CCACHE_");
    let mut env: Env = inherited.into_iter().filter(|(key, _)| kept(key)).collect();
    for (key, value) in FIXED {
        env.insert(key.into(), value.into());
    }
    env
}

/// The part of an environment that can change what is built: not where caches and temporary files
/// lie, nor which machines help.
pub fn relevant(env: &Env) -> impl Iterator<Item = (&OsString, &OsString)> {
    env.iter().filter(|(key, _)| {
        let key = key.to_string_lossy();
        !key.starts_with("CCACHE_")
            && !key.starts_with("DISTCC_")
            && !key.starts_with("XDG_")
            && key != "TMPDIR"
            && key != "HOME"
    })
}

/// One note about what was set and has been cleared, if anything was.
pub fn cleared(inherited: impl IntoIterator<Item = (OsString, OsString)>) -> Option<String> {
    let mut names: Vec<String> = inherited
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key.to_string_lossy().into_owned(), value))
        .filter(|(key, _)| {
            NOTED.contains(&key.as_str())
                || key.starts_with("KBUILD_")
                || key.starts_with("KCONFIG_")
        })
        .map(|(key, value)| format!("{key}={}", value.to_string_lossy()))
        .collect();
    names.sort();
    (!names.is_empty()).then(|| {
        format!(
            "cleared from the environment: {} (words on the command line are used)",
            names.join(" ")
        )
    })
}

fn is_kept(key: &OsStr) -> bool {
    key.to_str().is_some_and(|key| KEPT.contains(&key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect()
    }

    #[test]
    fn what_changes_a_build_is_cleared_with_a_note() {
        let inherited = env(&[
            ("ARCH", "arm"),
            ("PATH", "/bin"),
            ("KBUILD_OUTPUT", "/o"),
            ("CCACHE_DIR", "/c"),
        ]);
        let note = cleared(inherited.clone()).unwrap();
        assert!(note.contains("ARCH=arm KBUILD_OUTPUT=/o"), "{note}");
        let made = reproducible(inherited);
        assert!(!made.contains_key(OsStr::new("ARCH")));
        assert!(!made.contains_key(OsStr::new("KBUILD_OUTPUT")));
        assert_eq!(made[OsStr::new("PATH")], "/bin");
        assert_eq!(made[OsStr::new("SOURCE_DATE_EPOCH")], "0");
        assert!(relevant(&made).all(|(key, _)| key != "CCACHE_DIR"));
    }

    #[test]
    fn nothing_to_clear_says_nothing() {
        assert_eq!(cleared(env(&[("PATH", "/bin"), ("ARCH", "")])), None);
    }
}
