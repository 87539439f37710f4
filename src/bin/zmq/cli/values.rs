//! Values on the command line, and what is wrong with those that are not.
#![forbid(unsafe_code)]

use clap::ValueEnum;
use std::time::Duration;
use zeroxide::SocketType;

const TRANSPORTS: [&str; 2] = ["tcp", "ipc"];

/// An address with a transport that leads out of this process. The rest of it is looked at when it is used.
pub fn endpoint(text: &str) -> Result<String, String> {
    match text.split_once("://") {
        None => Err("an endpoint is like tcp://host:port or ipc://path".into()),
        Some(("inproc", _)) => Err("inproc endpoints are within one process".into()),
        Some((transport, _)) if !TRANSPORTS.contains(&transport) => {
            Err(format!("there is no transport '{transport}'; there are tcp and ipc"))
        }
        Some((_, "")) => Err("there is no address behind '://'".into()),
        Some(_) => Ok(text.to_owned()),
    }
}

/// How many of a unit are a second.
const UNITS: [(&str, f64); 5] =
    [("ms", 1e3), ("us", 1e6), ("s", 1.0), ("m", 1.0 / 60.0), ("h", 1.0 / 3600.0)];

/// A time: seconds, or with a unit.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong =
        || "a time is a number of seconds, or one with a unit: 500ms, 2s, 1.5m, 1h".to_owned();
    let digits = text.trim_end_matches(|char: char| char.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let unit = if unit.is_empty() { "s" } else { unit };
    let (_, per_second) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    if !digits.starts_with(|char: char| char.is_ascii_digit() || char == '.') {
        return Err(wrong());
    }
    let number: f64 = digits.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number / per_second).map_err(|_| wrong())
}

/// What stands between parts, with `\t`, `\0` and the like.
pub fn delimiter(text: &str) -> Result<String, String> {
    let mut result = String::new();
    let mut rest = text.chars();
    while let Some(char) = rest.next() {
        result.push(match (char, char == '\\') {
            (char, false) => char,
            _ => match rest.next() {
                Some('t') => '\t',
                Some('0') => '\0',
                Some('\\') => '\\',
                _ => return Err(r"only \t, \0 and \\ can follow a backslash".into()),
            },
        });
    }
    match result.is_empty() {
        true => Err("it has one character at least".into()),
        false => Ok(result),
    }
}

/// Types that only send, or can.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SendType {
    Push,
    Pub,
    Pair,
    Dealer,
    Router,
}

/// Types that only receive, or can.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RecvType {
    Pull,
    Sub,
    Pair,
    Dealer,
    Router,
    Xpub,
}

impl From<SendType> for SocketType {
    fn from(known: SendType) -> Self {
        match known {
            SendType::Push => SocketType::Push,
            SendType::Pub => SocketType::Pub,
            SendType::Pair => SocketType::Pair,
            SendType::Dealer => SocketType::Dealer,
            SendType::Router => SocketType::Router,
        }
    }
}

impl From<RecvType> for SocketType {
    fn from(known: RecvType) -> Self {
        match known {
            RecvType::Pull => SocketType::Pull,
            RecvType::Sub => SocketType::Sub,
            RecvType::Pair => SocketType::Pair,
            RecvType::Dealer => SocketType::Dealer,
            RecvType::Router => SocketType::Router,
            RecvType::Xpub => SocketType::XPub,
        }
    }
}

/// Any type, by its name.
pub fn socket_type(text: &str) -> Result<SocketType, String> {
    text.parse().map_err(|_| {
        let names = SocketType::ALL.map(|known| known.name().to_ascii_lowercase());
        format!("there are {}", names.join(", "))
    })
}

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// A line each; what is not printable as \xNN
    Text,
    /// The bytes, and nothing else
    Raw,
    /// A line each, in hexadecimal digits
    Hex,
    /// A line each, as JSON: {"parts":["text",{"hex":"ff"}]}
    Json,
}

/// How messages are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InputFormat {
    /// As they are
    Text,
    /// In hexadecimal digits, parts with a space between
    Hex,
    /// As --output json writes them, from stdin
    Json,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people
    Text,
    /// A line of JSON
    Json,
}
