//! The Rust API from outside: every pattern over every transport, limits, ends, endpoints, monitors.

mod endpoints;
mod ends;
mod limits;
mod monitor;
mod options;
mod patterns;

use std::time::Duration;
use zeroxide::{Context, Socket, SocketType};

/// What never takes that long, unless it is broken.
const LONG: Duration = Duration::from_secs(10);
/// What should not happen is waited for this long.
const SHORT: Duration = Duration::from_millis(150);

const TRANSPORTS: [&str; 3] = ["inproc://endpoint", "ipc://*", "tcp://127.0.0.1:*"];

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
