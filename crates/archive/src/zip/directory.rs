//! The directory of a zip, checked as a whole before anything is unpacked.

use std::io::{self, Read, Seek};
use std::rc::Rc;

use crate::deliver::{archive_too_large, member_too_large, ratio_too_high};
use crate::limits::Limits;
use crate::name;
use crate::printable::printable;
use crate::refusal::{Refusal, RefusalCode};
use crate::roster::{Naming, Roster};
use crate::sink::{Ignored, Sink};
use crate::source::Source;

use super::LOCAL_BYTES;
use super::end::End;
use super::record::{Method, RECORD_BYTES, Record, check_names};

/// The members to unpack, by the position of their data.
pub(super) struct Directory {
    pub(super) members: Vec<Member>,
    pub(super) ignored: Ignored,
}

/// One member as the directory declares it.
pub(crate) struct Member {
    pub(crate) path: Rc<[u8]>,
    pub(super) method: Method,
    pub(super) crc: u32,
    /// Bytes in the archive.
    pub(super) packed: u64,
    /// Bytes when unpacked.
    pub(super) size: u64,
    /// Where its local header begins.
    pub(super) offset: u64,
    /// Where the next entry, or the directory, begins: its data must end before.
    pub(super) bound: u64,
}

/// The bytes of the archive that an entry of any kind occupies at least.
struct Span {
    start: u64,
    end: u64,
    path: Rc<[u8]>,
}

/// Reads and checks the directory. As many records are kept as the limit allows members.
pub(super) fn read<R: Read + Seek, S: Sink>(
    source: &mut Source<R>,
    end: &End,
    limits: &Limits,
    naming: Naming,
    sink: &S,
) -> Result<Directory, Refusal> {
    if end.entries > limits.members {
        let what = format_args!(
            "the archive holds {} entries, more than the limit of {}",
            end.entries, limits.members
        );
        return Err(Refusal::new(RefusalCode::TooManyMembers, what));
    }
    source.seek_to(end.offset).map_err(|error| Refusal::io(None, &error))?;
    let mut roster = Roster::naming(limits, naming);
    let mut members = Vec::new();
    let mut spans = Vec::new();
    for _ in 0..end.entries {
        let (record, raw) = read_record(source, end)?;
        roster.count()?;
        name::check(&raw)?;
        let path: Rc<[u8]> = raw.into();
        spans.push(span(&record, &path, end)?);
        if let Some(member) =
            admit(&record, &path, limits, &mut roster, sink).map_err(|refusal| refusal.of(&*path))?
        {
            members.push(member);
        }
    }
    if source.position() != end.limit {
        let extra = end.limit - source.position();
        let what = format_args!("the directory has {extra} bytes more than its {} entries", end.entries);
        return Err(Refusal::new(RefusalCode::Corrupt, what));
    }
    check_totals(&members, source.len(), limits)?;
    bound(&mut members, spans, end)?;
    Ok(Directory { members, ignored: roster.into_ignored() })
}

fn read_record<R: Read + Seek>(source: &mut Source<R>, end: &End) -> Result<(Record, Vec<u8>), Refusal> {
    let position = source.position();
    let damaged = || {
        let what = format_args!("the directory is damaged at byte {position}");
        Refusal::new(RefusalCode::Corrupt, what)
    };
    let io = |error: io::Error| Refusal::io(None, &error);
    if end.limit - position < RECORD_BYTES as u64 {
        return Err(damaged());
    }
    let mut fixed = [0; RECORD_BYTES];
    source.read_exact(&mut fixed).map_err(io)?;
    let mut record = Record::parse(&fixed).ok_or_else(damaged)?;
    let variable = [record.name_len, record.extra_len, record.comment_len].map(u64::from);
    let next = source.position() + variable.iter().sum::<u64>();
    if next > end.limit {
        return Err(damaged());
    }
    let mut path = vec![0; record.name_len.into()];
    source.read_exact(&mut path).map_err(io)?;
    let mut extra = vec![0; record.extra_len.into()];
    source.read_exact(&mut extra).map_err(io)?;
    source.seek_to(next).map_err(io)?;
    record.complete(&extra).ok_or_else(damaged)?;
    check_names(&path, &extra)?;
    Ok((record, path))
}

/// The member to unpack, or `None` for what is passed over.
fn admit<S: Sink>(
    record: &Record,
    path: &Rc<[u8]>,
    limits: &Limits,
    roster: &mut Roster<'_>,
    sink: &S,
) -> Result<Option<Member>, Refusal> {
    if record.is_folder() || name::is_folder(path) {
        if record.size != 0 {
            return Err(Refusal::new(RefusalCode::Corrupt, "the folder has a size"));
        }
        return Ok(None);
    }
    if roster.ignores(path, record.size, sink) {
        return Ok(None);
    }
    record.check_kind()?;
    let method = record.method()?;
    roster.register(path)?;
    let (size, packed) = (record.size, record.packed);
    if size > limits.member_bytes {
        return Err(member_too_large(limits, format_args!("{size} bytes, more than")));
    }
    if limits.is_bomb(size, packed) {
        return Err(ratio_too_high(limits, size, packed));
    }
    let (path, crc, offset) = (Rc::clone(path), record.crc, record.offset);
    Ok(Some(Member { path, method, crc, packed, size, offset, bound: 0 }))
}

/// The ratio is judged over all members too: many small bombs are one large one.
fn check_totals(members: &[Member], len: u64, limits: &Limits) -> Result<(), Refusal> {
    let total = members.iter().fold(0_u64, |sum, member| sum.saturating_add(member.size));
    if total > limits.total_bytes {
        return Err(archive_too_large(limits, format_args!("{total} bytes, more than")));
    }
    if limits.is_bomb(total, len) {
        return Err(ratio_too_high(limits, total, len));
    }
    Ok(())
}

/// The least an entry occupies; its local header may have an extra field on top, which is
/// not known before that header is read.
fn span(record: &Record, path: &Rc<[u8]>, end: &End) -> Result<Span, Refusal> {
    let header = (LOCAL_BYTES + path.len()) as u64;
    let start = record.offset;
    match start.checked_add(header).and_then(|data| data.checked_add(record.packed)) {
        Some(last) if last <= end.offset => Ok(Span { start, end: last, path: Rc::clone(path) }),
        _ => {
            let what = "the data of the member would lie beyond the directory";
            Err(Refusal::new(RefusalCode::Corrupt, what).of(&**path))
        }
    }
}

/// Sorts the members by position, refuses those that overlap, and notes where each must end.
fn bound(members: &mut [Member], mut spans: Vec<Span>, end: &End) -> Result<(), Refusal> {
    spans.sort_unstable_by_key(|span| span.start);
    for (span, next) in spans.iter().zip(spans.iter().skip(1)) {
        if next.start < span.end {
            let (from, to, other) = (next.start, span.end, printable(&span.path));
            let what = format_args!("the member shares bytes {from} to {to} with {other}");
            return Err(Refusal::new(RefusalCode::OverlappingMembers, what).of(&*next.path));
        }
    }
    members.sort_unstable_by_key(|member| member.offset);
    for member in members {
        let next = spans.partition_point(|span| span.start <= member.offset);
        member.bound = spans.get(next).map_or(end.offset, |span| span.start);
    }
    Ok(())
}
