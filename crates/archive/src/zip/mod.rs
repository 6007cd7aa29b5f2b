//! Zip archives, by their central directory.
//!
//! Most hostile archives show in the directory alone: the whole of it is checked before the
//! first byte is unpacked. Libraries inflate and sum the data, but the directory is read here.
//! What it would take to hold the following promises with the `zip` library (tried: 9.4.1) is
//! as long as what it would replace, the fixed fields of a record:
//!
//! * Bounded memory: it loads all records of a directory at once, and it chooses the end record
//!   itself, even one within the comment of another. So to check one beforehand binds nothing.
//! * No overlaps, unique names: of two records with one path it keeps the later, and does not
//!   say which path that was. What the other record points to is not seen by anybody.
//! * No guesses: a size or position whose zip64 field is missing is taken to be 4 GiB.
//! * Nothing hidden: it passes over packed bytes behind the end of a compressed stream, and
//!   reads ahead in them, so that its caller cannot notice either.
//! * Both headers agree: its own check of that does not tell which members overlap, reads all
//!   local headers before the first member, and takes a difference in time for damage.

mod directory;
mod end;
mod record;

use std::io::{self, BufRead, Read, Seek};

use bzip2::bufread::BzDecoder;
use flate2::Crc;
use flate2::bufread::DeflateDecoder;

use crate::deliver::Courier;
use crate::fields::Fields;
use crate::fill::fill;
use crate::limits::Limits;
use crate::name;
use crate::printable::printable;
use crate::refusal::{ExtractError, Refusal, RefusalCode};
use crate::sink::{Sink, Summary};
use crate::source::Source;

use self::directory::Member;
use self::record::Method;

const LOCAL_SIGNATURE: u32 = 0x0403_4b50;
const DESCRIPTOR_SIGNATURE: u32 = 0x0807_4b50;

/// Set in a local header if checksum and sizes follow the data, in a descriptor.
const DESCRIBED: u16 = 1 << 3;

/// The longest descriptor: signature, checksum, two sizes of eight bytes.
const DESCRIPTOR_BYTES: u64 = 24;

/// Bytes of a local header before the name.
pub(crate) const LOCAL_BYTES: usize = 30;

/// Hands all members of a zip to the courier, in the order of their data: so that the
/// source is read forward.
pub(crate) fn unpack<R: Read + Seek, S: Sink>(
    source: &mut Source<R>,
    limits: &Limits,
    mut courier: Courier<'_, S>,
) -> Result<Summary, ExtractError<S::Error>> {
    let end = end::find(source)?;
    let directory = directory::read(source, &end, limits, courier.sink())?;
    for member in &directory.members {
        let local = open(source, member)?;
        let name = name::base(&member.path)?;
        let packed = source.by_ref().take(member.packed);
        match member.method {
            Method::Stored => unpack_member(member, name, packed, &mut courier)?,
            Method::Deflate => unpack_member(member, name, DeflateDecoder::new(packed), &mut courier)?,
            Method::Bzip2 => unpack_member(member, name, BzDecoder::new(packed), &mut courier)?,
        }
        if local.is_described {
            check_descriptor(source, member)?;
        }
    }
    courier.finish(directory.ignored)
}

/// Goes to the data of a member, past a local header that must agree with the directory:
/// programs that read a zip from the front must see the same members as we do.
fn open<R: Read + Seek>(source: &mut Source<R>, member: &Member) -> Result<Local, Refusal> {
    let path = &*member.path;
    let refuse = |what: &str| Err(Refusal::new(RefusalCode::Corrupt, what).of(path));
    let io = |error: io::Error| Refusal::io(Some(path), &error);
    source.seek_to(member.offset).map_err(io)?;
    let mut header = [0; LOCAL_BYTES];
    source.read_exact(&mut header).map_err(io)?;
    let Some(local) = Local::parse(&header) else {
        return refuse("the directory points to something that is no member");
    };
    let mut name = vec![0; local.name_len.into()];
    source.read_exact(&mut name).map_err(io)?;
    if name != path {
        let local = printable(&name);
        return refuse(&format!("the member itself has another name than in the directory: {local}"));
    }
    if local.method != member.method.id() || local.is_encrypted {
        return refuse("the member itself is packed otherwise than the directory says");
    }
    if !local.is_described && !local.declares(member) {
        return refuse("the member itself declares another checksum or size than the directory");
    }
    let data = source.position() + u64::from(local.extra_len);
    if data.saturating_add(member.packed) > member.bound {
        let what = "the data of the member reach into what follows them";
        return Err(Refusal::new(RefusalCode::OverlappingMembers, what).of(path));
    }
    let mut extra = vec![0; local.extra_len.into()];
    source.read_exact(&mut extra).map_err(io)?;
    record::check_names(&name, &extra)?;
    Ok(local)
}

/// Behind the data just read: a descriptor that has a signature must agree with the directory, too. One without
/// cannot be told from whatever else may stand between members.
fn check_descriptor<R: Read + Seek>(source: &mut Source<R>, member: &Member) -> Result<(), Refusal> {
    let room = member.bound.saturating_sub(source.position()).min(DESCRIPTOR_BYTES);
    let mut bytes = Vec::new();
    source
        .by_ref()
        .take(room)
        .read_to_end(&mut bytes)
        .map_err(|error| Refusal::io(Some(&member.path), &error))?;
    let mut fields = Fields(&bytes);
    if fields.u32() != Some(DESCRIPTOR_SIGNATURE) {
        return Ok(());
    }
    let is_true = fields.u32() == Some(member.crc) && {
        let (mut short, mut long) = (Fields(fields.0), Fields(fields.0));
        let sizes = (Some(member.packed), Some(member.size));
        (short.u32().map(u64::from), short.u32().map(u64::from)) == sizes || (long.u64(), long.u64()) == sizes
    };
    if is_true {
        Ok(())
    } else {
        Err(corrupt(member, "what follows the member declares another checksum or size"))
    }
}

/// What matters of a local header.
struct Local {
    is_encrypted: bool,
    /// Checksum and sizes are not here, but behind the data.
    is_described: bool,
    method: u16,
    crc: u32,
    /// The largest number if it is in a zip64 field.
    packed: u32,
    /// The same.
    size: u32,
    name_len: u16,
    extra_len: u16,
}

impl Local {
    fn parse(header: &[u8]) -> Option<Self> {
        let mut fields = Fields(header);
        if fields.u32()? != LOCAL_SIGNATURE {
            return None;
        }
        fields.u16()?; // the version needed
        let flags = fields.u16()?;
        let method = fields.u16()?;
        fields.bytes(4)?; // time, date
        Some(Self {
            is_encrypted: flags & record::ENCRYPTED != 0,
            is_described: flags & DESCRIBED != 0,
            method,
            crc: fields.u32()?,
            packed: fields.u32()?,
            size: fields.u32()?,
            name_len: fields.u16()?,
            extra_len: fields.u16()?,
        })
    }

    /// Whether checksum and sizes are those of the directory, as far as they are here.
    fn declares(&self, member: &Member) -> bool {
        let is = |here: u32, there: u64| here == u32::MAX || u64::from(here) == there;
        self.crc == member.crc && is(self.packed, member.packed) && is(self.size, member.size)
    }
}

/// The unpacked data of one member, over its packed ones.
trait Unpacker: Read {
    /// Packed bytes that were not needed.
    fn left_over(&self) -> u64;
}

impl<R: Read> Unpacker for io::Take<R> {
    fn left_over(&self) -> u64 {
        self.limit()
    }
}

impl<R: BufRead> Unpacker for DeflateDecoder<io::Take<R>> {
    fn left_over(&self) -> u64 {
        self.get_ref().limit()
    }
}

impl<R: BufRead> Unpacker for BzDecoder<io::Take<R>> {
    fn left_over(&self) -> u64 {
        self.get_ref().limit()
    }
}

fn unpack_member<S: Sink>(
    member: &Member,
    name: &str,
    mut unpacker: impl Unpacker,
    courier: &mut Courier<'_, S>,
) -> Result<(), ExtractError<S::Error>> {
    let mut crc = Crc::new();
    let mut size = 0_u64;
    courier.deliver(name, |buffer| {
        let filled = fill(buffer, |rest| unpacker.read(rest)).map_err(|error| damaged(member, &error))?;
        let piece = buffer.get(..filled).unwrap_or_default();
        crc.update(piece);
        size += filled as u64;
        if size > member.size {
            let what = format_args!("the member unpacks to more than the {} bytes it declares", member.size);
            return Err(corrupt(member, what));
        }
        if filled < buffer.len() {
            check_end(member, size, crc.sum(), unpacker.left_over())?;
        }
        Ok(filled)
    })
}

/// All data of a member are there: do they fit what the directory says?
fn check_end(member: &Member, size: u64, crc: u32, left_over: u64) -> Result<(), Refusal> {
    if size != member.size {
        let what = format_args!("the member unpacks to {size} bytes, but declares {}", member.size);
        return Err(corrupt(member, what));
    }
    if left_over != 0 {
        let what = format_args!("{left_over} of {} packed bytes belong to nothing", member.packed);
        return Err(corrupt(member, what));
    }
    if crc != member.crc {
        let what = format_args!("the checksum is {crc:08x}, but {:08x} is declared", member.crc);
        return Err(corrupt(member, what));
    }
    Ok(())
}

fn corrupt(member: &Member, what: impl std::fmt::Display) -> Refusal {
    Refusal::new(RefusalCode::Corrupt, what).of(&*member.path)
}

/// Within a zip the end of the packed data is known, so data that want more are damaged and
/// not cut off.
fn damaged(member: &Member, error: &io::Error) -> Refusal {
    corrupt(member, format_args!("the packed data are damaged ({error})"))
}
