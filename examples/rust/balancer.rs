//! Load balancing: one ROUTER faces clients, another addresses workers by their routing ids, and each request goes
//! to the worker that has waited longest. Usage: `balancer [clients] [workers] [requests] [how many workers]`
mod arguments;

use std::collections::VecDeque;
use zeroxide::{poll, Context, Error, Events, Message, Multipart, Result, Socket, SocketType};

struct Balancer {
    frontend: Socket,
    backend: Socket,
    /// Names of workers that wait, the longest waiting first.
    idle: VecDeque<Message>,
    answered: u32,
}

fn main() -> Result<()> {
    let context = Context::new()?;
    let frontend = context.socket(SocketType::Router)?;
    frontend.bind(&arguments::text(1, "tcp://*:5555"))?;
    let backend = context.socket(SocketType::Router)?;
    backend.bind(&arguments::text(2, "tcp://*:5564"))?;

    let mut balancer = Balancer { frontend, backend, idle: VecDeque::new(), answered: 0 };
    while balancer.answered < arguments::count(3, 10) {
        balancer.turn()?;
    }
    for _ in 0..arguments::count(4, 2) {
        balancer.end_worker()?;
    }
    println!("Balanced {} requests", balancer.answered);
    drop(balancer);
    context.terminate()
}

impl Balancer {
    fn turn(&mut self) -> Result<()> {
        let mut items = [self.backend.poll_item(Events::IN), self.frontend.poll_item(Events::IN)];
        // Requests stay in the queue while nobody can do them.
        let watched = if self.idle.is_empty() { 1 } else { 2 };
        poll(&mut items[..watched], None)?;
        let [worker, client] = items.map(|item| item.ready().is_readable());
        if worker {
            self.serve_worker()
        } else if client {
            self.serve_client()
        } else {
            Ok(())
        }
    }

    /// A worker is free again: it is new and says READY, or it returns [client, "", reply].
    fn serve_worker(&mut self) -> Result<()> {
        let message = self.backend.recv_multipart()?;
        let [worker, _, reply @ ..] = &message[..] else { return Err(Error::Protocol) };
        self.idle.push_back(worker.clone());
        if reply.len() < 3 {
            println!("{} is there", worker.to_text());
            return Ok(());
        }
        self.frontend.send_multipart(reply)?;
        self.answered += 1;
        Ok(())
    }

    /// [client, "", request] becomes [worker, "", client, "", request].
    fn serve_client(&mut self) -> Result<()> {
        let worker = self.idle.pop_front().ok_or(Error::State)?;
        let mut message = Multipart::new().part(worker).delimiter();
        message.extend(self.frontend.recv_multipart()?);
        self.backend.send_multipart(message)
    }

    fn end_worker(&mut self) -> Result<()> {
        loop {
            if let Some(worker) = self.idle.pop_front() {
                let message = Multipart::new().part(worker).delimiter().part("END");
                return self.backend.send_multipart(message);
            }
            self.serve_worker()?;
        }
    }
}
