//! Two programs that talk to each other, a server and a client, each in a process of its own; and
//! what the dynamic linker says of where their calls went.

use crate::{during, Result};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const TIME_LIMIT: Duration = Duration::from_secs(60);

pub struct Talk {
    /// The library that is to answer.
    pub library: PathBuf,
    pub server: Vec<String>,
    pub client: Vec<String>,
    /// None if the programs know where to meet.
    pub endpoint: Option<String>,
    pub preload: bool,
    /// A folder for what the linkers say.
    pub notes: PathBuf,
}

/// Runs both until the client ends: the number of requests that were answered, at least one, each
/// with its reply, all of it done by the library.
pub fn talk(talk: &Talk) -> Result<usize> {
    let _ = fs::remove_dir_all(&talk.notes);
    during(fs::create_dir_all(&talk.notes), talk.notes.display())?;
    let mut server = talk.start("server", &talk.server)?;
    let mut client = talk.start("client", &talk.client)?;
    let end = Instant::now() + TIME_LIMIT;
    let status = loop {
        if let Some(status) = during(client.child.try_wait(), "client")? {
            break status;
        }
        if let Some(status) = during(server.child.try_wait(), "server")? {
            return Err(format!("the server ended before the client did: {status}"));
        }
        if Instant::now() > end {
            return Err(format!("the client was not done after {TIME_LIMIT:?}"));
        }
        thread::sleep(Duration::from_millis(20));
    };
    let (replies, requests) = (client.finish(), server.finish());
    if !status.success() {
        return Err(format!("the client failed: {status}"));
    }
    let replies = replies.iter().filter(|line| line.contains("Received reply")).count();
    let requests = requests.iter().filter(|line| line.contains("Received request")).count();
    if replies == 0 || replies != requests {
        return Err(format!("{requests} requests arrived, and {replies} replies came back"));
    }
    for (name, child) in [("server", server.id), ("client", client.id)] {
        witness(&talk.notes.join(format!("{name}.{child}")), &talk.library)
            .map_err(|error| format!("the {name} did not run on our library alone: {error}"))?;
    }
    let _ = fs::remove_dir_all(&talk.notes);
    Ok(replies)
}

impl Talk {
    fn start(&self, name: &'static str, program: &[String]) -> Result<Process> {
        let mut command = command(program, &self.library, self.preload);
        command
            .args(&self.endpoint)
            .env("LD_DEBUG", "bindings")
            .env("LD_DEBUG_OUTPUT", self.notes.join(name))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = during(command.spawn(), format!("cannot start the {name}"))?;
        let lines = child.stdout.take().map(|said| thread::spawn(move || show(name, said)));
        Ok(Process { id: child.id(), child, lines })
    }
}

/// A program, on `library` even if it has one of its own.
pub fn command(program: &[String], library: &Path, preload: bool) -> Command {
    let (file, arguments) =
        program.split_first().map_or(("", &[][..]), |(file, rest)| (file, rest));
    let mut command = Command::new(file);
    command.args(arguments).env("PYTHONUNBUFFERED", "1");
    // The name alone is preloaded: a path may have spaces, which end a path there.
    command.env("LD_LIBRARY_PATH", library.parent().unwrap_or(library));
    if let (true, Some(name)) = (preload, library.file_name()) {
        command.env("LD_PRELOAD", name);
    }
    command
}

/// Prints the lines of a program as they come, and keeps them.
fn show(name: &str, said: impl std::io::Read) -> Vec<String> {
    let lines = BufReader::new(said).lines().map_while(std::result::Result::ok);
    lines.inspect(|line| println!("{name} | {line}")).collect()
}

/// A process that does not outlive us.
struct Process {
    id: u32,
    child: Child,
    lines: Option<JoinHandle<Vec<String>>>,
}

impl Process {
    /// Ends it, and hands over what it printed.
    fn finish(&mut self) -> Vec<String> {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.lines.take().and_then(|lines| lines.join().ok()).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Reads where the linker of a process bound ZeroMQ's functions to: to `library`, all of them.
fn witness(notes: &Path, library: &Path) -> Result<()> {
    let text = during(fs::read(notes), notes.display())?;
    let text = String::from_utf8_lossy(&text);
    let mut sent = false;
    for (symbol, file) in text.lines().filter_map(binding) {
        if Path::new(file) != library {
            return Err(format!("{symbol} was bound to {file}"));
        }
        sent |= symbol.contains("send");
    }
    match sent {
        true => Ok(()),
        false => Err("the linker never saw it send anything".into()),
    }
}

/// The symbol and the file of one of the linker's lines, if it is about a function of ZeroMQ.
fn binding(line: &str) -> Option<(&str, &str)> {
    let (_, line) = line.split_once("binding file ")?;
    let (_, line) = line.split_once(" to ")?;
    let (file, line) = line.split_once(" [")?;
    let symbol = line.split_once('`')?.1.split('\'').next()?;
    symbol.starts_with("zmq_").then_some((symbol, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bindings_are_read_from_the_linkers_lines() {
        let line =
            "   71:\tbinding file /v/_zmq.so [0] to /t/libzmq.so.5 [0]: normal symbol `zmq_send'";
        assert_eq!(binding(line), Some(("zmq_send", "/t/libzmq.so.5")));
        let versioned = "  71:\tbinding file a [0] to /b c [0]: normal symbol `zmq_bind' [ZMQ_4]";
        assert_eq!(binding(versioned), Some(("zmq_bind", "/b c")));
        assert_eq!(
            binding("71:\tbinding file a [0] to b [0]: normal symbol `malloc' [GLIBC_2.2]"),
            None
        );
        assert_eq!(binding("71:\tcalling init: /t/libzmq.so.5"), None);
    }

    #[test]
    fn a_process_on_another_library_is_found_out() {
        let line = |symbol, file| {
            format!("1: binding file p [0] to {file} [0]: normal symbol `{symbol}'\n")
        };
        let (ours, other) = (Path::new("/t/libzmq.so.5"), "/w/libzmq-1f.so.5");
        let good = line("zmq_bind", "/t/libzmq.so.5") + &line("zmq_msg_send", "/t/libzmq.so.5");
        let notes = std::env::temp_dir().join(format!("zeroxide-setup-{}", std::process::id()));
        for (text, works) in [
            (good.clone(), true),
            (line("zmq_bind", "/t/libzmq.so.5"), false),
            (good + &line("zmq_msg_recv", other), false),
            (String::new(), false),
        ] {
            fs::write(&notes, &text).unwrap();
            assert_eq!(witness(&notes, ours).is_ok(), works, "{text}");
        }
        fs::remove_file(&notes).unwrap();
    }
}
