//! CURVE, the server: everything on the wire is encrypted, and its ZAP handler, a thread, lets in the one client whose
//! public key it knows. Usage: `curve_server [endpoint] [folder] [count]`
mod arguments;
mod keys;

use zeroxide::{Context, CurveKey, Error, Multipart, Result, Socket, SocketType};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = arguments::text(2, ".");
    let known = keys::read(&folder, "client.public")?;
    let context = Context::new()?;
    let handler = context.socket(SocketType::Rep)?;
    handler.bind("inproc://zeromq.zap.01")?;
    let thread = std::thread::spawn(move || handle(&handler, &known));

    let socket = context.socket(SocketType::Rep)?;
    socket.set_curve_server(true)?;
    socket.set_curve_secret_key(&keys::read(&folder, "server.secret")?)?;
    socket.bind(&arguments::text(1, "tcp://*:5565"))?;
    for _ in 0..arguments::count(3, 3) {
        let request = socket.recv()?;
        println!("Received secret request: {}", request.to_text());
        socket.send(request)?;
    }
    drop(socket);
    context.terminate()?;
    Ok(thread.join().map_err(|_| "the handler has failed")??)
}

/// Answers [version, id, domain, address, routing id, mechanism, key] until the context ends.
fn handle(handler: &Socket, known: &CurveKey) -> Result<()> {
    loop {
        let request = match handler.recv_multipart() {
            Err(Error::Terminated) => return Ok(()),
            request => request?,
        };
        let [version, id, .., key] = &request[..] else { return Err(Error::Protocol) };
        let verdict = if key == known {
            println!("Let in the client");
            ["200", "OK", "client", ""]
        } else {
            println!("Turned away a stranger");
            ["400", "Unknown key", "", ""]
        };
        let mut reply = Multipart::new().part(version).part(id);
        reply.extend(verdict);
        handler.send_multipart(reply)?;
    }
}
