//! What several commands have in common: endpoints, times, security, messages in and out.
#![forbid(unsafe_code)]

use super::values::{delimiter, duration, endpoint, InputFormat, OutputFormat};
use clap::Args;
use std::ffi::OsString;
use std::time::Duration;

/// Where to.
#[derive(Args, Debug)]
#[group(id = "endpoints", required = true, multiple = true)]
pub struct EndpointArgs {
    /// Accept connections there: tcp://*:5555, tcp://127.0.0.1:*, ipc:///tmp/socket; may be repeated
    #[arg(long, short, value_name = "ENDPOINT", value_parser = endpoint)]
    pub bind: Vec<String>,
    /// Connect to there, now or as soon as somebody listens; may be repeated
    #[arg(long, short, value_name = "ENDPOINT", value_parser = endpoint)]
    pub connect: Vec<String>,
}

/// What every socket has.
#[derive(Args, Debug)]
pub struct SocketArgs {
    #[command(flatten)]
    pub endpoints: EndpointArgs,
    /// Give up (exit code 3) what takes longer: sending or receiving a message; 2, 500ms, 1.5m
    #[arg(long, short, value_name = "TIME", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// How long to wait at the end for what was sent to be delivered; as long as --timeout, else without limit
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub linger: Option<Duration>,
    /// How many messages may wait for each peer, each way; 0 for any number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    pub hwm: Option<i32>,
    /// What ROUTER peers call this end
    #[arg(long, value_name = "NAME")]
    pub routing_id: Option<String>,
    /// Use IPv6 as well
    #[arg(long, short = '6')]
    pub ipv6: bool,
    /// Say on stderr what is bound, connected and given up
    #[arg(long, short)]
    pub verbose: bool,
    #[command(flatten)]
    pub security: SecurityArgs,
}

/// PLAIN and CURVE.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Security")]
pub struct SecurityArgs {
    /// PLAIN: the name to show, or as a server the one to accept
    #[arg(long, value_name = "NAME", requires = "password", conflicts_with_all = ["curve_server", "server_key"])]
    pub username: Option<String>,
    /// PLAIN: the password, or @FILE with it in the first line
    #[arg(long, value_name = "PASSWORD", requires = "username")]
    pub password: Option<String>,
    /// PLAIN: be the server, which accepts only this name and password
    #[arg(long, requires = "username")]
    pub plain_server: bool,
    /// CURVE: be the server; wants --secret-key
    #[arg(long, requires = "secret_key", conflicts_with = "server_key")]
    pub curve_server: bool,
    /// CURVE: the secret key of this end, or @FILE with it
    #[arg(long, value_name = "KEY")]
    pub secret_key: Option<String>,
    /// CURVE: the server's public key, or @FILE with it; a client without --secret-key makes itself one
    #[arg(long, value_name = "KEY")]
    pub server_key: Option<String>,
    /// CURVE: as a server, the public key of a client to accept, or @FILE with it; may be repeated; without it any client
    /// that has the server's key comes in
    #[arg(long, value_name = "KEY", requires = "curve_server")]
    pub allow_key: Vec<String>,
    /// The domain that is told to who decides about clients
    #[arg(long, value_name = "NAME")]
    pub zap_domain: Option<String>,
}

/// What is sent.
#[derive(Args, Debug)]
#[command(next_help_heading = "Messages")]
pub struct InputArgs {
    /// The parts of a message: as they are, or @FILE for what is in it, @- for all of stdin, @@... for what begins with @.
    /// Without any, each line of stdin is a message
    #[arg(value_name = "PART", allow_negative_numbers = true)]
    pub parts: Vec<OsString>,
    /// How parts and lines are written
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t = InputFormat::Text)]
    pub input: InputFormat,
    /// Wait between messages
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub interval: Option<Duration>,
}

/// What is printed.
#[derive(Args, Debug)]
#[command(next_help_heading = "Messages")]
pub struct OutputArgs {
    /// How to print messages
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t = OutputFormat::Text)]
    pub output: OutputFormat,
    /// Do not print them
    #[arg(long, short)]
    pub quiet: bool,
}

/// How many, and what is between their parts.
#[derive(Args, Debug)]
#[command(next_help_heading = "Messages")]
pub struct MessageArgs {
    /// End after so many messages; given parts are sent so many times
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// What is between the parts of a message on a line (\t, \0 and \\ are known): a tab in text that is printed, a
    /// space with hex; a line of text that is read is one part without it
    #[arg(long, short, value_name = "TEXT", value_parser = delimiter)]
    pub delimiter: Option<String>,
}
