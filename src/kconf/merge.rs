//! Merges fragments into a configuration as `scripts/kconfig/merge_config.sh` does: what a fragment
//! assigns is taken out of everything before it, then the fragment is appended.

use bstr::ByteSlice as _;

/// Whether a tree's script puts a line feed between what it joins, in case that the first lacks its last: since
/// 6.9 (in 6.12, not in 6.8.1) and in updates (in 5.15.215 and 6.1.192, not in 6.6.9), as the text shows. A
/// newer script does it in awk.
pub fn separates(script: &[u8]) -> bool {
    !script.contains_str("cat $MERGE_FILE >> $TMP_FILE") || script.contains_str("echo >> $TMP_FILE")
}

/// `base` with `fragments` (name and text) merged into it, and what the script prints on the way. Whether
/// there are line feeds between them says [`separates`].
pub fn merge(base: &[u8], fragments: &[(Vec<u8>, Vec<u8>)], separated: bool) -> (Vec<u8>, Vec<u8>) {
    let mut merged = base.to_vec();
    let mut said = Vec::new();
    for (name, text) in fragments {
        said.extend_from_slice(&[b"Merging ", name.as_slice(), b"\n"].concat());
        for symbol in text.lines().filter_map(assigned) {
            let before = about(&merged, symbol);
            if before.is_empty() {
                continue;
            }
            let new = about(text, symbol);
            if before != new {
                let line = [b"Value of ", symbol, b" is redefined by fragment ", name, b":\n"];
                said.extend_from_slice(&line.concat());
                said.extend_from_slice(
                    &[b"Previous value: ", words(&before).as_slice(), b"\n"].concat(),
                );
                said.extend_from_slice(&[b"New value: ", words(&new).as_slice(), b"\n\n"].concat());
            }
            merged = without(&merged, symbol);
        }
        if separated {
            merged.push(b'\n');
        }
        merged.extend_from_slice(text);
    }
    (merged, said)
}

/// `CONFIG_X` of a line that assigns it.
fn assigned(line: &[u8]) -> Option<&[u8]> {
    let (text, unset) = match line.strip_prefix(b"# ") {
        Some(rest) => (rest.strip_suffix(b" is not set")?, true),
        None => (line, false),
    };
    let rest = text.strip_prefix(b"CONFIG_")?;
    let end = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
    let complete = if unset { end == rest.len() } else { rest.get(end) == Some(&b'=') };
    complete.then(|| &text[..b"CONFIG_".len() + end])
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The lines that contain `symbol` as a word (`grep -w`).
fn about<'a>(text: &'a [u8], symbol: &[u8]) -> Vec<&'a [u8]> {
    let has = |line: &&[u8]| {
        line.find_iter(symbol).any(|at| {
            let before = at.checked_sub(1).is_none_or(|before| !is_word(line[before]));
            before && line.get(at + symbol.len()).is_none_or(|after| !is_word(*after))
        })
    };
    text.lines().filter(has).collect()
}

/// The text without the lines that contain `symbol` before `=` or a space (`sed /SYMBOL[ =]/d`).
fn without(text: &[u8], symbol: &[u8]) -> Vec<u8> {
    let has = |line: &[u8]| {
        line.find_iter(symbol).any(|at| matches!(line.get(at + symbol.len()), Some(b'=' | b' ')))
    };
    text.lines_with_terminator().filter(|line| !has(line)).collect::<Vec<_>>().concat()
}

/// As the script's unquoted `echo` prints it.
fn words(lines: &[&[u8]]) -> Vec<u8> {
    let words: Vec<&[u8]> = lines.iter().flat_map(|line| line.fields()).collect();
    words.join(&b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(base: &str, fragments: &[&str]) -> (String, String) {
        let fragments: Vec<_> =
            fragments.iter().map(|text| (b"frag".to_vec(), text.as_bytes().to_vec())).collect();
        let (text, said) = merge(base.as_bytes(), &fragments, true);
        (String::from_utf8(text).unwrap(), String::from_utf8(said).unwrap())
    }

    #[test]
    fn later_assignments_replace_earlier_ones() {
        let (text, said) = merged(
            "CONFIG_A=y\nCONFIG_AB=y\n# CONFIG_C is not set\n",
            &["CONFIG_A=m\n# CONFIG_C is not set\n# a comment\n", "CONFIG_NEW=1"],
        );
        assert_eq!(
            text,
            "CONFIG_AB=y\n\nCONFIG_A=m\n# CONFIG_C is not set\n# a comment\n\nCONFIG_NEW=1"
        );
        assert_eq!(
            said,
            "Merging frag\nValue of CONFIG_A is redefined by fragment frag:\n\
             Previous value: CONFIG_A=y\nNew value: CONFIG_A=m\n\nMerging frag\n"
        );
    }

    #[test]
    fn older_scripts_put_nothing_between() {
        let old = b"cat $MERGE_FILE >> $TMP_FILE\n";
        let new = b"echo >> $TMP_FILE\ncat $MERGE_FILE >> $TMP_FILE\n";
        assert_eq!([separates(old), separates(new), separates(b"awk")], [false, true, true]);
        let fragments = [(b"frag".to_vec(), b"CONFIG_B=y\n".to_vec())];
        assert_eq!(merge(b"CONFIG_A=y\n", &fragments, false).0, b"CONFIG_A=y\nCONFIG_B=y\n");
    }

    #[test]
    fn only_assignments_count() {
        assert_eq!(assigned(b"CONFIG_A=y"), Some(b"CONFIG_A".as_slice()));
        assert_eq!(assigned(b"# CONFIG_A is not set"), Some(b"CONFIG_A".as_slice()));
        for line in
            ["CONFIG_A", " CONFIG_A=y", "#CONFIG_A is not set", "# CONFIG_A is not set ", ""]
        {
            assert_eq!(assigned(line.as_bytes()), None, "{line}");
        }
    }
}
