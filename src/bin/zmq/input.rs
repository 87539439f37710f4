//! Messages that are to be sent: from the arguments, or one from each line of stdin.
#![forbid(unsafe_code)]

use crate::cli::{InputArgs, InputFormat, MessageArgs};
use crate::failure::Failure;
use crate::json;
use crate::stop::Stop;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;
use zeroxide::{Events, Message, Multipart, PollItem};

/// As much of stdin is read at once.
const BLOCK: usize = 64 * 1024;

pub enum Source {
    Arguments(Multipart),
    Lines(Lines),
}

impl Source {
    pub fn new(args: &InputArgs, messages: &MessageArgs) -> Result<Self, Failure> {
        if args.parts.is_empty() {
            let delimiter = messages.delimiter.clone();
            return Ok(Source::Lines(Lines::new(args.input, delimiter)?));
        }
        if args.input == InputFormat::Json {
            return Err(Failure::Usage(
                "--input json is for lines of stdin, not for arguments".into(),
            ));
        }
        if args.parts.iter().filter(|part| *part == "@-").count() > 1 {
            return Err(Failure::Usage("stdin can be one part only".into()));
        }
        let parts = args.parts.iter().map(|part| argument(part, args.input));
        Ok(Source::Arguments(parts.collect::<Result<_, _>>()?))
    }

    /// Is there only one message?
    pub fn is_arguments(&self) -> bool {
        matches!(self, Source::Arguments(_))
    }

    /// Is stdin known to be at its end? Does not wait.
    pub fn is_over(&mut self, stop: &Stop) -> Result<bool, Failure> {
        match self {
            Source::Arguments(_) => Ok(false),
            Source::Lines(lines) => lines.is_over(stop),
        }
    }

    /// The next message: the same again, if it is made of the arguments. None at the end of stdin.
    pub fn next(&mut self, stop: &Stop) -> Result<Option<Multipart>, Failure> {
        match self {
            Source::Arguments(message) => Ok(Some(message.clone())),
            Source::Lines(lines) => lines.next(stop),
        }
    }
}

fn argument(part: &OsStr, format: InputFormat) -> Result<Message, Failure> {
    let bytes = part.as_bytes();
    match (bytes, format) {
        (b"@-", _) => {
            let mut all = Vec::new();
            let read = io::stdin().lock().read_to_end(&mut all);
            read.map_err(|error| Failure::of_io(&error, "cannot read stdin"))?;
            Ok(all.into())
        }
        ([b'@', rest @ ..], InputFormat::Text) if rest.starts_with(b"@") => Ok(rest.into()),
        ([b'@', name @ ..], _) => {
            let path = OsStr::from_bytes(name);
            let content = fs::read(path);
            content.map(Message::from).map_err(|error| {
                Failure::of_io(&error, format!("cannot read {}", path.to_string_lossy()))
            })
        }
        (digits, InputFormat::Hex) => json::unhex(digits)
            .map(Message::from)
            .map_err(|error| Failure::Usage(format!("'{}': {error}", part.to_string_lossy()))),
        (text, _) => Ok(text.into()),
    }
}

/// Lines of stdin, read only when something is there: a signal ends the wait.
pub struct Lines {
    format: InputFormat,
    delimiter: Option<String>,
    stdin: File,
    buffer: Vec<u8>,
    /// The next line begins here.
    start: usize,
    /// Up to here there is no line end.
    looked: usize,
    number: u64,
    over: bool,
}

impl Lines {
    fn new(format: InputFormat, delimiter: Option<String>) -> Result<Self, Failure> {
        let stdin = io::stdin().as_fd().try_clone_to_owned();
        let stdin = stdin.map_err(|error| Failure::of_io(&error, "cannot read stdin"))?;
        Ok(Self {
            format,
            delimiter,
            stdin: stdin.into(),
            buffer: Vec::new(),
            start: 0,
            looked: 0,
            number: 0,
            over: false,
        })
    }

    fn next(&mut self, stop: &Stop) -> Result<Option<Multipart>, Failure> {
        let Some(line) = self.line(stop)? else { return Ok(None) };
        let (format, delimiter) = (self.format, self.delimiter.as_deref());
        let message = parse(&self.buffer[line], format, delimiter);
        self.number += 1;
        let wrong = |error| Failure::Error(format!("line {} of stdin: {error}", self.number));
        message.map(Some).map_err(wrong)
    }

    /// Where the next line is in the buffer.
    fn line(&mut self, stop: &Stop) -> Result<Option<std::ops::Range<usize>>, Failure> {
        loop {
            let rest = &self.buffer[self.looked..];
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line = self.start..self.looked + end;
                self.start = line.end + 1;
                self.looked = self.start;
                return Ok(Some(line));
            }
            self.looked = self.buffer.len();
            if self.over {
                let line = self.start..self.buffer.len();
                self.start = line.end;
                return Ok((!line.is_empty()).then_some(line));
            }
            self.read(stop, None)?;
        }
    }

    fn is_over(&mut self, stop: &Stop) -> Result<bool, Failure> {
        if !self.over && self.start == self.buffer.len() {
            self.read(stop, Some(Duration::ZERO))?;
        }
        Ok(self.over && self.start == self.buffer.len())
    }

    fn read(&mut self, stop: &Stop, limit: Option<Duration>) -> Result<(), Failure> {
        self.buffer.drain(..self.start);
        self.looked -= self.start;
        self.start = 0;
        let stdin = PollItem::of_descriptor(self.stdin.as_fd(), Events::IN);
        if stop.wait([stdin], limit)? == [false] {
            return Ok(());
        }
        let end = self.buffer.len();
        self.buffer.resize(end + BLOCK, 0);
        let read = match self.stdin.read(&mut self.buffer[end..]) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                self.buffer.truncate(end);
                return Ok(());
            }
            Err(error) => return Err(Failure::of_io(&error, "cannot read stdin")),
        };
        self.buffer.truncate(end + read);
        self.over = read == 0;
        Ok(())
    }
}

fn parse(line: &[u8], format: InputFormat, delimiter: Option<&str>) -> Result<Multipart, String> {
    match (format, delimiter) {
        (InputFormat::Json, _) => json::read(line),
        (InputFormat::Text, None) => Ok([line].into()),
        (InputFormat::Text, Some(delimiter)) => {
            Ok(split(line, delimiter.as_bytes()).into_iter().map(Message::from).collect())
        }
        (InputFormat::Hex, delimiter) => split(line, delimiter.unwrap_or(" ").as_bytes())
            .into_iter()
            .map(|digits| json::unhex(digits).map(Message::from))
            .collect(),
    }
}

/// There is one part at least.
fn split<'a>(line: &'a [u8], delimiter: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.windows(delimiter.len().max(1)).position(|found| found == delimiter) {
        parts.push(&rest[..at]);
        rest = &rest[at + delimiter.len()..];
    }
    parts.push(rest);
    parts
}
