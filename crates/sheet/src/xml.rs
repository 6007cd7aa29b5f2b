//! One XML part, read from its first element to its last, within limits.
//!
//! Elements are pulled by their place: [`Xml::child`] opens the next child of the open element, or says that it is closed;
//! [`Xml::skip`] closes what was opened last with all that is in it. So no element is taken for another at a different place.

use std::borrow::Cow;
use std::fmt;
use std::io::{BufRead, Read, Seek};

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesDecl, BytesRef, Event};
use tidewaiter_archive::Part;

use crate::feed::{Fault, Feed};
use crate::limits::Limits;
use crate::refusal::{Refusal, RefusalCode, SheetError};

/// Namespaces of both dialects of the standard, which have the same elements.
const NAMESPACES: [&str; 3] = [
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://schemas.openxmlformats.org/package/2006/relationships",
];

/// Elements that hold data.
const DATA: [&str; 12] =
    ["sheets", "sheet", "sheetData", "row", "c", "v", "f", "is", "si", "r", "t", "Relationship"];

/// A reader of one part.
pub(crate) struct Xml<'a, R: Read> {
    reader: Reader<Feed<'a, R>>,
    /// What was read last, with its angle brackets if it is a tag.
    buffer: Vec<u8>,
    /// The prefix of the outermost element; empty if it has none.
    prefix: String,
    is_begun: bool,
    depth: usize,
    depth_limit: usize,
    text_limit: usize,
}

impl<'a, R: Read + Seek> Xml<'a, R> {
    /// Opens the part and its outermost element, which must have this name.
    pub(crate) fn open(part: Part<'a, R>, root: &str, limits: &Limits) -> Result<Self, SheetError> {
        let mut reader = Reader::from_reader(Feed::new(part));
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        let mut xml = Self {
            reader,
            buffer: Vec::new(),
            prefix: String::new(),
            is_begun: false,
            depth: 0,
            depth_limit: limits.depth,
            text_limit: limits.text_bytes,
        };
        xml.expect_utf8()?;
        xml.open_root(root)?;
        Ok(xml)
    }

    fn expect_utf8(&mut self) -> Result<(), SheetError> {
        match self.reader.get_mut().fill_buf() {
            Ok([0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, ..] | [_, 0, ..]) => Err(bad("it is not in UTF-8")),
            Ok(_) => Ok(()),
            Err(error) => {
                let error = error.into();
                Err(failed(self.reader.get_mut().fault.take(), &error, self.text_limit))
            }
        }
    }

    fn open_root(&mut self, root: &str) -> Result<(), SheetError> {
        loop {
            match self.read()? {
                Event::Start(_) => break,
                Event::Eof => return Err(bad("it holds no element")),
                _ => {}
            }
        }
        let tag = Tag::parse(&self.buffer)?;
        let (prefix, name) = tag.split();
        if name != root {
            return Err(bad(format_args!("its outermost element is {name} instead of {root}")));
        }
        let declaration = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
        let namespace = tag.attribute(|name| name == declaration)?.unwrap_or_default();
        if !NAMESPACES.contains(&&*namespace) {
            return Err(bad(format_args!("its namespace is unknown: {namespace:?}")));
        }
        self.prefix = prefix.to_owned();
        Ok(())
    }

    /// Bytes of the part that were unpacked so far.
    pub(crate) fn unpacked(&self) -> u64 {
        self.reader.get_ref().unpacked()
    }

    /// What comes next and is unpacked already. It may end anywhere.
    pub(crate) fn buffered(&self) -> &[u8] {
        // After `<row/>` the parser still has to say that the element is closed.
        let is_inside = self.prefix.is_empty() && !self.buffer.ends_with(b"/>");
        if is_inside { self.reader.get_ref().buffered() } else { &[] }
    }

    /// Passes over bytes of [`Xml::buffered`]: elements as a whole, within the open one.
    pub(crate) fn consume(&mut self, count: usize) {
        self.reader.get_mut().allow(usize::MAX);
        self.reader.stream().consume(count);
    }

    /// The tag that was opened by the call before.
    pub(crate) fn opened(&self) -> Result<Tag<'_>, SheetError> {
        Tag::parse(&self.buffer)
    }

    /// Bytes of the longest text.
    pub(crate) fn text_limit(&self) -> usize {
        self.text_limit
    }

    /// Opens the next child of the open element. None if there is no more: the element is closed then. Text between the
    /// children is passed over.
    pub(crate) fn child(&mut self) -> Result<Option<Tag<'_>>, SheetError> {
        loop {
            match self.read()? {
                Event::Start(_) => break,
                Event::End(_) => return Ok(None),
                Event::Eof => return Err(cut()),
                _ => {}
            }
        }
        let tag = Tag::parse(&self.buffer)?;
        let (prefix, name) = tag.split();
        if prefix == self.prefix {
            return Ok(Some(tag));
        }
        // A second prefix for the namespace of the standard is legal, and no program writes it. It must not hide data.
        if DATA.contains(&name) {
            return Err(bad(format_args!("the element {name} has another prefix than the outermost one")));
        }
        Ok(Some(Tag { name: "", ..tag }))
    }

    /// Closes the element that was opened last, with whatever is in it.
    pub(crate) fn skip(&mut self) -> Result<(), SheetError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            if matches!(self.read()?, Event::Eof) {
                return Err(cut());
            }
        }
        Ok(())
    }

    /// Appends the text of the open element, and closes it.
    pub(crate) fn text(&mut self, text: &mut String) -> Result<(), SheetError> {
        let limit = text.len() + self.text_limit;
        loop {
            match self.read()? {
                Event::Text(piece) => text.push_str(&piece.xml10_content()),
                Event::CData(piece) => text.push_str(&piece.xml10_content()),
                Event::GeneralRef(reference) => text.push(resolved(&reference)?),
                Event::End(_) => return Ok(()),
                Event::Start(start) => {
                    return Err(bad(format_args!("the element {} stands within a text", start.name().0)));
                }
                Event::Eof => return Err(cut()),
                _ => {}
            }
            if text.len() > limit {
                return Err(too_long(self.text_limit));
            }
        }
    }

    /// Reads the part to its end, where its length and checksum are compared.
    pub(crate) fn finish(&mut self) -> Result<(), SheetError> {
        while !matches!(self.read()?, Event::Eof) {}
        if self.depth == 0 { Ok(()) } else { Err(cut()) }
    }

    fn read(&mut self) -> Result<Event<'_>, SheetError> {
        self.buffer.clear();
        self.reader.get_mut().allow(self.text_limit);
        match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => {
                match &event {
                    Event::Start(_) => {
                        if self.depth == 0 && self.is_begun {
                            return Err(bad("it has a second outermost element"));
                        }
                        self.is_begun = true;
                        self.depth += 1;
                        if self.depth > self.depth_limit {
                            let what = format!("elements are nested more than {} deep", self.depth_limit);
                            return Err(Refusal::new(RefusalCode::Limit, what).into());
                        }
                    }
                    Event::End(_) => self.depth = self.depth.saturating_sub(1),
                    Event::DocType(_) => {
                        return Err(Refusal::new(RefusalCode::DocumentType, "it has a document type").into());
                    }
                    Event::Decl(declaration) => expect_declared_utf8(declaration)?,
                    _ => {}
                }
                Ok(event)
            }
            Err(error) => Err(failed(self.reader.get_mut().fault.take(), &error, self.text_limit)),
        }
    }
}

/// What a parser's error means: it does not tell where its bytes come from.
fn failed(fault: Option<Fault>, error: &quick_xml::Error, limit: usize) -> SheetError {
    match fault {
        Some(Fault::Package(error)) => error.into(),
        Some(Fault::TooLong) => too_long(limit),
        None => bad(format_args!("it is no well-formed XML ({error})")),
    }
}

/// The beginning of an element.
#[derive(Clone, Copy)]
pub(crate) struct Tag<'t> {
    /// The name of an element of the standard, without a prefix; empty for any other.
    pub(crate) name: &'t str,
    prefix: &'t str,
    attributes: &'t str,
}

impl<'t> Tag<'t> {
    /// Takes a tag apart, from one angle bracket to the other.
    fn parse(tag: &'t [u8]) -> Result<Self, SheetError> {
        let tag = std::str::from_utf8(tag).map_err(|_| bad("it is not in UTF-8"))?;
        let tag = tag.strip_prefix('<').unwrap_or(tag);
        let tag = tag.strip_suffix('>').unwrap_or(tag);
        let tag = tag.strip_suffix('/').unwrap_or(tag);
        let (name, attributes) = tag.split_once(is_space).unwrap_or((tag, ""));
        let (prefix, name) = name.split_once(':').unwrap_or(("", name));
        Ok(Self { name, prefix, attributes })
    }

    fn split(&self) -> (&'t str, &'t str) {
        (self.prefix, self.name)
    }

    /// The attributes with their prefixes, and their values as they are written.
    pub(crate) fn attributes(&self) -> Attributes<'t> {
        Attributes(self.attributes)
    }

    /// The value of the attribute with this name, with its entities resolved.
    pub(crate) fn attribute(&self, is_it: impl Fn(&str) -> bool) -> Result<Option<Cow<'t, str>>, SheetError> {
        let mut found = None;
        for attribute in self.attributes() {
            let (name, value) = attribute?;
            if is_it(name) && found.replace(value).is_some() {
                return Err(bad(format_args!("the attribute {name} stands twice")));
            }
        }
        found.map(unescaped).transpose()
    }

    /// The same for a plain name.
    pub(crate) fn value(&self, name: &str) -> Result<Option<Cow<'t, str>>, SheetError> {
        self.attribute(|one| one == name)
    }
}

fn unescaped(value: &str) -> Result<Cow<'_, str>, SheetError> {
    unescape(value).map_err(|error| bad(format_args!("an attribute cannot be read ({error})")))
}

/// Names and values of the attributes of a tag, as they are written.
pub(crate) struct Attributes<'t>(&'t str);

impl<'t> Iterator for Attributes<'t> {
    type Item = Result<(&'t str, &'t str), SheetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.0.trim_start_matches(is_space);
        if rest.is_empty() {
            return None;
        }
        let attribute = rest.split_once('=').and_then(|(name, rest)| {
            let rest = rest.trim_start_matches(is_space);
            let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            let (value, rest) = rest.get(1..)?.split_once(quote)?;
            self.0 = rest;
            Some((name.trim_end_matches(is_space), value))
        });
        if attribute.is_none() {
            self.0 = "";
        }
        Some(attribute.ok_or_else(|| bad("the attributes of an element cannot be read")))
    }
}

fn is_space(one: char) -> bool {
    matches!(one, ' ' | '\t' | '\r' | '\n')
}

fn expect_declared_utf8(declaration: &BytesDecl<'_>) -> Result<(), SheetError> {
    match declaration.encoding() {
        Some(Ok(name)) if !["utf-8", "utf8", "us-ascii"].contains(&&*name.to_ascii_lowercase()) => {
            Err(bad(format_args!("it is in {name} instead of UTF-8")))
        }
        Some(Err(_)) => Err(bad("its declaration cannot be read")),
        _ => Ok(()),
    }
}

/// A document of the standard has no entities but those of XML.
fn resolved(reference: &BytesRef<'_>) -> Result<char, SheetError> {
    let unknown = || {
        let what = format!("it has an entity of its own, &{};", &**reference);
        SheetError::from(Refusal::new(RefusalCode::DocumentType, what))
    };
    match &**reference {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => match reference.resolve_char_ref() {
            Ok(found) => found.ok_or_else(unknown),
            Err(_) => Err(bad(format_args!("&{}; is no character", &**reference))),
        },
    }
}

pub(crate) fn bad(what: impl fmt::Display) -> SheetError {
    Refusal::new(RefusalCode::Damaged, what).into()
}

fn cut() -> SheetError {
    bad("it ends before its last element does")
}

pub(crate) fn too_long(limit: usize) -> SheetError {
    Refusal::new(RefusalCode::Limit, format_args!("a text or a tag has more than {limit} bytes")).into()
}
