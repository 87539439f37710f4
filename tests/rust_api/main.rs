//! The Rust API from outside: every pattern over every transport, limits, ends, endpoints, monitors.

mod endpoints;
mod ends;
mod limits;
mod monitor;
mod options;
mod patterns;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{env, process};
use zeroxide::{Context, Socket, SocketType};

/// What never takes that long, unless it is broken.
const LONG: Duration = Duration::from_secs(10);
/// What should not happen is waited for this long.
const SHORT: Duration = Duration::from_millis(150);

const TRANSPORTS: [&str; 3] = ["inproc://endpoint", "ipc://*", "tcp://127.0.0.1:*"];

/// An address like that, where nobody else comes when it is free for a while: a host of our own, or a path that
/// does not go with its socket.
fn own(address: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let (process, number) = (process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    match address {
        "ipc://*" => {
            let path = env::temp_dir().join(format!("zeroxide-test-{process}-{number}"));
            format!("ipc://{}", path.display())
        }
        // All of 127.0.0.0/8 is this machine.
        "tcp://127.0.0.1:*" if cfg!(target_os = "linux") => {
            let [high, low] = (process as u16).to_be_bytes();
            format!("tcp://127.{high}.{low}.{}:*", number % 250 + 2)
        }
        _ => address.to_owned(),
    }
}

fn context() -> Context {
    Context::new().unwrap()
}

/// A socket that fails rather than hangs.
fn socket(context: &Context, socket_type: SocketType) -> Socket {
    let socket = context.socket(socket_type).unwrap();
    socket.set_recv_timeout(Some(LONG)).unwrap();
    socket.set_send_timeout(Some(LONG)).unwrap();
    socket
}

fn bound(context: &Context, socket_type: SocketType, address: &str) -> (Socket, String) {
    let socket = socket(context, socket_type);
    socket.bind(address).unwrap();
    let endpoint = socket.last_endpoint().unwrap();
    (socket, endpoint)
}

fn connected(context: &Context, socket_type: SocketType, endpoint: &str) -> Socket {
    let socket = socket(context, socket_type);
    socket.connect(endpoint).unwrap();
    socket
}

/// Two sockets with a connection.
fn couple(
    context: &Context,
    bound_type: SocketType,
    connected_type: SocketType,
    address: &str,
) -> (Socket, Socket) {
    let (first, endpoint) = bound(context, bound_type, address);
    let second = connected(context, connected_type, &endpoint);
    (first, second)
}
