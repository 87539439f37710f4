//! Load balancing, a worker: a REQ socket with a routing id of its own choice asks for work; what it receives is a
//! request with the client's address in front. Usage: `balancer_worker [endpoint] [name]`
mod arguments;

use zeroxide::{Context, Multipart, Result, SocketType};

fn main() -> Result<()> {
    let name = arguments::text(2, "worker");
    let context = Context::new()?;
    let socket = context.socket(SocketType::Req)?;
    socket.set_routing_id(&name)?;
    socket.connect(&arguments::text(1, "tcp://localhost:5564"))?;

    socket.send("READY")?;
    let mut done = 0;
    loop {
        let message = socket.recv_multipart()?;
        let [client, _, request] = &message[..] else { break };
        println!("{name} works on: {}", request.to_text());
        let reply = format!("{name} did {}", request.to_text());
        socket.send_multipart(Multipart::new().part(client).delimiter().part(reply))?;
        done += 1;
    }
    println!("{name} ends after {done}");
    drop(socket);
    context.terminate()
}
