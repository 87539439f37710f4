//! What an ELF file says of itself: for which machine it is, whether a loader starts it, and what it has to do with
//! libzmq. Reads only the parts it needs, and trusts no number in them.
#![forbid(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A function that each libzmq since 3.2 has, and each program that uses it calls one of.
const CONTEXT: &[&[u8]] = &[b"zmq_ctx_new", b"zmq_init"];
const PREFIX: &[u8] = b"zmq_";

const PT_INTERP: u64 = 3;
const SHT_SYMTAB: u64 = 2;
const SHT_DYNSYM: u64 = 11;
/// No part that is read at once is larger.
const LARGEST: u64 = 1 << 30;

/// Class, byte order and machine.
pub(super) type Machine = (u8, u8, u64);

pub(super) struct Elf {
    file: File,
    size: u64,
    header: Vec<u8>,
    wide: bool,
    little: bool,
}

#[derive(Default)]
pub(super) struct Symbols {
    /// It has a libzmq in it.
    pub defines: bool,
    /// It calls one outside of it.
    pub uses: bool,
}

/// Where the fields are that are of interest: offset and size, in files of 32 and of 64 bits.
struct Field(usize, usize, usize, usize);

const MACHINE: Field = Field(18, 2, 18, 2);
const PROGRAM_HEADERS: Field = Field(28, 4, 32, 8);
const PROGRAM_HEADER_SIZE: Field = Field(42, 2, 54, 2);
const PROGRAM_HEADER_COUNT: Field = Field(44, 2, 56, 2);
const SECTIONS: Field = Field(32, 4, 40, 8);
const SECTION_SIZE: Field = Field(46, 2, 58, 2);
const SECTION_COUNT: Field = Field(48, 2, 60, 2);
// Of a program header.
const SEGMENT_TYPE: Field = Field(0, 4, 0, 4);
const SEGMENT_OFFSET: Field = Field(4, 4, 8, 8);
const SEGMENT_SIZE: Field = Field(16, 4, 32, 8);
// Of a section header.
const TYPE: Field = Field(4, 4, 4, 4);
const OFFSET: Field = Field(16, 4, 24, 8);
const SIZE: Field = Field(20, 4, 32, 8);
const LINK: Field = Field(24, 4, 40, 4);
// Of a symbol.
const NAME: Field = Field(0, 4, 0, 4);
const INDEX: Field = Field(14, 2, 6, 2);

impl Elf {
    /// None if it is no ELF file.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let mut header = vec![0; 64];
        if size < 52 {
            return Ok(None);
        }
        let length = header.len().min(usize::try_from(size).unwrap_or(usize::MAX));
        header.truncate(length);
        file.read_exact_at(&mut header, 0)?;
        if !header.starts_with(b"\x7fELF") {
            return Ok(None);
        }
        let (wide, little) = (header.get(4) == Some(&2), header.get(5) != Some(&2));
        Ok(Some(Self { file, size, header, wide, little }))
    }

    pub(super) fn machine(&self) -> Machine {
        let at = |index: usize| self.header.get(index).copied().unwrap_or_default();
        (at(4), at(5), self.number(&self.header, &MACHINE))
    }

    /// The loader that starts it. None if it is statically linked, or a library.
    pub(super) fn interpreter(&self) -> io::Result<Option<String>> {
        let headers = self.table(&PROGRAM_HEADERS, &PROGRAM_HEADER_SIZE, &PROGRAM_HEADER_COUNT)?;
        for header in headers {
            if self.number(&header, &SEGMENT_TYPE) == PT_INTERP {
                let (offset, size) =
                    (self.number(&header, &SEGMENT_OFFSET), self.number(&header, &SEGMENT_SIZE));
                let path = self.read(offset, size)?;
                return Ok(Some(String::from_utf8_lossy(&path).trim_end_matches('\0').to_owned()));
            }
        }
        Ok(None)
    }

    pub(super) fn symbols(&self) -> io::Result<Symbols> {
        let mut symbols = Symbols::default();
        let sections = self.table(&SECTIONS, &SECTION_SIZE, &SECTION_COUNT)?;
        for section in &sections {
            if ![SHT_SYMTAB, SHT_DYNSYM].contains(&self.number(section, &TYPE)) {
                continue;
            }
            let names = usize::try_from(self.number(section, &LINK)).ok();
            let names = names.and_then(|index| sections.get(index)).ok_or_else(broken)?;
            let (names, table) = (self.content(names)?, self.content(section)?);
            for symbol in table.chunks_exact(if self.wide { 24 } else { 16 }) {
                let start = usize::try_from(self.number(symbol, &NAME)).unwrap_or(usize::MAX);
                let name = names.get(start..).unwrap_or_default();
                if !name.starts_with(PREFIX) {
                    continue;
                }
                let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
                let defined = self.number(symbol, &INDEX) != 0;
                symbols.defines |= defined && CONTEXT.contains(&name);
                symbols.uses |= !defined;
            }
        }
        Ok(symbols)
    }

    /// Are these bytes somewhere in it?
    pub(super) fn contains(&self, wanted: &[u8]) -> io::Result<bool> {
        const BLOCK: u64 = 1 << 20;
        let mut at = 0;
        while at < self.size {
            // A little of the next one as well, for what lies across.
            let block = self.read(at, (BLOCK + wanted.len() as u64).min(self.size - at))?;
            if block.windows(wanted.len()).any(|found| found == wanted) {
                return Ok(true);
            }
            at += BLOCK;
        }
        Ok(false)
    }

    fn content(&self, section: &[u8]) -> io::Result<Vec<u8>> {
        self.read(self.number(section, &OFFSET), self.number(section, &SIZE))
    }

    /// The entries of a table that the header tells of.
    fn table(&self, offset: &Field, size: &Field, count: &Field) -> io::Result<Vec<Vec<u8>>> {
        let [offset, size, count] =
            [offset, size, count].map(|field| self.number(&self.header, field));
        if offset == 0 || count == 0 {
            return Ok(Vec::new());
        }
        let bytes = self.read(offset, size * count)?;
        let size = usize::try_from(size).ok().filter(|size| *size > 0).ok_or_else(broken)?;
        Ok(bytes.chunks_exact(size).map(<[u8]>::to_vec).collect())
    }

    fn read(&self, offset: u64, size: u64) -> io::Result<Vec<u8>> {
        let end = offset.checked_add(size).filter(|end| *end <= self.size && size <= LARGEST);
        if end.is_none() {
            return Err(broken());
        }
        let mut bytes = vec![0; usize::try_from(size).map_err(|_| broken())?];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    /// 0 where there is none.
    fn number(&self, bytes: &[u8], field: &Field) -> u64 {
        let Field(narrow, narrow_size, wide, wide_size) = *field;
        let (at, size) = if self.wide { (wide, wide_size) } else { (narrow, narrow_size) };
        let bytes = bytes.get(at..at + size).unwrap_or_default();
        let join = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        match self.little {
            true => bytes.iter().rev().fold(0, join),
            false => bytes.iter().fold(0, join),
        }
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "its ELF headers make no sense")
}
