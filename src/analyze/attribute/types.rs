//! Structures and unions that have another size in another image, and what of them is different.
//!
//! Debug information has a structure once for each unit that includes its header; it may have several
//! layouts in one image (private ones of one name, headers that an option of the file changes). Those of
//! one name and file are put side by side; what only one image has is no change of a type.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::record::{Member, Record, Tag};

/// A type that both images have, in different sizes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// As it was.
    pub old: Record,
    /// As it is.
    pub new: Record,
    /// The members that came, went or have another width; as the new layout has them, then what went.
    pub fields: Vec<Field>,
}

/// A member before and after; one of them at least is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Before.
    pub old: Option<Member>,
    /// After.
    pub new: Option<Member>,
}

/// The names that may be of types that changed.
pub fn names(old: &[Tag], new: &[Tag]) -> FxHashSet<String> {
    let sizes = |tags: &'_ [Tag]| {
        let mut sizes: FxHashMap<(String, bool), Vec<u64>> = FxHashMap::default();
        for tag in tags {
            sizes.entry((tag.name.clone(), tag.is_union)).or_default().push(tag.bytes);
        }
        sizes
    };
    let (was, is) = (sizes(old), sizes(new));
    let differs = |(tag, sizes): (&(String, bool), &Vec<u64>)| {
        is.get(tag).filter(|other| *other != sizes).map(|_| tag.0.clone())
    };
    was.iter().filter_map(differs).collect()
}

/// The types of these that changed, the largest change first.
pub fn changed(old: Vec<Record>, new: Vec<Record>) -> Vec<Changed> {
    type Key = (String, bool, String);
    let by_key = |records: Vec<Record>| {
        let mut all: FxHashMap<Key, Vec<Record>> = FxHashMap::default();
        for record in records {
            let key = (record.name.clone(), record.is_union, record.file.clone());
            let same = all.entry(key).or_default();
            // Layouts that differ in something else than the size are one here.
            if same.iter().all(|known| known.bytes != record.bytes) {
                same.push(record);
            }
        }
        all
    };
    let (was, mut is) = (by_key(old), by_key(new));
    let mut out = Vec::new();
    for (key, mut olds) in was {
        let Some(mut news) = is.remove(&key) else { continue };
        let kept = |one: &Record, others: &[Record]| others.iter().any(|o| o.bytes == one.bytes);
        let before = olds.clone();
        olds.retain(|one| !kept(one, &news));
        news.retain(|one| !kept(one, &before));
        let order = |one: &Record| (one.line, one.bytes);
        olds.sort_by_key(order);
        news.sort_by_key(order);
        let pairs = olds.into_iter().zip(news);
        out.extend(pairs.map(|(old, new)| Changed { fields: fields(&old, &new), old, new }));
    }
    let change = |one: &Changed| std::cmp::Reverse(one.old.bytes.abs_diff(one.new.bytes));
    out.sort_by(|a, b| (change(a), &a.new).cmp(&(change(b), &b.new)));
    out
}

/// The members that came, went or have another width.
fn fields(old: &Record, new: &Record) -> Vec<Field> {
    let before: FxHashMap<&str, &Member> =
        old.members.iter().map(|member| (member.name.as_str(), member)).collect();
    let after: FxHashSet<&str> = new.members.iter().map(|member| member.name.as_str()).collect();
    let came = new.members.iter().filter_map(|member| {
        let was = before.get(member.name.as_str()).copied();
        let differs = was.is_none_or(|was| was.bits != member.bits);
        differs.then(|| Field { old: was.cloned(), new: Some(member.clone()) })
    });
    let went = old.members.iter().filter(|member| !after.contains(member.name.as_str()));
    let went = went.map(|member| Field { old: Some(member.clone()), new: None });
    let all: Vec<Field> = came.chain(went).collect();
    // A structure without a tag is as different as its members are.
    let inner: FxHashSet<String> =
        all.iter().filter_map(|field| Some(field.name().rsplit_once('.')?.0.to_owned())).collect();
    let is_whole = |field: &Field| field.old.is_some() && field.new.is_some();
    all.into_iter().filter(|field| !is_whole(field) || !inner.contains(field.name())).collect()
}

impl Field {
    /// Its name.
    pub fn name(&self) -> &str {
        self.new.as_ref().or(self.old.as_ref()).map_or("", |member| member.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, file: &str, bytes: u64, members: &[(&str, u64)]) -> Record {
        let member = |&(name, bits): &(&str, u64)| Member {
            name: name.into(),
            bit: 0,
            bits,
            of: String::new(),
            file: file.into(),
            line: 2,
        };
        let members = members.iter().map(member).collect();
        Record { name: name.into(), file: file.into(), line: 1, is_union: false, bytes, members }
    }

    #[test]
    fn members_that_came_went_or_grew_are_told() {
        let old = record("page", "a.h", 16, &[("flags", 64), ("gone", 32), ("lock", 32)]);
        let inner = [("lock", 64), ("lock.owner", 32)];
        let new = record("page", "a.h", 24, &[&[("flags", 64), ("x", 8)][..], &inner].concat());
        let all = changed(vec![old], vec![new]);
        let told: Vec<(&str, bool, bool)> = all[0]
            .fields
            .iter()
            .map(|field| (field.name(), field.old.is_some(), field.new.is_some()))
            .collect();
        let expected = [("x", false, true), ("lock.owner", false, true), ("gone", true, false)];
        assert_eq!(told, expected);
    }

    #[test]
    fn types_of_one_name_are_told_apart_by_their_files() {
        let old = vec![
            record("private", "a.c", 8, &[]),
            record("private", "b.c", 16, &[]),
            record("only", "a.c", 4, &[]),
        ];
        let new = vec![
            record("private", "a.c", 8, &[]),
            record("private", "b.c", 24, &[]),
            record("fresh", "a.c", 4, &[]),
        ];
        let all = changed(old, new);
        let told: Vec<_> = all.iter().map(|one| (&*one.new.file, one.old.bytes)).collect();
        assert_eq!(told, [("b.c", 16)]);
    }

    #[test]
    fn names_are_of_types_in_both() {
        let tag = |name: &str, bytes| Tag { name: name.into(), is_union: false, bytes };
        let old = [tag("a", 1), tag("b", 2), tag("b", 3), tag("gone", 1)];
        let new = [tag("a", 2), tag("b", 2), tag("b", 3), tag("new", 1)];
        assert_eq!(names(&old, &new).into_iter().collect::<Vec<_>>(), ["a"]);
    }
}
