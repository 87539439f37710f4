//! A ZAP handler that answers as it is told, on a thread of its own.

use super::Socket;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use zeroxide::internal::options::ids;
use zeroxide::internal::runtime::Context;

pub const ADDRESS: &str = "inproc://zeromq.zap.01";

/// The frames of a request or a reply, behind the delimiter.
pub type Frames = Vec<Vec<u8>>;

/// See the module. Ends when dropped.
pub struct Handler {
    stop: Arc<AtomicBool>,
    requests: Arc<Mutex<Vec<Frames>>>,
    thread: Option<JoinHandle<()>>,
}

impl Handler {
    /// A handler that answers at once; `None` is no answer at all.
    pub fn new(
        context: &Context,
        mut answer: impl FnMut(&[Vec<u8>]) -> Option<Frames> + Send + 'static,
    ) -> Self {
        Self::with_socket(context, ids::ROUTER, move |socket, request| {
            if let Some(reply) = answer(&request[2..]) {
                send(socket, &request[..2], reply);
            }
        })
    }

    /// A handler that is given its socket and each request with its envelope.
    pub fn with_socket(
        context: &Context,
        socket_type: i32,
        mut act: impl FnMut(&Socket, &[Vec<u8>]) + Send + 'static,
    ) -> Self {
        let (socket, _) = Socket::bound(context, socket_type, ADDRESS);
        let stop = Arc::new(AtomicBool::new(false));
        let requests: Arc<Mutex<Vec<Frames>>> = Arc::default();
        let (stopped, seen) = (stop.clone(), requests.clone());
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::SeqCst) {
                match socket.try_recv() {
                    Some(request) => {
                        let envelope = if socket_type == ids::ROUTER { 2 } else { 0 };
                        seen.lock().push(request[envelope..].to_vec());
                        act(&socket, &request);
                    }
                    None => std::thread::sleep(Duration::from_millis(1)),
                }
            }
            socket.close();
        });
        Self { stop, requests, thread: Some(thread) }
    }

    /// Lets everybody in who has this password; the user name becomes the user id.
    pub fn of_password(context: &Context, password: &'static [u8]) -> Self {
        Self::new(context, move |request| match request {
            [.., mechanism, user, given] if mechanism == b"PLAIN" && given == password => {
                Some(reply(b"200", user, b""))
            }
            _ => Some(reply(b"400", b"", b"")),
        })
    }

    /// Every handshake gets this answer.
    pub fn always(context: &Context, answer: Frames) -> Self {
        Self::new(context, move |_| Some(answer.clone()))
    }

    /// Takes requests and answers none.
    pub fn silent(context: &Context) -> Self {
        Self::new(context, |_| None)
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<Frames> {
        self.requests.lock().clone()
    }

    /// Waits for so many requests.
    pub fn wait_for(&self, count: usize) {
        let started = std::time::Instant::now();
        while self.requests.lock().len() < count {
            assert!(started.elapsed() < super::LIMIT, "nobody asks");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            assert!(thread.join().is_ok() || std::thread::panicking());
        }
    }
}

/// Sends a reply behind an envelope.
pub fn send(socket: &Socket, envelope: &[Vec<u8>], reply: Frames) {
    let frames: Vec<&[u8]> = envelope.iter().chain(&reply).map(Vec::as_slice).collect();
    socket.send(&frames);
}

/// A reply with this status code, user id and metadata.
pub fn reply(status: &[u8], user_id: &[u8], metadata: &[u8]) -> Frames {
    [&b"1.0"[..], b"1", status, b"text", user_id, metadata].map(<[u8]>::to_vec).to_vec()
}
