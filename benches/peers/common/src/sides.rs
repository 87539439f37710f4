//! The two sides of a measurement: this one, and another process or thread that gets its orders from here,
//! a line each.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::time::{clock_getcpuclockid, ClockId};
use nix::unistd::Pid;

use crate::test::{self, Test};
use crate::{fail, Result};

/// The word by which a process is told that it is the other side.
pub const OTHER: &str = "other";

pub struct Other {
    orders: Box<dyn Write + Send>,
    said: Option<BufReader<ChildStdout>>,
    clock: Option<ClockId>,
}

impl Other {
    /// Starts this program once more. If that ends by itself, the measurement has failed.
    pub fn process() -> Result<Other> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(OTHER).args(std::env::args_os().skip(1));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let orders = child.stdin.take().ok_or("the other process has no input")?;
        let said = child.stdout.take().map(BufReader::new);
        let clock = Some(clock_getcpuclockid(Pid::from_raw(child.id().try_into()?))?);
        std::thread::spawn(move || {
            let _ = child.wait();
            fail("another process of this measurement ended early");
        });
        Ok(Other { orders: Box::new(orders), said, clock })
    }

    /// Starts a thread.
    pub fn thread(side: impl FnOnce(Orders) -> Result<()> + Send + 'static) -> Result<Other> {
        let (reader, writer) = std::io::pipe()?;
        std::thread::spawn(move || {
            if let Err(error) = side(Orders::from(reader)) {
                fail(error);
            }
        });
        Ok(Other { orders: Box::new(writer), said: None, clock: None })
    }

    pub fn tell(&mut self, order: &str) -> Result<()> {
        Ok(writeln!(self.orders, "{order}")?)
    }

    /// Waits for what the other process prints.
    pub fn hear(&mut self) -> Result<String> {
        let mut line = String::new();
        self.said.as_mut().ok_or("a thread does not print")?.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    /// How long all threads of all processes have run.
    pub fn cpu_of_all(&self) -> Result<Duration> {
        let clocks = [Some(ClockId::CLOCK_PROCESS_CPUTIME_ID), self.clock];
        let times = clocks.into_iter().flatten().map(|clock| Ok(Duration::from(clock.now()?)));
        times.sum()
    }
}

/// A stretch of time that is measured.
pub struct Stretch {
    start: Instant,
    cpu: Duration,
}

impl Stretch {
    pub fn begin(other: &Other) -> Result<Stretch> {
        Ok(Stretch { start: Instant::now(), cpu: other.cpu_of_all()? })
    }

    /// Reports how many of these there were in a second, and what each cost.
    pub fn report(self, count: f64, other: &Other) -> Result<()> {
        test::report("rate", count / self.start.elapsed().as_secs_f64());
        test::report("cpu", test::nanoseconds(other.cpu_of_all()? - self.cpu) / count);
        Ok(())
    }
}

/// What the other side is told.
pub struct Orders(BufReader<Box<dyn Read + Send>>);

impl Orders {
    /// The process that was started takes its place.
    pub fn of_process(test: &Test) -> Result<Orders> {
        set_pdeathsig(Signal::SIGKILL)?;
        test.pin(1)?;
        Ok(Orders::from(std::io::stdin()))
    }

    fn from(reader: impl Read + Send + 'static) -> Orders {
        Orders(BufReader::new(Box::new(reader)))
    }

    pub fn next(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.0.read_line(&mut line)? {
            0 => Err("there is nobody to give orders".into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    /// True as soon as the next order is there, whatever it is.
    pub fn awaited(mut self) -> Arc<AtomicBool> {
        let given = Arc::new(AtomicBool::new(false));
        let flag = given.clone();
        std::thread::spawn(move || {
            let is_given = self.next().is_ok();
            flag.store(is_given, Ordering::Relaxed);
        });
        given
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn the_other_side_gets_its_orders_one_by_one() {
        let (sender, heard) = mpsc::channel();
        let mut other = Other::thread(move |mut orders| {
            sender.send(orders.next()?)?;
            let stop = orders.awaited();
            while !stop.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            Ok(sender.send("stopped".to_owned())?)
        })
        .unwrap();
        other.tell("inproc://bench").unwrap();
        assert_eq!(heard.recv().unwrap(), "inproc://bench");
        assert!(heard.try_recv().is_err());
        other.tell("stop").unwrap();
        assert_eq!(heard.recv().unwrap(), "stopped");
    }
}
