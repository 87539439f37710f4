//! What a scene is played on: a folder of its own, endpoints that nobody else uses, and who plays which part.

use std::cell::Cell;
use std::fs;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

use compat_tests::process::RunFolder;
use compat_tests::{during, Result};

use crate::languages::Language;
use crate::process::Process;

/// Ports below those that the system gives to connections, which could take one before it is bound.
const PORTS: std::ops::Range<u32> = 12_000..32_000;

pub struct Stage {
    folder: RunFolder,
    cast: &'static [Language],
    next: Cell<usize>,
}

impl Stage {
    pub fn new(cast: &'static [Language]) -> Result<Self> {
        Ok(Self { folder: RunFolder::new()?, cast, next: Cell::new(0) })
    }

    /// Starts a program in the language whose turn it is.
    pub fn start(&self, name: &str, arguments: &[&str]) -> Result<Process> {
        let place = self.next.replace(self.next.get() + 1);
        let language = self.cast[place % self.cast.len()];
        let mut command = language.command(name)?;
        command.args(arguments);
        Process::start(format!("{name} in {language:?}"), &mut command)
    }

    /// An endpoint between processes, by name.
    pub fn ipc(&self, name: &str) -> String {
        format!("ipc://{}/{name}", self.folder.path.display())
    }

    /// An endpoint at a port that was free a moment ago.
    pub fn tcp(&self) -> Result<String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        for _ in PORTS {
            let number = std::process::id().wrapping_mul(97) + NEXT.fetch_add(1, Ordering::Relaxed);
            let port = PORTS.start + number % (PORTS.end - PORTS.start);
            if TcpListener::bind(format!("127.0.0.1:{port}")).is_ok() {
                return Ok(format!("tcp://127.0.0.1:{port}"));
            }
        }
        Err("there is no free port".into())
    }

    /// A new folder for the files of a scene.
    pub fn folder(&self, name: &str) -> Result<String> {
        let folder = self.folder.path.join(name);
        during(fs::create_dir(&folder), folder.display())?;
        Ok(folder.display().to_string())
    }
}
