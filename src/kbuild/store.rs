//! Records by name in one file of the cache, of which a question reads only what it asks for.
//!
//! A header, the key that says what the records were made of, a table, the names in order, the records.
//! What is read is held against a checksum; a file that is damaged, of another version or made of
//! something else is as good as none, whatever is in it. A file is written under a temporary name and
//! renamed.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

const MAGIC: &[u8; 16] = b"hmmsize records\n";
/// The version of the format.
const VERSION: u64 = 1;
/// `MAGIC`, version, number of records, bytes of key, of names and of records, checksum of all that is
/// not records.
const HEADER: usize = 16 + 6 * 8;
/// An entry of the table: where name and record end, and the record's checksum.
const ENTRY: usize = 24;

/// An opened file.
#[derive(Debug)]
pub struct Store {
    file: File,
    key: Vec<u8>,
    table: Vec<u8>,
    names: Vec<u8>,
    data: u64,
}

/// A record that is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damaged;

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let word = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(word.try_into().ok()?))
}

impl Store {
    /// Opens `path`; nothing if there is no such file, or if it is not as it was written.
    pub fn open(path: &Path) -> Option<Self> {
        let file = File::open(path).ok()?;
        let len = file.metadata().ok()?.len();
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, 0).ok()?;
        let field = |number: usize| word(&header, 16 + 8 * number);
        if &header[..16] != MAGIC || field(0)? != VERSION {
            return None;
        }
        let (count, key, names, records) = (field(1)?, field(2)?, field(3)?, field(4)?);
        let table = count.checked_mul(ENTRY as u64)?;
        let before = key.checked_add(table)?.checked_add(names)?;
        let data = (HEADER as u64).checked_add(before)?;
        if data.checked_add(records)? != len {
            return None;
        }
        let mut rest = vec![0; usize::try_from(before).ok()?];
        file.read_exact_at(&mut rest, HEADER as u64).ok()?;
        if xxh3_64(&rest) != field(5)? {
            return None;
        }
        let names = rest.split_off((key + table) as usize);
        let table = rest.split_off(key as usize);
        Some(Self { file, key: rest, table, names, data })
    }

    /// What the records were made of, as the writer said.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.table.len() / ENTRY
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Where the name (0) or record (1) before `index` ends.
    fn end(&self, index: usize, which: usize) -> u64 {
        let before = index.checked_sub(1);
        before.and_then(|at| word(&self.table, at * ENTRY + which * 8)).unwrap_or(0)
    }

    /// The name of a record, by its number; names are in order.
    pub fn name(&self, index: usize) -> &[u8] {
        let (start, end) = (self.end(index, 0) as usize, self.end(index + 1, 0) as usize);
        self.names.get(start..end).unwrap_or_default()
    }

    /// The number of the record of that name.
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.name(middle).cmp(name) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The record of that name, if there is one.
    pub fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Damaged> {
        let Some(index) = self.find(name) else { return Ok(None) };
        let (start, end) = (self.end(index, 1), self.end(index + 1, 1));
        let len =
            end.checked_sub(start).and_then(|len| usize::try_from(len).ok()).ok_or(Damaged)?;
        let mut record = vec![0; len];
        self.file.read_exact_at(&mut record, self.data + start).map_err(|_| Damaged)?;
        let wanted = word(&self.table, index * ENTRY + 16);
        if wanted == Some(xxh3_64(&record)) { Ok(Some(record)) } else { Err(Damaged) }
    }

    /// Writes `records`, which are sorted by name here, to `path`, and opens them.
    pub fn write(path: &Path, key: &[u8], mut records: Vec<(Vec<u8>, Vec<u8>)>) -> io::Result<()> {
        records.sort_by(|a, b| a.0.cmp(&b.0));
        let mut rest = key.to_vec();
        let (mut names, mut data) = (Vec::new(), 0_u64);
        for (name, record) in &records {
            names.extend_from_slice(name);
            data += record.len() as u64;
            for word in [names.len() as u64, data, xxh3_64(record)] {
                rest.extend_from_slice(&word.to_le_bytes());
            }
        }
        rest.extend_from_slice(&names);
        let dir = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(dir)?;
        let mut out = io::BufWriter::new(tempfile::NamedTempFile::new_in(dir)?);
        out.write_all(MAGIC)?;
        let (count, key) = (records.len() as u64, key.len() as u64);
        for word in [VERSION, count, key, names.len() as u64, data, xxh3_64(&rest)] {
            out.write_all(&word.to_le_bytes())?;
        }
        out.write_all(&rest)?;
        records.iter().try_for_each(|(_, record)| out.write_all(record))?;
        let out = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        out.persist(path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(path: &Path) {
        let record = |name: &str, text: &str| (name.into(), text.into());
        let records = vec![record("b", "second"), record("a", ""), record("\0x", "first")];
        Store::write(path, b"key", records).unwrap();
    }

    #[test]
    fn records_are_found_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("below/records");
        sample(&path);
        let store = Store::open(&path).unwrap();
        assert_eq!((store.key(), store.len()), (&b"key"[..], 3));
        assert_eq!(store.get(b"b"), Ok(Some(b"second".to_vec())));
        assert_eq!(store.get(b"a"), Ok(Some(Vec::new())));
        assert_eq!(store.get(b"c"), Ok(None));
        assert_eq!(store.name(0), b"\0x");
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("records");
        sample(&path);
        let good = std::fs::read(&path).unwrap();
        for at in 0..good.len() {
            for change in [1, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] ^= change;
                std::fs::write(&path, &bad).unwrap();
                let all = |store: Store| {
                    [&b"\0x"[..], b"a", b"b"]
                        .iter()
                        .all(|name| matches!(store.get(name), Ok(Some(_))))
                };
                assert!(!Store::open(&path).is_some_and(all), "byte {at}");
            }
            std::fs::write(&path, &good[..at]).unwrap();
            assert!(Store::open(&path).is_none(), "cut at {at}");
        }
    }
}
