//! Secured conversations: what binds is the server, and its ZAP handler knows one client.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;

use super::api::{ids, Context, Result, Socket};

/// How the two ends prove who they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    Null,
    Plain,
    Curve,
}

const NAME: &[u8] = b"alice";
const PASSWORD: &[u8] = b"secret";
const YES: [u8; 4] = 1i32.to_ne_bytes();

impl Mechanism {
    /// Has all sockets of one context be servers, and all of the other one clients.
    pub fn secure(self, server: &mut Context, client: &mut Context) -> Result<()> {
        match self {
            Mechanism::Null => Ok(()),
            Mechanism::Plain => {
                server.keep(Handler::start(server, b"PLAIN", &[NAME, PASSWORD])?);
                server.set_all(&[(ids::PLAIN_SERVER, &YES)]);
                client.set_all(&[(ids::PLAIN_USERNAME, NAME), (ids::PLAIN_PASSWORD, PASSWORD)]);
                Ok(())
            }
            Mechanism::Curve => {
                let [server_public, server_secret] = server.library().key_pair()?;
                let [public, secret] = client.library().key_pair()?;
                let mut binary = [0; 32];
                server.library().decode(&public, &mut binary)?;
                server.keep(Handler::start(server, b"CURVE", &[&binary])?);
                server
                    .set_all(&[(ids::CURVE_SERVER, &YES), (ids::CURVE_SECRETKEY, &server_secret)]);
                client.set_all(&[
                    (ids::CURVE_SERVERKEY, &server_public),
                    (ids::CURVE_PUBLICKEY, &public),
                    (ids::CURVE_SECRETKEY, &secret),
                ]);
                Ok(())
            }
        }
    }
}

/// A ZAP handler that lets in who has the right credentials.
pub struct Handler {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Handler {
    fn start(context: &Context, mechanism: &[u8], credentials: &[&[u8]]) -> Result<Self> {
        let socket = context.socket(ids::REP)?;
        socket.set(ids::RCVTIMEO, 20)?;
        socket.bind("inproc://zeromq.zap.01")?;
        let expected: Vec<_> =
            [&[mechanism], credentials].concat().iter().map(|part| part.to_vec()).collect();
        let done = Arc::new(AtomicBool::new(false));
        let told = done.clone();
        let thread = std::thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                answer(&socket, &expected);
            }
        });
        Ok(Self { done, thread: Some(thread) })
    }
}

/// Answers the next question, if there is one.
fn answer(socket: &Socket, expected: &[Vec<u8>]) {
    let Ok(request) = socket.recv() else { return };
    let [version, id, _domain, _address, _routing_id, claim @ ..] = &request[..] else { return };
    let status: &[u8] = if claim == expected { b"200" } else { b"400" };
    let reply: [&[u8]; 6] = [version, id, status, b"", NAME, b""];
    // Whoever asked may have gone.
    let _ = socket.send(&reply);
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
