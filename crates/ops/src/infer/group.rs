//! The files of one import: read, laid out, and brought into the same columns.

use std::collections::HashMap;

use super::catalogue::is_known;
use super::encoding::{Decoded, Wanted};
use super::layout::{self, Table};
use super::names::{self, Naming};
use super::sample::{Sample, Unusable};

/// A file of an import.
#[derive(Debug)]
pub(super) struct Member<'a> {
    pub(super) sample: &'a Sample,
    pub(super) table: Table<'a>,
    /// Its column for each column of the import.
    places: Vec<Option<usize>>,
}

/// The files of one import.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) naming: Naming,
    pub(super) members: Vec<Member<'a>>,
    /// The labels; empty where a label cannot name a column: it is empty, or there twice. Without a header all are.
    pub(super) labels: Vec<String>,
    /// Labels that are there twice.
    pub(super) twice: Vec<String>,
    pub(super) has_blank: bool,
    pub(super) encoding: Wanted,
    /// A word that shows whether the encoding is right.
    pub(super) example: Option<String>,
}

/// Puts files whose names differ in digits together, and lays each out.
pub(super) fn groups<'a>(
    decoded: &'a [(&'a Sample, Decoded)],
    unusable: &mut Vec<Unusable>,
) -> Vec<Group<'a>> {
    let mut by_name: Vec<(String, Vec<&'a (&'a Sample, Decoded)>)> = Vec::new();
    for file in decoded {
        let skeleton = names::skeleton(&file.0.name);
        match by_name.iter_mut().find(|(known, _)| *known == skeleton) {
            Some((_, files)) => files.push(file),
            None => by_name.push((skeleton, vec![file])),
        }
    }
    by_name.into_iter().filter_map(|(_, files)| group(&files, unusable)).collect()
}

fn group<'a>(files: &[&'a (&'a Sample, Decoded)], unusable: &mut Vec<Unusable>) -> Option<Group<'a>> {
    let mut read: Vec<(&'a Sample, Table<'a>)> = Vec::new();
    let mut encoding: Option<Wanted> = None;
    let mut example = None;
    for (sample, decoded) in files {
        let Some(table) = layout::of(&decoded.text, sample.is_whole, &is_known) else {
            unusable.push(Unusable::new(&sample.name, "is empty: nothing can be inferred from it"));
            continue;
        };
        // One import reads its files in one way. What is written otherwise than the first is another import.
        let common = encoding.map_or(Some(decoded.encoding), |known| known.and(decoded.encoding));
        let differs = read.first().and_then(|(first, known)| {
            let what = if common.is_none() {
                "in another encoding"
            } else if known.layout.cut.delimiter != table.layout.cut.delimiter {
                "with another delimiter"
            } else if known.layout.has_header != table.layout.has_header {
                "with a header where the other has none, or without"
            } else if !known.layout.has_header && known.layout.width != table.layout.width {
                "with another number of columns and no header"
            } else if known.layout.has_header && !shares_labels(known, &table) {
                "with other columns"
            } else {
                return None;
            };
            Some(format!("is written {what} than {}, though their names differ in digits only: it is left out; infer it by itself", first.name))
        });
        if let Some(why) = differs {
            unusable.push(Unusable::new(&sample.name, why));
            continue;
        }
        encoding = common;
        example = example.or_else(|| decoded.example.clone());
        read.push((sample, table));
    }
    let encoding = encoding?;
    let names: Vec<&str> = read.iter().map(|(sample, _)| sample.name.as_str()).collect();
    let naming = names::common(&names);
    let (labels, twice, has_blank) = labels(&read);
    let width = read.first().map_or(0, |(_, table)| table.layout.width);
    let (labels, members) = if read.first().is_some_and(|(_, table)| table.layout.has_header) {
        let members = read.into_iter().map(|(sample, table)| {
            let place = |label: &String| {
                table.layout.labels.iter().position(|there| there == label).filter(|_| !label.is_empty())
            };
            Member { sample, places: labels.iter().map(place).collect(), table }
        });
        let members = members.collect();
        (labels, members)
    } else {
        let places: Vec<Option<usize>> = (0..width).map(Some).collect();
        let member = |(sample, table)| Member { sample, table, places: places.clone() };
        (vec![String::new(); width], read.into_iter().map(member).collect())
    };
    Some(Group { naming, members, labels, twice, has_blank, encoding, example })
}

/// True if two tables have at least half of their labels in common.
fn shares_labels(one: &Table<'_>, two: &Table<'_>) -> bool {
    let (one, two) = (&one.layout.labels, &two.layout.labels);
    let common = one.iter().filter(|label| two.contains(label)).count();
    common * 2 >= one.len().min(two.len())
}

/// The labels of all files, those that are there twice, and whether a column has none.
fn labels(files: &[(&Sample, Table<'_>)]) -> (Vec<String>, Vec<String>, bool) {
    let mut twice: Vec<String> = Vec::new();
    let mut has_blank = false;
    let mut all: Vec<String> = Vec::new();
    for (_, table) in files {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for label in &table.layout.labels {
            *seen.entry(label).or_default() += 1;
            has_blank |= label.is_empty();
            if !label.is_empty() && !all.contains(label) {
                all.push(label.clone());
            }
        }
        let repeated =
            table.layout.labels.iter().filter(|label| {
                !label.is_empty() && seen.get(label.as_str()).is_some_and(|count| *count > 1)
            });
        for label in repeated {
            if !twice.contains(label) {
                twice.push(label.clone());
            }
        }
    }
    all.retain(|label| !twice.contains(label));
    (all, twice, has_blank)
}

impl Group<'_> {
    /// True if the files have a header.
    pub(super) fn has_header(&self) -> bool {
        self.members.first().is_some_and(|member| member.table.layout.has_header)
    }

    /// The values of a column, file by file. Records without the column have an empty one.
    pub(super) fn values(&self, column: usize) -> Vec<Vec<&str>> {
        self.members.iter().map(|member| member.values(column)).collect()
    }

    /// How many records were read.
    pub(super) fn rows(&self) -> usize {
        self.members.iter().map(|member| member.table.rows.len()).sum()
    }

    /// True if commas between numbers and days before months are to be expected.
    pub(super) fn is_european(&self) -> bool {
        let delimiter = self.members.first().map_or(",", |member| member.table.layout.cut.delimiter);
        delimiter == ";" || self.encoding.is_european()
    }

    /// The name of the first file.
    pub(super) fn name(&self) -> &str {
        self.members.first().map_or("", |member| member.sample.name.as_str())
    }
}

impl Member<'_> {
    fn values(&self, column: usize) -> Vec<&str> {
        let place = self.places.get(column).copied().flatten();
        let value = |row| value_at(row, place);
        self.table.rows.iter().map(value).collect()
    }
}

fn value_at<'r>(row: &'r super::records::Row<'_>, place: Option<usize>) -> &'r str {
    place.and_then(|place| row.cells.get(place)).map_or("", |cell| cell.trim())
}
