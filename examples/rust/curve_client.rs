//! CURVE, the client: knows the server's public key, so that nobody can pose as the server, and has a key pair
//! of its own. Usage: `curve_client [endpoint] [folder] [count] [timeout in ms]`
mod arguments;
mod keys;

use std::time::Duration;
use zeroxide::{Context, Error, SocketType};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = arguments::text(2, ".");
    let context = Context::new()?;
    let socket = context.socket(SocketType::Req)?;
    socket.set_curve_server_key(&keys::read(&folder, "server.public")?)?;
    socket.set_curve_public_key(&keys::read(&folder, "client.public")?)?;
    socket.set_curve_secret_key(&keys::read(&folder, "client.secret")?)?;
    // Who is turned away has nobody to send to, or gets no reply, as it happens.
    let timeout = Some(Duration::from_millis(arguments::count(4, 10_000).into()));
    socket.set_send_timeout(timeout)?;
    socket.set_recv_timeout(timeout)?;
    socket.set_linger(Some(Duration::ZERO))?;
    socket.connect(&arguments::text(1, "tcp://localhost:5565"))?;

    for number in 1..=arguments::count(3, 3) {
        match socket.send(format!("Hello {number}")).and_then(|()| socket.recv()) {
            Ok(reply) => println!("Received secret reply: {}", reply.to_text()),
            Err(Error::Again) => return Err("No reply: not let in?".into()),
            Err(error) => return Err(error.into()),
        }
    }
    drop(socket);
    Ok(context.terminate()?)
}
