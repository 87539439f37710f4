//! Runs a program in a process group of its own, its output in a file, never longer than its time
//! limit, and leaves nothing behind that it started.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{kill_process_group, Pid, Signal};

use crate::{during, program, Result};

/// How many lines of a long output are worth showing.
const TAIL: usize = 60;

/// Runs the command to its end and gives back all that it said; an error says how it ended.
pub fn run(command: &mut Command, log: &Path, limit: Duration) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let child = spawn(command, log)?;
    let status = program::wait(child, limit)?;
    let said = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    match status {
        Some(status) if status.success() => Ok(said),
        Some(status) => Err(format!("{name}: {status}\n{}", tail(&said))),
        None => Err(format!("{name}: killed after {} s\n{}", limit.as_secs(), tail(&said))),
    }
}

/// A program that runs until this is dropped, which ends it with all that it started.
pub struct Background(Child);

impl Background {
    pub fn start(command: &mut Command, log: &Path) -> Result<Background> {
        Ok(Background(spawn(command, log)?))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Both fail only for what has ended already.
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        let _ = self.0.wait();
    }
}

/// Starts a program in a process group of its own, with all that it says in `log`.
pub(crate) fn spawn(command: &mut Command, log: &Path) -> Result<Child> {
    let output = during(File::create(log), log.display())?;
    command
        .stdin(Stdio::null())
        .stdout(during(output.try_clone(), log.display())?)
        .stderr(output)
        .process_group(0);
    during(command.spawn(), format!("cannot start {}", command.get_program().to_string_lossy()))
}

/// An empty folder with a short name, since the paths of ipc sockets have to be short. It goes when this
/// is dropped.
pub struct RunFolder {
    pub path: PathBuf,
}

impl RunFolder {
    pub fn new() -> Result<RunFolder> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("zmq-compat-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        during(fs::create_dir_all(&path), path.display())?;
        Ok(RunFolder { path })
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Holds back everybody else on this machine who asks for the same, such as a port, until it is dropped.
///
/// It is a name among the abstract sockets: these are of one network, as ports are, belong to no user,
/// leave no file behind, and are free again when the process ends, however it ends.
pub struct Alone {
    _holder: UnixListener,
}

/// Waits until nobody else has it.
pub fn alone(what: &str) -> Result<Alone> {
    let name = format!("zeroxide-compat-{what}");
    let address = during(SocketAddr::from_abstract_name(&name), &name)?;
    loop {
        match UnixListener::bind_addr(&address) {
            Ok(holder) => return Ok(Alone { _holder: holder }),
            Err(error) if error.kind() == ErrorKind::AddrInUse => wait_for_the_end_of(&address),
            Err(error) => return Err(format!("{name}: {error}")),
        }
    }
}

/// The holder accepts nobody. Its end is the end of the connection, or there is none to connect to.
fn wait_for_the_end_of(address: &SocketAddr) {
    match UnixStream::connect_addr(address) {
        Ok(mut connection) => drop(connection.read(&mut [0])),
        Err(_) => std::thread::sleep(Duration::from_millis(10)),
    }
}

/// The last lines.
pub fn tail(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn one_at_a_time_has_a_name() {
        let name = format!("test-{}", std::process::id());
        let first = alone(&name).unwrap();
        let (said, hear) = channel();
        let waiting: Vec<_> = (0..4)
            .map(|_| {
                let (name, said) = (name.clone(), said.clone());
                std::thread::spawn(move || {
                    let _alone = alone(&name).unwrap();
                    said.send("has it").unwrap();
                    said.send("had it").unwrap();
                })
            })
            .collect();
        assert!(hear.recv_timeout(Duration::from_millis(50)).is_err());
        drop(alone("test-another").unwrap());
        drop(first);
        waiting.into_iter().for_each(|thread| thread.join().unwrap());
        let order: Vec<_> = hear.try_iter().collect();
        assert_eq!(order, ["has it", "had it"].repeat(4));
    }
}
