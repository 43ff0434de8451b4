//! The `.config` that a kernel with `CONFIG_IKCONFIG` carries inside.
//!
//! kernel/configs.c puts a gzip stream between the eight-byte markers `IKCFG_ST` and `IKCFG_ED`;
//! scripts/extract-ikconfig looks for the same. What comes out of the stream is bounded, because a
//! few kilobytes of gzip can claim to be gigabytes.

use std::io::Read;

use bstr::ByteSlice;

use crate::exit::{At, Error, Result};
use crate::model::image::Image;

const START: &[u8] = b"IKCFG_ST";
const END: &[u8] = b"IKCFG_ED";
/// The largest configuration that is believed, in bytes; allyesconfig of 6.12 has 0.5 MB.
const MAX_CONFIG: u64 = 16 << 20;

/// The text of the embedded configuration; `None` if the image carries none.
///
/// # Errors
/// A marker without its end, a damaged gzip stream, more than 16 MiB, or text that isn't UTF-8.
pub fn extract(image: &Image<'_>) -> Result<Option<String>> {
    for section in image.sections.iter().filter(|section| section.is_alloc()) {
        // The markers are also names in extract-ikconfig; what counts is the gzip magic behind.
        for at in section.data.find_iter(START) {
            let from = at + START.len();
            let rest = &section.data[from..];
            if !rest.starts_with(b"\x1f\x8b") {
                continue;
            }
            let wrong = |why: &str| {
                let at = At::Offset(section.offset + from as u64);
                Error::input_at(&image.path, at, format!("embedded .config (IKCONFIG): {why}"))
            };
            let Some(end) = rest.find(END) else {
                return Err(wrong("no IKCFG_ED after it"));
            };
            return gunzip(&rest[..end]).map(Some).map_err(|why| wrong(&why));
        }
    }
    Ok(None)
}

fn gunzip(bytes: &[u8]) -> Result<String, String> {
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(bytes)
        .take(MAX_CONFIG + 1)
        .read_to_end(&mut text)
        .map_err(|err| format!("damaged gzip stream: {err}"))?;
    if text.len() as u64 > MAX_CONFIG {
        return Err("more than 16 MiB after decompression".into());
    }
    String::from_utf8(text).map_err(|_| "not UTF-8".into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn round_trip() {
        assert_eq!(gunzip(&gzip(b"CONFIG_HMM_MIRROR=y\n")).unwrap(), "CONFIG_HMM_MIRROR=y\n");
    }

    #[test]
    fn a_bomb_is_refused_without_unpacking_it() {
        let bomb = gzip(&vec![b'#'; (MAX_CONFIG + 4096) as usize]);
        assert!(gunzip(&bomb).unwrap_err().contains("16 MiB"));
    }

    #[test]
    fn a_cut_stream_is_an_error() {
        let mut cut = gzip(b"CONFIG_A=y\nCONFIG_B=y\n");
        cut.truncate(cut.len() / 2);
        assert!(gunzip(&cut).unwrap_err().contains("damaged"));
    }
}
