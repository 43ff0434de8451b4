//! Whether two measured sides may be compared at all.
//!
//! Another compiler, linker, base configuration, target or architecture changes sizes by more than
//! any option does, so such a difference ends the comparison. What a side does not say (a stripped
//! image names no compiler) cannot be checked: that is a warning, not a verdict.

use crate::model::baseline::{Recorded, target_name};

/// Why `base` and `head` cannot be compared, if they cannot.
pub fn obstacle(base: &Recorded, head: &Recorded) -> Option<String> {
    let differ = |what: &str, base: &str, head: &str| Some(format!("{what} {head} against {base}"));
    if base.arch != head.arch {
        return differ("architecture", &base.arch, &head.arch);
    }
    if base.target != head.target {
        return differ("target", &target_name(&base.target), &target_name(&head.target));
    }
    if let (Some(base), Some(head)) = (&base.base_config, &head.base_config)
        && base != head
    {
        return differ("base config", base, head);
    }
    // A bare image has no labels to compare.
    if base.base_config.is_some() && head.base_config.is_some() && labels(base) != labels(head) {
        let show =
            |side| if labels(side).is_empty() { "none".into() } else { labels(side).join(", ") };
        return differ("labels", &show(base), &show(head));
    }
    for (what, base, head) in
        [("compiler", &base.compiler, &head.compiler), ("linker", &base.linker, &head.linker)]
    {
        if let (Some(base), Some(head)) = (base, head)
            && toolchain(base) != toolchain(head)
        {
            return differ(what, &format!("`{base}`"), &format!("`{head}`"));
        }
    }
    None
}

/// What could not be checked: `compiler`, `linker`.
pub fn unchecked(base: &Recorded, head: &Recorded) -> Vec<&'static str> {
    let known = [
        ("compiler", base.compiler.is_some() && head.compiler.is_some()),
        ("linker", base.linker.is_some() && head.linker.is_some()),
    ];
    known.iter().filter(|(_, known)| !known).map(|(what, _)| *what).collect()
}

/// The labels that say how a cell was configured. That its noise was measured changes nothing.
fn labels(side: &Recorded) -> Vec<&str> {
    let mut labels: Vec<_> =
        side.labels.iter().map(String::as_str).filter(|label| *label != "noise").collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}

/// A version line without the name under which the program was called.
///
/// `aarch64-linux-gnu-gcc (Debian 12.2.0-14) 12.2.0`, `/opt/bin/gcc (Debian 12.2.0-14) 12.2.0` and
/// the `.comment` string `GCC: (Debian 12.2.0-14) 12.2.0` are one compiler.
pub fn toolchain(line: &str) -> String {
    let line = line.trim();
    let words = match line.split_once(' ') {
        Some((program, rest)) => {
            let name = program.rsplit('/').next().unwrap_or(program).trim_end_matches(':');
            let name = name.to_ascii_lowercase();
            let last =
                name.rsplit('-').find(|part| part.starts_with(|c: char| c.is_ascii_alphabetic()));
            match last {
                Some("gcc" | "cc") => format!("gcc {rest}"),
                _ => line.to_owned(),
            }
        }
        None => line.to_owned(),
    };
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::toolchain;

    #[test]
    fn one_compiler_under_several_names_is_one() {
        let one = toolchain("gcc (Debian 12.2.0-14+deb12u1) 12.2.0");
        for name in [
            "x86_64-linux-gnu-gcc (Debian 12.2.0-14+deb12u1) 12.2.0",
            "/usr/bin/x86_64-linux-gnu-gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0",
            "GCC: (Debian 12.2.0-14+deb12u1) 12.2.0",
            "cc (Debian 12.2.0-14+deb12u1) 12.2.0",
        ] {
            assert_eq!(toolchain(name), one, "{name}");
        }
        for other in ["gcc (Debian 12.2.0-13) 12.2.0", "Debian clang version 16.0.6 (15~deb12u1)"] {
            assert_ne!(toolchain(other), one);
        }
        assert_ne!(
            toolchain("Debian clang version 16.0.6"),
            toolchain("Debian clang version 14.0.6")
        );
    }
}
