//! `zmq perf`: how many messages get through, and how long they take. Two ends in two processes, or both in this one.
//!
//! The end that connects says in its first message how many messages come, of which size. Every end takes care that the
//! other one is what it should be, so that a stray peer gives an error and no wrong numbers.
#![forbid(unsafe_code)]

mod latency;
mod report;
mod throughput;

use crate::cli::{LocalTransport, PerfArgs, Test};
use crate::ends;
use crate::failure::{Failure, Outcome};
use crate::live::Live;
use crate::stop::Stop;
use std::thread;
use std::time::Duration;
use zeroxide::{Context, Error, Events, Message, Multipart, Socket, SocketType};

/// What the first message begins with.
const GREETING: &str = "zeroxide-perf";
/// How often progress is shown.
const PROGRESS: Duration = Duration::from_millis(250);

pub fn perf(args: &PerfArgs) -> Outcome {
    let stop = Stop::new()?;
    match (&args.bind, &args.connect) {
        (Some(endpoint), _) => {
            let (context, socket) = ends::make(types(args.test).0)?;
            ends::bind(&socket, std::slice::from_ref(endpoint), args.verbose)?;
            run(context, socket, &stop, args, bound_end)
        }
        (_, Some(endpoint)) => {
            let (context, socket) = ends::make(types(args.test).1)?;
            ends::connect(&socket, std::slice::from_ref(endpoint), args.verbose)?;
            run(context, socket, &stop, args, connected_end)
        }
        (None, None) => local(&stop, args),
    }
}

/// The end that is bound, and the one that connects to it.
fn types(test: Test) -> (SocketType, SocketType) {
    match test {
        Test::Throughput => (SocketType::Pull, SocketType::Push),
        Test::Latency => (SocketType::Rep, SocketType::Req),
    }
}

type End = fn(&mut Side<'_>) -> Outcome;

const BOUND: [(Test, End); 2] =
    [(Test::Throughput, throughput::receive), (Test::Latency, latency::echo)];
const CONNECTED: [(Test, End); 2] =
    [(Test::Throughput, throughput::send), (Test::Latency, latency::ask)];

fn bound_end(side: &mut Side<'_>) -> Outcome {
    work(side, &BOUND)
}

fn connected_end(side: &mut Side<'_>) -> Outcome {
    work(side, &CONNECTED)
}

fn work(side: &mut Side<'_>, ends: &[(Test, End)]) -> Outcome {
    let end = ends.iter().find(|(test, _)| *test == side.args.test);
    end.map_or(Ok(()), |(_, end)| end(side))
}

fn run(context: Context, socket: Socket, stop: &Stop, args: &PerfArgs, end: End) -> Outcome {
    let mut side = Side { socket, stop, args, live: Live::new(PROGRESS), alone: true, shown: 0 };
    let result = end(&mut side);
    let limit = if result.is_ok() { args.timeout } else { Duration::ZERO };
    drop(side);
    stop.forget();
    let delivered = ends::end(context, stop, Some(limit));
    result?;
    match delivered? {
        true => Ok(()),
        false => Err(silent(args.timeout)),
    }
}

/// Both ends here, each in its thread and, but for inproc, with its own context.
fn local(stop: &Stop, args: &PerfArgs) -> Outcome {
    let failed = |error| Failure::of(error, "cannot connect the two ends");
    let (bound_type, connected_type) = types(args.test);
    let (context, bound) = ends::make(bound_type)?;
    let other = match args.transport {
        LocalTransport::Inproc => context.clone(),
        _ => Context::new().map_err(failed)?,
    };
    let connected = other.socket(connected_type).map_err(failed)?;
    bound.bind(endpoint(args.transport)).map_err(failed)?;
    let endpoint = bound.last_endpoint().map_err(failed)?;
    connected.connect(&endpoint).map_err(failed)?;
    for socket in [&bound, &connected] {
        socket.set_linger(Some(Duration::ZERO)).map_err(failed)?;
    }
    let side =
        |socket, alone| Side { socket, stop, args, live: Live::new(PROGRESS), alone, shown: 0 };
    // Only the end that measures shows and prints something; the other one ends when this one has.
    let measures = args.test == Test::Latency;
    let (mut here, mut there) = (side(bound, !measures), side(connected, measures));
    thread::scope(|scope| {
        let connected = scope.spawn(|| {
            let result = connected_end(&mut there);
            if result.is_err() {
                context.shutdown();
            }
            result
        });
        let mut result = bound_end(&mut here);
        if result.is_err() {
            other.shutdown();
        }
        let theirs =
            connected.join().unwrap_or_else(|_| Err(Failure::Error("an end broke".into())));
        // Who was shut down by the other has nothing to say.
        if matches!(&result, Err(Failure::Error(text)) if text.ends_with(TERMINATED)) {
            result = Ok(());
        }
        match theirs {
            Err(Failure::Error(text)) if text.ends_with(TERMINATED) => result,
            theirs => result.and(theirs),
        }
    })
}

/// How an error ends when the context did.
const TERMINATED: &str = "Context was terminated";

fn endpoint(transport: LocalTransport) -> &'static str {
    match transport {
        LocalTransport::Tcp => "tcp://127.0.0.1:*",
        LocalTransport::Ipc => "ipc://*",
        LocalTransport::Inproc => "inproc://perf",
    }
}

/// One of the two ends.
struct Side<'a> {
    socket: Socket,
    stop: &'a Stop,
    args: &'a PerfArgs,
    live: Live,
    /// Shows progress and prints.
    alone: bool,
    /// How many messages there were when progress was last shown.
    shown: u64,
}

impl Side<'_> {
    fn send(&self, message: &Message) -> Outcome {
        loop {
            match self.socket.try_send(message) {
                Ok(()) => return Ok(()),
                Err(Error::Again) => self.wait(Events::OUT)?,
                Err(Error::Interrupted) => self.stop.check()?,
                Err(error) => return Err(Failure::of(error, "cannot send")),
            }
        }
    }

    fn send_all(&self, message: &Multipart) -> Outcome {
        self.wait(Events::OUT)?;
        self.socket.try_send_multipart(message).map_err(|error| Failure::of(error, "cannot send"))
    }

    /// A message of one part; one of more is [`Failure`], as it is another test's.
    fn recv(&self) -> Result<Message, Failure> {
        loop {
            match self.socket.try_recv() {
                Ok(part) if part.more() => return Err(stranger()),
                Ok(part) => return Ok(part),
                Err(Error::Again) => self.wait(Events::IN)?,
                Err(Error::Interrupted) => self.stop.check()?,
                Err(error) => return Err(Failure::of(error, "cannot receive")),
            }
        }
    }

    fn recv_all(&self) -> Result<Multipart, Failure> {
        self.wait(Events::IN)?;
        self.socket.try_recv_multipart().map_err(|error| Failure::of(error, "cannot receive"))
    }

    fn wait(&self, events: Events) -> Outcome {
        let timeout = self.args.timeout;
        match self.stop.wait_for(&self.socket, events, Some(timeout))? {
            true => Ok(()),
            false => {
                Err(Failure::Timeout(format!("the other end was not heard of within {timeout:?}")))
            }
        }
    }

    /// True if it was time for a new line.
    fn progress(&mut self, line: impl FnOnce(Duration) -> String) -> bool {
        self.alone && self.live.update(line)
    }
}

fn silent(timeout: Duration) -> Failure {
    Failure::Timeout(format!("the other end was not heard of within {timeout:?}"))
}

fn stranger() -> Failure {
    Failure::Error("the other end is no 'zmq perf' of the same test".into())
}

/// What the connecting end says first.
struct Plan {
    count: u64,
    size: usize,
}

impl Plan {
    fn of(args: &PerfArgs, usual: u64) -> Self {
        let size = usize::try_from(args.size).unwrap_or_default();
        Self { count: args.count.unwrap_or(usual), size }
    }

    fn write(&self, test: &str) -> Multipart {
        let numbers = [self.count.to_string(), self.size.to_string()];
        Multipart::from([GREETING, test, &numbers[0], &numbers[1]])
    }

    fn read(message: &Multipart, test: &str) -> Result<Self, Failure> {
        let parsed = || {
            let [greeting, name, count, size] = &message[..] else { return None };
            let ours = greeting == GREETING.as_bytes() && name == test.as_bytes();
            let plan = Self {
                count: count.as_str().ok()?.parse().ok()?,
                size: size.as_str().ok()?.parse().ok()?,
            };
            ours.then_some(plan)
        };
        parsed().ok_or_else(stranger)
    }
}
