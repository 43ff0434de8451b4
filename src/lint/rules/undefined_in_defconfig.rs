//! B002: a line of a defconfig or configuration fragment about an option that no Kconfig file defines.

use crate::lint::options::Known;
use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::{Finding, Severity};
use crate::source::makefile::mentions;

/// The rule.
pub const RULE: Rule = Rule {
    code: "B002",
    name: "undefined-in-defconfig",
    severity: Severity::Warning,
    default: true,
    what: "Reports lines of `arch/*/configs/*`, `kernel/configs/*` and other `*.config` and `*_defconfig` \
           files that set an option which no Kconfig file of any architecture defines.",
    why: "Kconfig drops the line without a word, unless asked with W=c: what it was meant to turn on is \
          off. Most often the option was renamed.",
    example: "
CONFIG_ZONE_DEVCE=y
",
    fix: "Name the option that took its place, or remove the line.",
    needs: Needs::KCONFIG,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let known = Known::new(cx.tree, []);
    let mut found = Vec::new();
    let roots = cx.tree.roots();
    let mut look = |path: &str, text: &[u8]| {
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            // Kconfig decides about such a line, whatever a `#define` or a makefile's `-D` says elsewhere.
            let unknown = |name: &str| !cx.tree.symbols.contains_key(name);
            let Some((at, name)) = set(line).filter(|(_, name)| unknown(name)) else { continue };
            found.push(Finding {
                file: path.to_owned(),
                line: index as u32 + 1,
                column: at as u32 + 1,
                length: ("CONFIG_".len() + name.len()) as u32,
                symbol: Some(name.to_owned()),
                message: format!("nothing defines CONFIG_{name}{}", known.hint(name)),
                ..Finding::default()
            });
        }
    };
    match &cx.tree.focus {
        Some(focus) if focus.same_names => {
            let mut paths: Vec<&str> = focus.asked.iter().map(|path| &**path).collect();
            paths.retain(|path| is_config(path) && !path.starts_with("tools/"));
            paths.sort_unstable();
            for path in paths {
                let text = roots.iter().find_map(|root| std::fs::read(root.join(path)).ok());
                look(path, &text.unwrap_or_default());
            }
        }
        _ => mentions::walk(&roots, is_config, look),
    }
    for finding in found {
        cx.report(finding);
    }
}

/// The option that a line of a `.config` is about, and where its name with `CONFIG_` begins.
pub(super) fn set(line: &[u8]) -> Option<(usize, &str)> {
    let unset = line
        .strip_prefix(b"# ")
        .and_then(|rest| rest.trim_ascii_end().strip_suffix(b" is not set"));
    let (at, text) = unset.map_or((0, line), |text| (2, text));
    let name = text.strip_prefix(b"CONFIG_")?;
    let len = name.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let rest = &name[len..];
    let whole = if unset.is_some() { rest.is_empty() } else { rest.starts_with(b"=") };
    let name = std::str::from_utf8(&name[..len]).ok()?;
    (whole && !name.is_empty()).then_some((at, name))
}

/// Whether the file of this path is a configuration.
fn is_config(path: &str) -> bool {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    name.ends_with("_defconfig")
        || name == "defconfig"
        || name.strip_suffix(".config").is_some_and(|stem| !stem.is_empty())
        || dir == "configs"
        || dir.ends_with("/configs")
}

#[cfg(test)]
mod tests {
    use super::set;

    #[test]
    fn lines_that_set_an_option() {
        assert_eq!(set(b"CONFIG_A=y"), Some((0, "A")));
        assert_eq!(set(b"# CONFIG_A_B is not set"), Some((2, "A_B")));
        assert_eq!(set(b"# CONFIG_A is better"), None);
        assert_eq!(set(b"#CONFIG_A=y"), None);
        assert_eq!(set(b"CONFIG_A"), None);
        assert_eq!(set(b"CONFIG_=y"), None);
    }
}
