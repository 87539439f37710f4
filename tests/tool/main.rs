//! The command-line tool, as a process that is told things and prints things.
//!
//! Every process has a time limit, and is ended with its test.
#![forbid(unsafe_code)]

mod devices;
mod keys;
mod run;
mod security;
mod talk;
mod usage;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{channel, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// What never takes that long, unless it is broken.
const LONG: Duration = Duration::from_secs(30);

const TOOL: &str = env!("CARGO_BIN_EXE_zmq");

/// What a process said, and how it ended.
#[derive(Debug)]
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Done {
    /// It went well, and this is what it printed.
    #[track_caller]
    fn printed(self, out: &str) {
        assert_eq!((self.code, self.out.as_str()), (Some(0), out), "{}", self.err);
    }

    /// It failed like this, with one line that has this in it.
    #[track_caller]
    fn failed(self, code: i32, part: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{}", self.err);
        assert!(self.err.starts_with("zmq: ") && self.err.contains(part), "{}", self.err);
    }
}

/// A process that runs for now.
struct Running {
    child: Child,
    lines: Receiver<String>,
    errors: Option<thread::JoinHandle<String>>,
}

impl Running {
    fn start(command: &mut Command, input: &[u8]) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_vec());
        // Who does not read its input is no error here.
        thread::spawn(move || stdin.write_all(&input));
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || loop {
            let mut line = Vec::new();
            match stdout.read_until(b'\n', &mut line) {
                Ok(read) if read > 0 => {
                    let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
                }
                _ => return,
            }
        });
        let mut stderr = child.stderr.take().unwrap();
        let errors = thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            text
        });
        Self { child, lines, errors: Some(errors) }
    }

    /// The next line that it prints, without its end.
    #[track_caller]
    fn line(&self) -> String {
        self.lines.recv_timeout(LONG).expect("a line").trim_end_matches('\n').to_owned()
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").arg("-c").arg(kill).status().unwrap().success());
    }

    #[track_caller]
    fn done(mut self) -> Done {
        let status = self.wait();
        let out = self.lines.iter().collect();
        let err = self.errors.take().unwrap().join().unwrap();
        Done { code: status.code(), out, err }
    }

    #[track_caller]
    fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        while start.elapsed() < LONG {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("the process did not end");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the tool.
fn start<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Running {
    Running::start(Command::new(TOOL).args(args), b"")
}

/// Runs the tool with an input.
#[track_caller]
fn zmq_with<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>, input: &[u8]) -> Done {
    Running::start(Command::new(TOOL).args(args), input).done()
}

#[track_caller]
fn zmq<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Done {
    start(args).done()
}

/// A folder that goes with its test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("zmq-tool-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// An address of its own.
    fn endpoint(&self, name: &str) -> String {
        format!("ipc://{}", self.text(name))
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Compiles a C program or library, and says where it is.
fn compile(folder: &Folder, name: &str, source: &str, args: &[&str]) -> Option<PathBuf> {
    let (file, made) = (folder.write(&format!("{name}.c"), source), folder.path(name));
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut command = Command::new(compiler);
    command.arg(&file).args(args).arg("-o").arg(&made).stderr(Stdio::null());
    (command.status().is_ok_and(|status| status.success()) && Path::new(&made).exists())
        .then_some(made)
}
