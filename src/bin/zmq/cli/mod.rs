//! What can be said on the command line. Help, errors, completions and man pages all come from here.
#![forbid(unsafe_code)]

mod common;
mod values;

pub use common::{EndpointArgs, InputArgs, MessageArgs, OutputArgs, SecurityArgs, SocketArgs};
pub use values::{InputFormat, OutputFormat, ReportFormat};

use crate::failure::EXIT_CODES;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use values::{duration, endpoint, socket_type, RecvType, SendType};
use zeroxide::SocketType;

/// ZeroMQ from a terminal: talk to any peer, pass messages on, measure, and run programs on this library
#[derive(Parser, Debug)]
#[command(name = "zmq", bin_name = "zmq", version = VERSION, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

const VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION"), " (Zeroxide, which is compatible with libzmq 4.3.5)");

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run a program on this library instead of the libzmq it would use
    #[command(after_help = RUN_HELP)]
    Run(RunArgs),
    /// Send messages from a socket of some type
    Send(SendTypeArgs),
    /// Receive messages with a socket of some type
    Recv(RecvTypeArgs),
    /// Send requests and print the replies
    Req(ReqArgs),
    /// Print requests and reply to them
    #[command(after_help = REP_HELP)]
    Rep(RepArgs),
    /// Publish messages; waits for a subscriber first
    Pub(PubArgs),
    /// Subscribe and print what is published
    Sub(SubArgs),
    /// Hand out messages to PULL peers in turns
    Push(SendArgs),
    /// Print the messages that PUSH peers hand out
    Pull(RecvArgs),
    /// Pass messages on between two sockets, until Ctrl-C
    Proxy(ProxyArgs),
    /// Measure throughput or latency between two ends
    #[command(after_help = PERF_HELP)]
    Perf(PerfArgs),
    /// Make a key pair for CURVE
    Keygen(KeygenArgs),
    /// Print what happens to the connections of a socket
    Monitor(MonitorArgs),
    /// Print the completions for a shell
    Completions(CompletionsArgs),
    /// Print the man page, or write all of them
    Man(ManArgs),
    /// Print what there is to say about a command, or name all commands
    Help(HelpArgs),
    /// Print the version
    Version,
}

const RUN_HELP: &str = "\
The program is started with LD_PRELOAD and LD_LIBRARY_PATH set, so that it and what it loads find this library as
libzmq.so.5. Programs that carry a copy of libzmq, are linked statically or gain privileges cannot be run like this:
that is said, and they are not started.";

const REP_HELP: &str = "\
Without a reply, --echo or --exec, each line of stdin is the reply to a request.";

const PERF_HELP: &str = "\
The two ends are started with the same test. throughput: the end with --bind receives, and measures. latency: the end
with --bind echoes, the one with --connect measures. With neither, both ends are in this process.";

#[derive(Args, Debug)]
pub struct HelpArgs {
    /// The command
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

impl Cli {
    /// `zmq help COMMAND` and `zmq version` are other words for options.
    pub fn explain(option: &str, command: Option<&str>) -> clap::Error {
        let words = ["zmq"].into_iter().chain(command).chain([option]);
        let explained = Cli::try_parse_from(words).map(drop);
        explained.err().unwrap_or_else(|| clap::Error::new(clap::error::ErrorKind::DisplayHelp))
    }
}

#[derive(Args, Debug)]
pub struct RunArgs {
    /// The library; else it is looked for beside this tool, in ../lib, and where cargo builds it
    #[arg(long, value_name = "FILE")]
    pub library: Option<PathBuf>,
    /// Say on stderr which library it is
    #[arg(long, short)]
    pub verbose: bool,
    /// The program and its arguments
    #[arg(
        value_name = "PROGRAM",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub program: Vec<OsString>,
}

#[derive(Args, Debug)]
pub struct SendArgs {
    #[command(flatten)]
    pub socket: SocketArgs,
    #[command(flatten)]
    pub messages: MessageArgs,
    #[command(flatten)]
    pub input: InputArgs,
}

#[derive(Args, Debug)]
pub struct SendTypeArgs {
    /// The type of the socket
    #[arg(long = "type", value_name = "TYPE", value_enum, default_value_t = SendType::Push)]
    pub socket_type: SendType,
    /// For pub: wait for so many subscriptions first [default: 1]
    #[arg(long, value_name = "N")]
    pub wait: Option<usize>,
    /// For pub: skip subscribers that do not keep up, rather than wait for them
    #[arg(long)]
    pub drop: bool,
    #[command(flatten)]
    pub send: SendArgs,
}

#[derive(Args, Debug)]
pub struct PubArgs {
    /// Wait for so many subscriptions first, one for each topic of each subscriber: what nobody has subscribed to is lost
    /// [default: 1]
    #[arg(long, value_name = "N")]
    pub wait: Option<usize>,
    /// Skip subscribers that do not keep up, rather than wait for them
    #[arg(long)]
    pub drop: bool,
    #[command(flatten)]
    pub send: SendArgs,
}

#[derive(Args, Debug)]
pub struct RecvArgs {
    #[command(flatten)]
    pub socket: SocketArgs,
    #[command(flatten)]
    pub messages: MessageArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Args, Debug)]
pub struct RecvTypeArgs {
    /// The type of the socket
    #[arg(long = "type", value_name = "TYPE", value_enum, default_value_t = RecvType::Pull)]
    pub socket_type: RecvType,
    /// For sub: what messages begin with; may be repeated; all, if not given
    #[arg(long, short = 'T', value_name = "PREFIX")]
    pub topic: Vec<OsString>,
    #[command(flatten)]
    pub recv: RecvArgs,
}

#[derive(Args, Debug)]
pub struct SubArgs {
    /// What messages begin with; may be repeated; all, if not given
    #[arg(long, short = 'T', value_name = "PREFIX")]
    pub topic: Vec<OsString>,
    #[command(flatten)]
    pub recv: RecvArgs,
}

#[derive(Args, Debug)]
pub struct ReqArgs {
    #[command(flatten)]
    pub socket: SocketArgs,
    #[command(flatten)]
    pub messages: MessageArgs,
    #[command(flatten)]
    pub input: InputArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Args, Debug)]
pub struct RepArgs {
    #[command(flatten)]
    pub socket: SocketArgs,
    #[command(flatten)]
    pub messages: MessageArgs,
    /// Reply with the request
    #[arg(long, conflicts_with_all = ["parts", "exec"])]
    pub echo: bool,
    /// Reply with what this shell command prints, less the last line end; it has the request as its input
    #[arg(long, value_name = "COMMAND", conflicts_with = "parts")]
    pub exec: Option<OsString>,
    #[command(flatten)]
    pub input: InputArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// The three devices.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Device {
    /// ROUTER and DEALER: between clients and services
    Queue,
    /// XSUB and XPUB: between publishers and subscribers
    Forwarder,
    /// PULL and PUSH: between those who make work and those who do it
    Streamer,
}

#[derive(Args, Debug)]
#[group(skip)]
pub struct ProxyArgs {
    /// What kind of device
    #[arg(value_enum)]
    pub device: Device,
    #[command(flatten)]
    pub frontend: FrontendArgs,
    #[command(flatten)]
    pub backend: BackendArgs,
    /// Publish a copy of each message there
    #[arg(long, value_name = "ENDPOINT", value_parser = endpoint)]
    pub capture: Option<String>,
    /// How often the line with the rates changes; it is there if stderr is a terminal
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1s")]
    pub interval: Duration,
    /// How long to wait at the end for what was passed on to be delivered
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1s")]
    pub linger: Duration,
    /// How many messages may wait for each peer, each way; 0 for any number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    pub hwm: Option<i32>,
    /// Use IPv6 as well
    #[arg(long, short = '6')]
    pub ipv6: bool,
    /// Say on stderr what is bound and connected
    #[arg(long, short)]
    pub verbose: bool,
    /// How to print the summary at the end
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t = ReportFormat::Text)]
    pub output: ReportFormat,
}

#[derive(Args, Debug)]
#[group(id = "frontends", required = true, multiple = true)]
pub struct FrontendArgs {
    /// Bind the side of clients, publishers, those who make work; may be repeated
    #[arg(long, short, value_name = "ENDPOINT", value_parser = endpoint)]
    pub frontend: Vec<String>,
    /// Connect that side instead
    #[arg(long, value_name = "ENDPOINT", value_parser = endpoint)]
    pub frontend_connect: Vec<String>,
}

#[derive(Args, Debug)]
#[group(id = "backends", required = true, multiple = true)]
pub struct BackendArgs {
    /// Bind the side of services, subscribers, those who do the work; may be repeated
    #[arg(long, short, value_name = "ENDPOINT", value_parser = endpoint)]
    pub backend: Vec<String>,
    /// Connect that side instead
    #[arg(long, value_name = "ENDPOINT", value_parser = endpoint)]
    pub backend_connect: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Test {
    /// How many messages get through, one way
    Throughput,
    /// How long a message takes there and back
    Latency,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LocalTransport {
    Tcp,
    Ipc,
    Inproc,
}

#[derive(Args, Debug)]
pub struct PerfArgs {
    /// What to measure
    #[arg(value_enum)]
    pub test: Test,
    /// Be the end that waits for the other
    #[arg(long, short, value_name = "ENDPOINT", value_parser = endpoint, conflicts_with = "connect")]
    pub bind: Option<String>,
    /// Be the end that comes to the other, and says how many messages of which size
    #[arg(long, short, value_name = "ENDPOINT", value_parser = endpoint)]
    pub connect: Option<String>,
    /// What is between the ends when both are here
    #[arg(long, value_enum, default_value_t = LocalTransport::Tcp, conflicts_with_all = ["bind", "connect"])]
    pub transport: LocalTransport,
    /// How many messages; 1000000 for throughput, 10000 for latency
    #[arg(long, short = 'n', value_name = "N", conflicts_with = "bind",
        value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub count: Option<u64>,
    /// How large each is, in bytes
    #[arg(long, short, value_name = "BYTES", default_value_t = 100, conflicts_with = "bind",
        value_parser = clap::value_parser!(u32).range(0..=1 << 30))]
    pub size: u32,
    /// Give up (exit code 3) when the other end is not heard of for so long
    #[arg(long, short, value_name = "TIME", value_parser = duration, default_value = "30s")]
    pub timeout: Duration,
    /// How to print the result
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t = ReportFormat::Text)]
    pub output: ReportFormat,
    /// Say on stderr what is bound and connected
    #[arg(long, short)]
    pub verbose: bool,
}

#[derive(Args, Debug)]
pub struct KeygenArgs {
    /// Write NAME.key, which everybody may have, and NAME.key_secret, which only its owner can read; as CZMQ and pyzmq do
    #[arg(long, short, value_name = "NAME")]
    pub output: Option<PathBuf>,
    /// Overwrite files that are there
    #[arg(long, requires = "output")]
    pub force: bool,
    /// How to print the keys
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = ReportFormat::Text, conflicts_with = "output")]
    pub format: ReportFormat,
}

#[derive(Args, Debug)]
pub struct MonitorArgs {
    /// The type of the socket, whose messages are not looked at
    #[arg(long = "type", value_name = "TYPE", value_parser = socket_type)]
    pub socket_type: SocketType,
    /// End after so many events
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// How to print events
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t = ReportFormat::Text)]
    pub output: ReportFormat,
    #[command(flatten)]
    pub socket: SocketArgs,
}

#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub shell: Shell,
}

#[derive(Args, Debug)]
pub struct ManArgs {
    /// Write zmq.1, and zmq-COMMAND.1 for each command, into this folder
    #[arg(long, short, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
}
