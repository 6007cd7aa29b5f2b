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

use std::io::{self, Read, Seek};

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
use crate::roster::Naming;
use crate::sink::{Nothing, Sink, Summary};
use crate::source::Source;

pub(crate) use self::directory::Member;
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
    let directory = directory::read(source, &end, limits, Naming::Base, courier.sink())?;
    for member in &directory.members {
        let name = name::base(&member.path)?;
        let mut data = Data::open(source, member)?;
        courier.deliver(name, |buffer| data.fill(buffer))?;
    }
    courier.finish(directory.ignored)
}

/// The members of a zip by their whole paths, and nothing unpacked yet.
pub(crate) fn members<R: Read + Seek>(
    source: &mut Source<R>,
    limits: &Limits,
) -> Result<Vec<Member>, Refusal> {
    let end = end::find(source)?;
    Ok(directory::read(source, &end, limits, Naming::Path, &Nothing)?.members)
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
enum Unpacker<'a, R: Read> {
    Stored(io::Take<&'a mut Source<R>>),
    Deflate(DeflateDecoder<io::Take<&'a mut Source<R>>>),
    Bzip2(BzDecoder<io::Take<&'a mut Source<R>>>),
}

impl<'a, R: Read> Unpacker<'a, R> {
    fn packed(&mut self) -> &mut io::Take<&'a mut Source<R>> {
        match self {
            Self::Stored(packed) => packed,
            Self::Deflate(decoder) => decoder.get_mut(),
            Self::Bzip2(decoder) => decoder.get_mut(),
        }
    }
}

impl<R: Read> Read for Unpacker<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stored(packed) => packed.read(buffer),
            Self::Deflate(decoder) => decoder.read(buffer),
            Self::Bzip2(decoder) => decoder.read(buffer),
        }
    }
}

/// One member while it is unpacked. Its sizes and checksum are compared with the directory at its end.
pub(crate) struct Data<'a, R: Read> {
    member: &'a Member,
    unpacker: Unpacker<'a, R>,
    is_described: bool,
    is_ended: bool,
    crc: Crc,
    size: u64,
}

impl<'a, R: Read + Seek> Data<'a, R> {
    /// Goes to the member and checks its own header.
    pub(crate) fn open(source: &'a mut Source<R>, member: &'a Member) -> Result<Self, Refusal> {
        let is_described = open(source, member)?.is_described;
        let packed = source.take(member.packed);
        let unpacker = match member.method {
            Method::Stored => Unpacker::Stored(packed),
            Method::Deflate => Unpacker::Deflate(DeflateDecoder::new(packed)),
            Method::Bzip2 => Unpacker::Bzip2(BzDecoder::new(packed)),
        };
        Ok(Self { member, unpacker, is_described, is_ended: false, crc: Crc::new(), size: 0 })
    }

    /// Fills the buffer, save at the end: a short count means that the member is complete and as it was declared.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Refusal> {
        if self.is_ended {
            return Ok(0);
        }
        let member = self.member;
        let filled =
            fill(buffer, |rest| self.unpacker.read(rest)).map_err(|error| damaged(member, &error))?;
        let piece = buffer.get(..filled).unwrap_or_default();
        self.crc.update(piece);
        self.size += filled as u64;
        if self.size > member.size {
            let what = format_args!("the member unpacks to more than the {} bytes it declares", member.size);
            return Err(corrupt(member, what));
        }
        if filled < buffer.len() {
            self.is_ended = true;
            let packed = self.unpacker.packed();
            check_end(member, self.size, self.crc.sum(), packed.limit())?;
            if self.is_described {
                check_descriptor(packed.get_mut(), member)?;
            }
        }
        Ok(filled)
    }

    /// The failure of the source, if it was the source that failed.
    pub(crate) fn take_fault(&mut self) -> Option<io::Error> {
        self.unpacker.packed().get_mut().take_fault()
    }
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
