//! The process that is attacked.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use compat_tests::compile::{self, Language, Unit};
use compat_tests::during;
use compat_tests::library::{Library, SONAME};
use compat_tests::work;

pub type Result<T> = compat_tests::Result<T>;

/// See the module. Ends when dropped.
pub struct Victim {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Host and port.
    pub address: String,
}

/// What a process has used.
pub struct Cost {
    /// Resident bytes.
    pub memory: u64,
    /// Processor time.
    pub nanos: u64,
}

impl Cost {
    pub fn since(&self, before: &Self) -> Self {
        Self {
            memory: self.memory.saturating_sub(before.memory),
            nanos: self.nanos.saturating_sub(before.nanos),
        }
    }
}

impl Victim {
    pub fn start(library: Library, arguments: [i32; 3]) -> Result<Self> {
        let folder = library.folder()?;
        let mut command = Command::new(build(&folder)?);
        command
            .args(arguments.map(|number| number.to_string()))
            .env("LD_LIBRARY_PATH", &folder)
            // What one thread gives back another may use.
            .env("MALLOC_ARENA_MAX", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = during(command.spawn(), "the victim")?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the victim has no pipes".into());
        };
        let mut victim =
            Self { child, input, output: BufReader::new(output), address: String::new() };
        let endpoint = victim.line()?;
        victim.address = endpoint.trim_start_matches("tcp://").to_owned();
        Ok(victim)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        during(self.output.read_line(&mut line), "the victim")?;
        match line.trim_end() {
            "" => Err("the victim ended".into()),
            line => Ok(line.to_owned()),
        }
    }

    /// Has the socket take in what has happened.
    pub fn look(&mut self) -> Result<()> {
        during(self.input.write_all(b"\n"), "the victim")?;
        self.line().map(drop)
    }

    pub fn cost(&self) -> Result<Cost> {
        let folder = PathBuf::from(format!("/proc/{}", self.child.id()));
        let statm = during(fs::read_to_string(folder.join("statm")), "statm")?;
        let pages: u64 = number(&statm, 1)?;
        let mut nanos = 0;
        for task in during(fs::read_dir(folder.join("task")), "task")?.flatten() {
            let used = during(fs::read_to_string(task.path().join("schedstat")), "schedstat")?;
            nanos += number(&used, 0)?;
        }
        Ok(Cost { memory: pages * 4096, nanos })
    }
}

fn number(text: &str, index: usize) -> Result<u64> {
    let word = text.split_whitespace().nth(index).unwrap_or_default();
    during(word.parse(), text)
}

impl Drop for Victim {
    fn drop(&mut self) {
        // It has ended already if this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn build(library: &Path) -> Result<PathBuf> {
    // In the folder of the library that it is linked with, since others may run with another.
    let folder = work::root().join("bounds").join(library.to_string_lossy().replace('/', "-"));
    let include = work::workspace().join("include");
    let mut arguments = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-I"].map(Into::into).to_vec();
    arguments.push(include.clone().into());
    arguments.push(library.join(SONAME).into());
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("c/victim.c");
    let unit = Unit {
        language: Language::C,
        inputs: vec![source],
        output: folder.join("victim"),
        arguments,
        includes: compile::fingerprint(&compile::headers(&[include])?)?,
    };
    let output = unit.output.clone();
    let _lock = work::lock()?;
    compile::bring_up_to_date("victim", vec![unit])?;
    Ok(output)
}
