//! What a measurement is to be like, and what all of them need: processors, clocks, results.

use std::time::Duration;

use nix::sched::{sched_getaffinity, sched_setaffinity, CpuSet};
use nix::sys::resource::{getrlimit, setrlimit, Resource};
use nix::unistd::Pid;

use crate::{Result, USAGE};

/// For each of the two processes, in bytes.
const MOST_MEMORY: u64 = 4 << 30;

#[derive(Clone)]
pub struct Test {
    pub duration: Duration,
    pub warm_up: Duration,
    /// Of the two sides, if they are confined to one.
    processors: [Option<usize>; 2],
    words: Vec<String>,
}

impl Test {
    /// Reads `SECONDS PIN WORDS...`.
    pub fn read(words: &[String]) -> Result<Test> {
        let [seconds, pinning, words @ ..] = words else {
            return Err(USAGE.into());
        };
        let duration = Duration::try_from_secs_f64(seconds.parse()?)?;
        Ok(Test {
            duration,
            warm_up: duration / 8,
            processors: processors(pinning)?,
            words: words.to_vec(),
        })
    }

    /// What the C program of the same name would be given there.
    pub fn word(&self, which: usize) -> &str {
        self.words.get(which).map_or("", String::as_str)
    }

    pub fn number(&self, which: usize) -> Result<usize> {
        Ok(self.word(which).parse()?)
    }

    /// Confines this thread, and those that it starts, to the processor of a side.
    pub fn pin(&self, side: usize) -> Result<()> {
        let Some(processor) = self.processors[side] else {
            return Ok(());
        };
        let mut set = CpuSet::new();
        set.set(processor)?;
        Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
    }
}

fn processors(pinning: &str) -> Result<[Option<usize>; 2]> {
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    let mut found = (0..CpuSet::count()).filter(|which| allowed.is_set(*which).unwrap_or(false));
    let (first, second) = (found.next(), found.next());
    match pinning {
        "free" => Ok([None, None]),
        "core" => Ok([first, first]),
        "split" if second.is_some() => Ok([first, second]),
        _ => Err("PIN is core, free, or (with two processors) split".into()),
    }
}

/// As many descriptors as there may be; and no more memory than a measurement can need, since a package may
/// put no bound to what it queues.
pub fn limit_resources() -> Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    Ok(setrlimit(Resource::RLIMIT_DATA, MOST_MEMORY, MOST_MEMORY)?)
}

/// An endpoint to bind to that nobody else has.
pub fn free_endpoint(transport: &str) -> String {
    match transport {
        "tcp" => "tcp://127.0.0.1:0".to_owned(),
        "ipc" => {
            let file = format!("zeroxide-peer-{}", std::process::id());
            format!("ipc://{}", std::env::temp_dir().join(file).display())
        }
        _ => "inproc://bench".to_owned(),
    }
}

/// Removes what an ipc endpoint left behind.
pub fn clear(endpoint: &str) {
    if let Some(path) = endpoint.strip_prefix("ipc://") {
        let _ = std::fs::remove_file(path);
    }
}

pub fn nanoseconds(time: Duration) -> f64 {
    time.as_nanos() as f64
}

pub fn report(name: &str, value: f64) {
    println!("{name} {value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Test> {
        Test::read(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_command_line_is_read() {
        let test = read("0.4 core send tcp 64").unwrap();
        assert_eq!(
            (test.duration, test.warm_up),
            (Duration::from_millis(400), Duration::from_millis(50))
        );
        assert_eq!((test.word(0), test.word(1), test.number(2).unwrap()), ("send", "tcp", 64));
        assert_eq!(test.word(3), "");
        assert!(test.processors[0].is_some() && test.processors[0] == test.processors[1]);
        assert_eq!(read("1 free").unwrap().processors, [None, None]);
    }

    #[test]
    fn a_wrong_one_is_refused() {
        for line in ["1", "-1 core", "a core", "1 both"] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
