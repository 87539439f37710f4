//! A line on a terminal that is written over and over. Where stderr is no terminal, there is none.
#![forbid(unsafe_code)]

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

pub struct Live {
    terminal: bool,
    interval: Duration,
    last: Instant,
    shown: bool,
}

impl Live {
    pub fn new(interval: Duration) -> Self {
        let terminal = io::stderr().is_terminal();
        Self { terminal, interval, last: Instant::now(), shown: false }
    }

    /// Shows a new line, if it is time for one. The line is told how long ago the last one was.
    pub fn update(&mut self, line: impl FnOnce(Duration) -> String) -> bool {
        let since = self.last.elapsed();
        if !self.terminal || since < self.interval {
            return false;
        }
        self.last = Instant::now();
        self.shown = true;
        let _ = write!(io::stderr(), "\r\x1b[K{}", line(since));
        true
    }

    /// Takes the line away, for what is printed next.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A number that one can read: 1,234,567.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many a second.
pub fn rate(number: u64, time: Duration) -> f64 {
    number as f64 / time.as_secs_f64().max(1e-9)
}
