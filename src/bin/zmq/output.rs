//! Received messages on stdout.
#![forbid(unsafe_code)]

use crate::cli::{MessageArgs, OutputArgs, OutputFormat};
use crate::failure::{of_output, Failure, Outcome};
use crate::json;
use crate::stop::Stop;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use zeroxide::Multipart;

pub struct Output {
    format: OutputFormat,
    delimiter: String,
    quiet: bool,
    out: BufWriter<File>,
}

impl Output {
    pub fn new(args: &OutputArgs, messages: &MessageArgs, stop: &Stop) -> Result<Self, Failure> {
        let out = io::stdout().as_fd().try_clone_to_owned().map_err(of_output)?;
        stop.watch_output();
        let usual = if args.output == OutputFormat::Hex { " " } else { "\t" };
        let delimiter = messages.delimiter.clone().unwrap_or_else(|| usual.to_owned());
        let out = BufWriter::new(File::from(out));
        Ok(Self { format: args.output, delimiter, quiet: args.quiet, out })
    }

    /// Prints a message, now or with the next [`Output::flush`].
    pub fn write(&mut self, message: &Multipart) -> Outcome {
        if self.quiet {
            return Ok(());
        }
        let parts = message.iter();
        let line = match self.format {
            OutputFormat::Raw => {
                let mut parts = parts;
                return parts.try_for_each(|part| self.out.write_all(part)).map_err(of_output);
            }
            OutputFormat::Text => {
                parts.map(|part| text(part)).collect::<Vec<_>>().join(&self.delimiter)
            }
            OutputFormat::Hex => {
                parts.map(|part| json::hex(part)).collect::<Vec<_>>().join(&self.delimiter)
            }
            OutputFormat::Json => json::write(message),
        };
        self.out.write_all(line.as_bytes()).map_err(of_output)?;
        self.out.write_all(b"\n").map_err(of_output)
    }

    pub fn flush(&mut self) -> Outcome {
        self.out.flush().map_err(of_output)
    }
}

/// On one line, and with nothing in it that a terminal would obey.
fn text(part: &[u8]) -> String {
    let mut line = String::with_capacity(part.len());
    for chunk in part.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '\n' => line.push_str("\\n"),
                '\r' => line.push_str("\\r"),
                '\t' => line.push_str("\\t"),
                char if char.is_control() => {
                    escape(&mut line, char.encode_utf8(&mut [0; 4]).as_bytes())
                }
                char => line.push(char),
            }
        }
        escape(&mut line, chunk.invalid());
    }
    line
}

fn escape(line: &mut String, bytes: &[u8]) {
    for byte in bytes {
        line.push_str("\\x");
        line.push_str(&json::hex(&[*byte]));
    }
}
