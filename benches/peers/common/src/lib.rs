//! The programs of the side-by-side bench over a package that has sockets of its own: `perf`, `echo` and
//! `fan` do what the C programs of these names do, and take and print the same. A package is what implements
//! [`Package`]; it never measures anything itself.
#![forbid(unsafe_code)]

mod echo;
mod fan;
mod perf;
mod sides;
mod test;

use std::future::Future;
use std::process::exit;

use tokio::runtime::{Builder, Runtime};

use sides::Orders;
use test::Test;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What a program ends with if its package has no such transport, pattern or option.
const UNABLE: i32 = 69;

const USAGE: &str = "usage: perf|echo|fan SECONDS core|split|free WORDS...";

/// Reads `perf|echo|fan SECONDS PIN WORDS...` from the command line and measures.
pub fn main<P: Package>() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // Not by returning: threads and tasks may not be done, nor need they be.
    match run::<P>(&words) {
        Ok(true) => exit(0),
        Ok(false) => exit(UNABLE),
        Err(error) => fail(error),
    }
}

/// False if the package cannot do that.
fn run<P: Package>(words: &[String]) -> Result<bool> {
    let is_other = words.first().is_some_and(|word| word == sides::OTHER);
    let [name, words @ ..] = &words[usize::from(is_other)..] else {
        return Err(USAGE.into());
    };
    let (Some(program), test) = (Program::named(name), Test::read(words)?) else {
        return Ok(false);
    };
    if !program.is_possible::<P>(&test) {
        return Ok(false);
    }
    test::limit_resources()?;
    if is_other {
        program.other_side::<P>(&test, Orders::of_process(&test)?)?;
    } else {
        program.measure::<P>(&test)?;
    }
    Ok(true)
}

/// Who wants to be measured; a value of it is a context, where the package has such a thing.
pub trait Package: Clone + Send + 'static {
    type Socket: Socket;

    /// Of `tcp`, `ipc` and `inproc`.
    const TRANSPORTS: &'static [&'static str];
    /// Has a PUB that can wait for the slowest SUB.
    const WAITS: bool;

    fn new() -> Result<Self>;
    fn open(&self, kind: Kind) -> impl Future<Output = Result<Self::Socket>> + Send;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Push,
    Pull,
    Req,
    Rep,
    Dealer,
    Router,
    /// It waits for the slowest SUB, or not.
    Pub {
        waits: bool,
    },
    /// Subscribed to everything.
    Sub,
}

pub trait Socket: Send + 'static {
    /// Binds, and says where, since the endpoint may have left that open.
    fn bind(&mut self, endpoint: &str) -> impl Future<Output = Result<String>> + Send;
    fn connect(&mut self, endpoint: &str) -> impl Future<Output = Result<()>> + Send;
    /// Sends a copy: the body stays the caller's.
    fn send(&mut self, body: &[u8]) -> impl Future<Output = Result<()>> + Send;
    fn receive(&mut self) -> impl Future<Output = Result<Head>> + Send;
    /// Receives a request and sends it back, as a REP or a ROUTER.
    fn answer(&mut self) -> impl Future<Output = Result<()>> + Send;
}

/// So many sockets of one kind, connected to one endpoint.
async fn connected<P: Package>(
    context: &P,
    kind: Kind,
    endpoint: &str,
    count: usize,
) -> Result<Vec<P::Socket>> {
    let mut sockets = Vec::new();
    for _ in 0..count {
        let mut socket = context.open(kind).await?;
        socket.connect(endpoint).await?;
        sockets.push(socket);
    }
    Ok(sockets)
}

/// What the programs look at of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub size: usize,
    pub first: u8,
}

impl Head {
    pub fn of(body: &[u8]) -> Head {
        Head { size: body.len(), first: body.first().copied().unwrap_or_default() }
    }

    fn of_size(self, size: usize) -> Result<Head> {
        if self.size == size {
            Ok(self)
        } else {
            Err(format!("a message of {} bytes, not of {size}", self.size).into())
        }
    }
}

#[derive(Clone, Copy)]
enum Program {
    Perf,
    Echo,
    Fan,
}

impl Program {
    fn named(name: &str) -> Option<Program> {
        Some(match name {
            "perf" => Program::Perf,
            "echo" => Program::Echo,
            "fan" => Program::Fan,
            _ => return None,
        })
    }

    fn is_possible<P: Package>(self, test: &Test) -> bool {
        let has = |transport: &str| P::TRANSPORTS.contains(&transport);
        match self {
            Program::Perf => ["send", "latency"].contains(&test.word(0)) && has(test.word(1)),
            Program::Echo => has(test.word(0)),
            Program::Fan => (P::WAITS || test.word(0) == "drop") && has(test.word(1)),
        }
    }

    fn measure<P: Package>(self, test: &Test) -> Result<()> {
        match self {
            Program::Perf => perf::measure::<P>(test),
            Program::Echo => echo::measure::<P>(test),
            Program::Fan => fan::measure::<P>(test),
        }
    }

    fn other_side<P: Package>(self, test: &Test, orders: Orders) -> Result<()> {
        runtime()?.block_on(async {
            match self {
                Program::Perf => perf::other_side(P::new()?, test, orders).await,
                Program::Echo => echo::other_side(P::new()?, test).await,
                Program::Fan => fan::other_side(P::new()?, test, orders).await,
            }
        })
    }
}

/// One thread for a side: both packages did better with it than with a pool, in which each message passes
/// from one thread to another: up to a fifth less CPU time in throughput, up to two fifths less in round trips.
fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Ends the process, whatever else goes on in it.
fn fail(what: impl std::fmt::Display) -> ! {
    eprintln!("{what}");
    exit(1);
}
