//! Symbol names as a reader means them: the same thing has the same name in two builds.
//!
//! Compilers and macros put into names what has nothing to do with identity: the number of a static
//! local (`__func__.23`), the pass that cloned or split a function (`foo.isra.0`, `foo.cold`), a
//! counter (`__UNIQUE_ID_author412`), a source line (`__initcall__kmod_x__412_77_fn6`), a crate hash.
//! [`normalise`] takes them off. Nearly all of a kernel's names need nothing, and for these it neither
//! allocates nor looks at a byte twice.

use std::borrow::Cow;

use bstr::ByteSlice;

use crate::model::bytes;

/// A name without what changes from build to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normal<'a> {
    /// What is left.
    pub name: Cow<'a, [u8]>,
    /// What the symbol is to the function or object of that name.
    pub role: Role,
}

/// What a symbol is to the function or object whose name it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The thing itself.
    Whole,
    /// A piece or clone of a function (`.cold`, `.isra.0`, `__pfx_`): belongs to it if it is there.
    Part,
    /// One of possibly several static locals of the same name in different functions (`__func__.3`).
    Numbered,
}

/// Suffixes that mark a piece or clone of a function; a number may follow each.
/// From the users of GCC's `clone_function_name`, LLVM's hot-cold splitting and `ThinLTO` promotion.
const PARTS: [&[u8]; 9] = [
    b"cold",
    b"isra",
    b"constprop",
    b"part",
    b"llvm",
    b"lto_priv",
    b"cfi_jt",
    b"clone",
    b"localalias",
];

/// Takes off what changes from build to build.
pub fn normalise(name: &[u8]) -> Normal<'_> {
    normalise_prefixed(name).unwrap_or_else(|| strip_suffixes(name))
}

/// The name that `text` begins with, up to a NUL; what [`normalise`] makes of it; and the hash of that.
#[inline]
pub fn scan(text: &[u8]) -> (&[u8], Normal<'_>, u64) {
    let bytes::Scanned { len, dotted, hash } = bytes::scan(text);
    let name = &text[..len];
    let normal = normalise_prefixed(name).or_else(|| dotted.then(|| strip_suffixes(name)));
    // Nearly all names are what they are, and then their hash is known already.
    match normal {
        None => (name, whole(name), hash),
        Some(normal) => {
            let hash = bytes::hash(&normal.name);
            (name, normal, hash)
        }
    }
}

/// Names whose prefix says what they are.
fn normalise_prefixed(name: &[u8]) -> Option<Normal<'_>> {
    let [b'_', second, _, _, _, _, _, ..] = name else { return None };
    match second {
        // Rust v0 (`_RNv…`): the crate hash sits in the middle, so the name must be demangled.
        b'R' => rust(name),
        // Rust legacy: the hash is the last path element, `17h` + 16 hex digits + `E`.
        b'Z' => {
            let Normal { name: Cow::Borrowed(name), role } = strip_suffixes(name) else {
                return None;
            };
            let (body, hash) = name.split_at_checked(name.len().checked_sub(20)?)?;
            let is_hash = hash.starts_with(b"17h")
                && hash.ends_with(b"E")
                && hash[3..19].iter().all(u8::is_ascii_hexdigit);
            is_hash.then_some(Normal { name: Cow::Borrowed(body), role })
        }
        b'_' => {
            let rest = &name[2..];
            if let Some(rest) = rest.strip_prefix(b"pfx_").or_else(|| rest.strip_prefix(b"cfi_")) {
                // Fill and hash in front of a function (x86 call thunks, kCFI), as its own symbol.
                let inner = strip_suffixes(rest);
                return Some(Normal { name: inner.name, role: Role::Part });
            }
            if rest.starts_with(b"UNIQUE_ID_") {
                let name = trim_number(&name[..trim_dotted(name)]);
                return Some(Normal { name: Cow::Borrowed(name), role: Role::Numbered });
            }
            rest.starts_with(b"initcall__kmod_").then(|| initcall(name)).flatten()
        }
        _ => None,
    }
}

fn whole(name: &[u8]) -> Normal<'_> {
    Normal { name: Cow::Borrowed(name), role: Role::Whole }
}

fn trim_number(name: &[u8]) -> &[u8] {
    let digits = name.iter().rev().take_while(|c| c.is_ascii_digit()).count();
    &name[..name.len() - digits]
}

/// The length of `name` without a trailing `.123`.
fn trim_dotted(name: &[u8]) -> usize {
    let trimmed = trim_number(name);
    match trimmed.strip_suffix(b".") {
        Some(stem) if trimmed.len() < name.len() && !stem.is_empty() => stem.len(),
        _ => name.len(),
    }
}

/// `__initcall__kmod_<module>__<counter>_<line>_<function>` without counter and line.
fn initcall(name: &[u8]) -> Option<Normal<'_>> {
    // The module's name may itself contain `__`, so look for the numbers.
    let mut at = 0;
    while let Some(found) = name[at..].find(b"__") {
        let start = at + found + 2;
        let rest = &name[start..];
        let counter = rest.iter().take_while(|c| c.is_ascii_digit()).count();
        let after = &rest[counter..];
        if counter > 0 && after.first() == Some(&b'_') {
            let line = after[1..].iter().take_while(|c| c.is_ascii_digit()).count();
            if line > 0 && after.get(1 + line) == Some(&b'_') {
                let mut short = name[..start].to_vec();
                short.extend_from_slice(&after[line + 2..]);
                return Some(Normal { name: Cow::Owned(short), role: Role::Numbered });
            }
        }
        at = start;
    }
    None
}

fn rust(name: &[u8]) -> Option<Normal<'_>> {
    let text = std::str::from_utf8(name).ok()?;
    let demangled = rustc_demangle::try_demangle(text).ok()?;
    // The alternate form leaves hashes out.
    Some(Normal { name: Cow::Owned(format!("{demangled:#}").into_bytes()), role: Role::Whole })
}

/// Cuts `.cold`, `.isra.3`, `.llvm.123…`, `.23` and any run of them.
fn strip_suffixes(name: &[u8]) -> Normal<'_> {
    // Names that begin with a dot (`.LC3`) have no stem to keep.
    let rest = name.get(1..).unwrap_or_default();
    let Some(dot) = bytes::find(rest, b'.').map(|at| at + 1) else { return whole(name) };
    let mut end = name.len();
    let mut role = Role::Whole;
    while end > dot {
        let shorter = trim_dotted(&name[..end]);
        let stem = &name[..shorter];
        let part = PARTS.iter().find_map(|part| {
            stem.strip_suffix(*part)?.strip_suffix(b".").filter(|stem| !stem.is_empty())
        });
        if let Some(stem) = part {
            end = stem.len();
            role = Role::Part;
        } else if shorter < end {
            end = shorter;
            if role == Role::Whole {
                role = Role::Numbered;
            }
        } else {
            break;
        }
    }
    Normal { name: Cow::Borrowed(&name[..end]), role }
}

/// A normalised name as people read it: Rust demangled, everything else as it is.
pub fn display(name: &[u8]) -> String {
    if name.starts_with(b"_ZN") {
        // The hash was cut off together with the closing `E`, without which it would not demangle.
        let mut closed = name.to_vec();
        if !closed.ends_with(b"E") {
            closed.push(b'E');
        }
        let text = String::from_utf8_lossy(&closed);
        if let Ok(demangled) = rustc_demangle::try_demangle(&text) {
            return format!("{demangled:#}");
        }
    }
    String::from_utf8_lossy(name).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, want: &str, role: Role) {
        let got = normalise(name.as_bytes());
        assert_eq!((String::from_utf8_lossy(&got.name).as_ref(), got.role), (want, role), "{name}");
    }

    #[test]
    fn ordinary_names_are_left_alone_and_not_copied() {
        for name in
            ["schedule", "__schedule", "a", "", ".LC3", "_end", "x86_64", "foo1", "__mod_timer"]
        {
            let got = normalise(name.as_bytes());
            assert_eq!(got, whole(name.as_bytes()));
            assert!(matches!(got.name, Cow::Borrowed(_)));
        }
    }

    #[test]
    fn pieces_and_clones_carry_their_parents_name() {
        check("foo.cold", "foo", Role::Part);
        check("foo.cold.12", "foo", Role::Part);
        check("foo.isra.0", "foo", Role::Part);
        check("foo.isra.0.cold", "foo", Role::Part);
        check("foo.constprop.0.isra.3", "foo", Role::Part);
        check("foo.part.0", "foo", Role::Part);
        check("foo.llvm.12345678901234567890", "foo", Role::Part);
        check("foo.lto_priv.0", "foo", Role::Part);
        check("__pfx_foo", "foo", Role::Part);
        check("__pfx_foo.isra.0", "foo", Role::Part);
        check("__cfi_foo", "foo", Role::Part);
        check("foo.colder", "foo.colder", Role::Whole);
        check(".cold", ".cold", Role::Whole);
    }

    #[test]
    fn numbers_of_static_locals_go() {
        check("__func__.23", "__func__", Role::Numbered);
        check("__func__.23.0", "__func__", Role::Numbered);
        check("foo.", "foo.", Role::Whole);
        check("foo.bar.7", "foo.bar", Role::Numbered);
    }

    #[test]
    fn counters_of_macros_go() {
        check("__UNIQUE_ID_author412", "__UNIQUE_ID_author", Role::Numbered);
        check("__UNIQUE_ID_x412.3", "__UNIQUE_ID_x", Role::Numbered);
        check(
            "__initcall__kmod_clocksource__412_77_init_fn6",
            "__initcall__kmod_clocksource__init_fn6",
            Role::Numbered,
        );
        check(
            "__initcall__kmod_a__b__1_2___f_init7s",
            "__initcall__kmod_a__b____f_init7s",
            Role::Numbered,
        );
        check("__initcall__kmod_plain", "__initcall__kmod_plain", Role::Whole);
    }

    #[test]
    fn rust_hashes_go_and_names_demangle() {
        let a = normalise(b"_ZN4core3fmt5write17h0123456789abcdefE").name.into_owned();
        let b = normalise(b"_ZN4core3fmt5write17hfedcba9876543210E").name.into_owned();
        assert_eq!(a, b);
        assert_eq!(display(&a), "core::fmt::write");
        let part = normalise(b"_ZN4core3fmt5write17h0123456789abcdefE.llvm.123");
        assert_eq!((part.name.into_owned(), part.role), (a, Role::Part));
        let a = normalise(b"_RNvCs6DXkGYLi8lr_2cc4spam").name.into_owned();
        let b = normalise(b"_RNvCs7DXkGYLi8lr_2cc4spam").name.into_owned();
        assert_eq!(a, b);
        assert_eq!(display(&a), "cc::spam");
        // C++ has no hash to cut.
        check("_ZN3foo3barEv", "_ZN3foo3barEv", Role::Whole);
    }
}
