//! The texts that cells share. They are kept in memory up to a limit, and in the scratch beyond.
//!
//! A text has a number. Where it begins costs four bytes of memory: its distance to the beginning of its block of texts.

use std::io::{self, Read, Seek};

use crate::fast::Quick;
use crate::limits::Limits;
use crate::refusal::{Refusal, RefusalCode, SheetError};
use crate::scratch::Scratch;
use crate::text::{push_piece, rich};
use crate::xml::Xml;

/// Texts in a block. With [`Limits::text_bytes`] of up to 4 MiB, the distances within a block fit into 32 bits.
const BLOCK: usize = 1024;
/// The scratch is read in pages, and so many are kept. Rows name texts mostly in the order in which these first appear.
const PAGE: usize = 16 << 10;
const PAGES: usize = 128;
/// Bytes collected before they are appended to the scratch.
const PENDING: usize = 64 << 10;

/// The shared strings of a workbook.
pub(crate) struct Strings<S> {
    scratch: S,
    /// The first bytes of all texts, one behind the other.
    resident: Vec<u8>,
    /// Whether the texts go to the scratch: since one did not fit into memory.
    is_spilling: bool,
    /// What is not yet in the scratch.
    pending: Vec<u8>,
    /// Bytes in the scratch.
    spilled: u64,
    /// Where each block begins.
    blocks: Vec<u64>,
    /// Where each text begins, from the beginning of its block.
    starts: Vec<u32>,
    /// Bytes of all texts.
    end: u64,
    pages: Vec<Page>,
    limit: usize,
    resident_limit: usize,
}

#[derive(Default)]
struct Page {
    number: Option<u64>,
    bytes: Vec<u8>,
}

impl<S: Scratch> Strings<S> {
    pub(crate) fn new(scratch: S, limits: &Limits) -> Self {
        Self {
            scratch,
            resident: Vec::new(),
            is_spilling: false,
            pending: Vec::new(),
            spilled: 0,
            blocks: Vec::new(),
            starts: Vec::new(),
            end: 0,
            pages: Vec::new(),
            limit: limits.strings,
            resident_limit: limits.resident_bytes,
        }
    }

    /// Reads the part of the shared strings.
    pub(crate) fn read<R: Read + Seek>(&mut self, xml: &mut Xml<'_, R>) -> Result<(), SheetError> {
        let (mut piece, mut text) = (String::new(), String::new());
        loop {
            let mut quick = Quick::new(xml.buffered());
            while let Some((piece, is_kept)) = quick.string() {
                text.clear();
                push_piece(piece, is_kept, &mut text);
                self.push(&text)?;
            }
            let count = quick.position();
            if count > 0 {
                xml.consume(count);
            }
            match xml.child()? {
                Some(tag) if tag.name == "si" => {
                    text.clear();
                    rich(xml, &mut piece, &mut text)?;
                    self.push(&text)?;
                }
                Some(_) => xml.skip()?,
                None => break,
            }
        }
        xml.finish()?;
        self.close()
    }

    /// Adds the next text.
    pub(crate) fn push(&mut self, text: &str) -> Result<(), SheetError> {
        if self.starts.len() >= self.limit {
            let what = format!("the workbook has more than {} different texts", self.limit);
            return Err(Refusal::new(RefusalCode::Limit, what).into());
        }
        if self.starts.len().is_multiple_of(BLOCK) {
            self.blocks.push(self.end);
        }
        let start = self.end - self.blocks.last().copied().unwrap_or_default();
        let start = u32::try_from(start)
            .map_err(|_| Refusal::new(RefusalCode::Limit, "the texts of the workbook are too long"))?;
        self.starts.push(start);
        self.end += text.len() as u64;
        if !self.is_spilling && self.resident.len() + text.len() <= self.resident_limit {
            self.resident.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        self.is_spilling = true;
        self.pending.extend_from_slice(text.as_bytes());
        if self.pending.len() >= PENDING {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SheetError> {
        self.scratch.append(&self.pending).map_err(SheetError::Scratch)?;
        self.spilled += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    /// No text follows.
    pub(crate) fn close(&mut self) -> Result<(), SheetError> {
        if !self.pending.is_empty() {
            self.flush()?;
        }
        self.pending = Vec::new();
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    fn start(&self, number: usize) -> Option<u64> {
        let start = self.starts.get(number)?;
        Some(self.blocks.get(number / BLOCK)? + u64::from(*start))
    }

    /// Appends the text with this number; false if there is none.
    pub(crate) fn append_to(&mut self, number: usize, text: &mut String) -> Result<bool, SheetError> {
        let Some(start) = self.start(number) else { return Ok(false) };
        let end = self.start(number + 1).unwrap_or(self.end);
        let resident = self.resident.len() as u64;
        if start >= resident && start < end {
            self.append_spilled(start - resident, end - resident, text)?;
            return Ok(true);
        }
        let bytes = usize::try_from(start)
            .ok()
            .zip(usize::try_from(end).ok())
            .and_then(|(start, end)| self.resident.get(start..end))
            .unwrap_or_default();
        push_utf8(bytes, text)?;
        Ok(true)
    }

    fn append_spilled(&mut self, start: u64, end: u64, text: &mut String) -> Result<(), SheetError> {
        if self.pages.is_empty() {
            self.pages.resize_with(PAGES, Page::default);
        }
        let (first, last) = (start / PAGE as u64, (end - 1) / PAGE as u64);
        let offset = (start % PAGE as u64) as usize;
        let len = (end - start) as usize;
        if first == last {
            let bytes = self.page(first)?.get(offset..offset + len).unwrap_or_default();
            return push_utf8(bytes, text);
        }
        // It crosses pages: no page need hold whole characters.
        let mut bytes = Vec::with_capacity(len);
        for number in first..=last {
            let from = if number == first { offset } else { 0 };
            let page = self.page(number)?.get(from..).unwrap_or_default();
            bytes.extend_from_slice(page.get(..len - bytes.len()).unwrap_or(page));
        }
        push_utf8(&bytes, text)
    }

    fn page(&mut self, number: u64) -> Result<&[u8], SheetError> {
        let at = (number % PAGES as u64) as usize;
        let Some(page) = self.pages.get_mut(at) else { return Ok(&[]) };
        if page.number != Some(number) {
            let start = number * PAGE as u64;
            let len = self.spilled.saturating_sub(start).min(PAGE as u64) as usize;
            page.number = None;
            page.bytes.resize(len, 0);
            self.scratch.read_at(start, &mut page.bytes).map_err(SheetError::Scratch)?;
            page.number = Some(number);
        }
        Ok(&page.bytes)
    }
}

fn push_utf8(bytes: &[u8], text: &mut String) -> Result<(), SheetError> {
    let changed = |_| SheetError::Scratch(io::Error::new(io::ErrorKind::InvalidData, "it gives other bytes"));
    text.push_str(std::str::from_utf8(bytes).map_err(changed)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::SeekScratch;
    use std::io::Cursor;

    fn filled(resident_bytes: usize, texts: &[String]) -> Strings<SeekScratch<Cursor<Vec<u8>>>> {
        let limits = Limits { resident_bytes, ..Limits::default() };
        let mut strings = Strings::new(SeekScratch::new(Cursor::new(Vec::new())), &limits);
        for text in texts {
            strings.push(text).expect("it is kept");
        }
        strings.close().expect("it is kept");
        strings
    }

    #[test]
    fn texts_are_the_same_in_memory_and_in_the_scratch() {
        let texts: Vec<_> = (0..5_000).map(|number| "é".repeat(number % 97) + &number.to_string()).collect();
        for resident in [0, 1, 1_000, 300_000, 1 << 30] {
            let mut strings = filled(resident, &texts);
            for number in (0..texts.len()).chain((0..texts.len()).rev().step_by(7)) {
                let mut text = String::new();
                assert!(strings.append_to(number, &mut text).expect("it is read"));
                assert_eq!(text, texts[number], "{resident} {number}");
            }
            assert!(!strings.append_to(texts.len(), &mut String::new()).expect("it is asked for"));
        }
    }

    #[test]
    fn empty_texts_are_texts() {
        let texts = ["", "a", "", "", "b", ""].map(str::to_owned);
        for resident in [0, 1, 9] {
            let mut strings = filled(resident, &texts);
            for (number, wanted) in texts.iter().enumerate() {
                let mut text = String::new();
                assert!(strings.append_to(number, &mut text).expect("it is read"));
                assert_eq!(&text, wanted);
            }
        }
    }

    #[test]
    fn texts_that_need_a_scratch_fail_without_one() {
        let limits = Limits { resident_bytes: 10, ..Limits::default() };
        let mut strings = Strings::new(crate::NoScratch, &limits);
        strings.push("0123456789").expect("it fits");
        strings.push("x").expect("it waits");
        assert!(matches!(strings.close(), Err(SheetError::Scratch(_))));
    }
}
