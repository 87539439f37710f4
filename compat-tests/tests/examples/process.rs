//! A program that runs: its lines as they come, and its end, by itself or in time. It does not outlive its test.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use compat_tests::Result;
use rustix::process::{kill_process, Pid, Signal};

/// None takes more than a few seconds, but machines are busy.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Process {
    title: String,
    child: Child,
    output: Receiver<String>,
    errors: Receiver<String>,
    seen: Vec<String>,
}

impl Process {
    pub fn start(title: String, command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{title}: {error}"))?;
        let output = lines(child.stdout.take());
        let errors = lines(child.stderr.take());
        Ok(Self { title, child, output, errors, seen: Vec::new() })
    }

    /// Waits until the program prints this line.
    pub fn wait_for(&mut self, line: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !self.seen.iter().any(|seen| seen == line) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(next) => self.seen.push(next),
                Err(_) => return Err(self.report(&format!("does not print \"{line}\""))),
            }
        }
        Ok(())
    }

    /// Waits for its end, which has to be a good one, and returns all that it has printed.
    pub fn finish(mut self) -> Result<Vec<String>> {
        let status = self.end()?;
        match status.success() {
            true => Ok(std::mem::take(&mut self.seen)),
            false => Err(self.report(&format!("ends with {status}"))),
        }
    }

    /// Waits for its end, which has to be with a failure, not by a signal; returns what it said on stderr.
    pub fn fail(mut self) -> Result<Vec<String>> {
        let status = self.end()?;
        match status.code() {
            Some(code) if code != 0 => Ok(self.errors.iter().collect()),
            _ => Err(self.report(&format!("ends with {status}, and should fail"))),
        }
    }

    /// What Ctrl-C does.
    pub fn interrupt(&self) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or("no process id")?;
        kill_process(pid, Signal::INT).map_err(|error| format!("{}: {error}", self.title))
    }

    fn end(&mut self) -> Result<ExitStatus> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => return Err(self.report("does not end")),
            }
        }
        self.child.wait().map_err(|error| format!("{}: {error}", self.title))
    }

    fn report(&mut self, what: &str) -> String {
        let _ = self.child.kill();
        let mut report =
            format!("{} {what}; it has printed:\n{}", self.title, self.seen.join("\n"));
        for line in self.output.iter().chain(self.errors.iter()) {
            report.push('\n');
            report.push_str(&line);
        }
        report
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a pipe, until it is closed.
fn lines(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = pipe.into_iter().flat_map(|pipe| BufReader::new(pipe).lines());
        for line in lines.map_while(std::result::Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}
