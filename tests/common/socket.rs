//! Our end: a socket with short names, whose calls panic when they fail.

use std::time::{Duration, Instant};
use zeroxide::internal::error::{Error, Result};
use zeroxide::internal::link::Frame;
use zeroxide::internal::message::Message;
use zeroxide::internal::options::ids;
use zeroxide::internal::runtime::Context;
use zeroxide::internal::socket::RawSocket;

/// No wait in these tests is longer.
pub const LIMIT: Duration = Duration::from_secs(10);

/// See the module.
pub struct Socket(RawSocket);

impl Socket {
    pub fn new(context: &Context, socket_type: i32) -> Self {
        let socket = Self::try_new(context, socket_type).unwrap();
        socket.set(ids::RCVTIMEO, LIMIT.as_millis() as i32);
        socket.set(ids::SNDTIMEO, LIMIT.as_millis() as i32);
        socket.set(ids::LINGER, 0);
        socket
    }

    pub fn try_new(context: &Context, socket_type: i32) -> Result<Self> {
        let socket = RawSocket::default();
        socket.open(context, socket_type)?;
        Ok(Self(socket))
    }

    /// A socket that is bound, and where.
    pub fn bound(context: &Context, socket_type: i32, address: &str) -> (Self, String) {
        let socket = Self::new(context, socket_type);
        let endpoint = socket.bind(address);
        (socket, endpoint)
    }

    pub fn set(&self, id: i32, value: i32) {
        self.set_bytes(id, &value.to_ne_bytes());
    }

    pub fn set_bytes(&self, id: i32, value: &[u8]) {
        self.0.with(|core| core.set_option(id, value)).unwrap();
    }

    /// Binds, and says where that is.
    pub fn bind(&self, address: &str) -> String {
        self.try_bind(address).unwrap();
        let mut buffer = [0; 256];
        let len = self.0.with(|core| core.option(ids::LAST_ENDPOINT, &mut buffer)).unwrap();
        String::from_utf8(buffer[..len - 1].to_vec()).unwrap()
    }

    pub fn try_bind(&self, address: &str) -> Result<()> {
        self.0.with(|core| core.bind(address))
    }

    pub fn connect(&self, address: &str) {
        self.0.with(|core| core.connect(address)).unwrap();
    }

    pub fn disconnect(&self, address: &str) {
        self.0.with(|core| core.end_endpoint(address)).unwrap();
    }

    #[track_caller]
    pub fn send(&self, parts: &[&[u8]]) {
        for (index, part) in parts.iter().enumerate() {
            let mut frame = Frame::bytes(part, index + 1 < parts.len());
            self.0.send(&mut frame, false).unwrap();
        }
    }

    /// Sends a message of one part, if that can be done at once.
    pub fn try_send(&self, body: &[u8]) -> bool {
        match self.0.send(&mut Frame::bytes(body, false), true) {
            Ok(()) => true,
            Err(Error::Again) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Sends a part.
    pub fn send_part(&self, body: &[u8], more: bool) -> Result<()> {
        self.0.send(&mut Frame::bytes(body, more), false)
    }

    /// Sends parts of a message that is not finished.
    #[track_caller]
    pub fn begin(&self, parts: &[&[u8]]) {
        for part in parts {
            self.0.send(&mut Frame::bytes(part, true), false).unwrap();
        }
    }

    #[track_caller]
    pub fn recv(&self) -> Vec<Vec<u8>> {
        self.recv_messages().iter().map(|part| part.to_vec()).collect()
    }

    /// The parts of a message, with what is known of who sent them.
    #[track_caller]
    pub fn recv_messages(&self) -> Vec<Message> {
        let mut parts = Vec::new();
        loop {
            let part = self.0.recv_message(false).unwrap();
            let more = part.more();
            parts.push(part);
            if !more {
                return parts;
            }
        }
    }

    /// Receives what is there; `None` if nothing is.
    pub fn try_recv(&self) -> Option<Vec<Vec<u8>>> {
        match self.0.recv_message(true) {
            Err(Error::Again) => None,
            Err(error) => panic!("{error}"),
            Ok(first) => {
                let more = first.more();
                let mut parts = vec![first.to_vec()];
                if more {
                    parts.extend(self.recv());
                }
                Some(parts)
            }
        }
    }

    /// Waits for a part, for as long as `ZMQ_RCVTIMEO` says. False if none came.
    #[track_caller]
    pub fn try_wait(&self) -> bool {
        match self.0.recv_message(false) {
            Err(Error::Again) => false,
            Err(error) => panic!("{error}"),
            Ok(_) => true,
        }
    }

    /// Receives a part, if there is one and the socket's state allows it.
    pub fn try_recv_any(&self) -> Option<Message> {
        self.0.recv_message(true).ok()
    }

    /// Is there nothing to receive, for some time?
    pub fn is_silent(&self, time: Duration) -> bool {
        std::thread::sleep(time);
        self.try_recv().is_none()
    }

    /// Whether a message can be sent at once.
    pub fn can_send(&self) -> bool {
        self.0.with(|core| core.events()).unwrap() & zeroxide::internal::socket::POLLOUT != 0
    }

    /// Does `ZMQ_EVENTS` say that there is something to receive?
    pub fn is_readable(&self) -> bool {
        self.0.with(|core| core.events_by_now()).unwrap() & zeroxide::internal::socket::POLLIN != 0
    }

    /// Waits until there is something to receive: reads nothing by itself.
    #[track_caller]
    pub fn wait_until_readable(&self) {
        let end = Instant::now() + LIMIT;
        while self.0.with(|core| core.events()).unwrap() & zeroxide::internal::socket::POLLIN == 0 {
            assert!(Instant::now() < end, "nothing came");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Starts telling of its events.
    pub fn monitor(&self, context: &Context) -> Monitor {
        static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let address = format!("inproc://monitor-{number}");
        self.0.with(|core| core.monitor(Some(&address), ids::EVENT_ALL)).unwrap();
        let pair = Socket::new(context, ids::PAIR);
        pair.connect(&address);
        Monitor(pair)
    }

    /// Asks a ROUTER, and is answered.
    #[track_caller]
    pub fn ask(&self, router: &Socket) {
        self.send(&[b"question"]);
        let request = router.recv();
        assert_eq!(request[1..], [b"question"]);
        router.send(&[&request[0], b"answer"]);
        assert_eq!(self.recv(), [b"answer"]);
    }

    pub fn close(self) {
        self.0.close().unwrap();
    }
}

/// What an event has to be: its id, and its value where that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventIs(pub i32, pub Option<i32>);

/// Receives the events of a socket.
pub struct Monitor(pub Socket);

impl Monitor {
    /// The next event: id and value.
    #[track_caller]
    pub fn next(&self) -> (i32, i32) {
        let parts = self.0.recv();
        let head: &[u8; 6] = parts[0][..].try_into().unwrap();
        let [a, b, value @ ..] = *head;
        (i32::from(u16::from_ne_bytes([a, b])), i32::from_ne_bytes(value))
    }

    /// Asserts that these events come next, and no others between them.
    #[track_caller]
    pub fn expect(&self, events: &[EventIs]) {
        for EventIs(id, value) in events {
            let found = self.next();
            assert_eq!(found, (*id, value.unwrap_or(found.1)), "of {events:x?}, {found:x?} came");
        }
    }

    /// Waits for an event of this id, passing over others; its value.
    #[track_caller]
    pub fn wait_for(&self, id: i32) -> i32 {
        loop {
            let (found, value) = self.next();
            if found == id {
                return value;
            }
        }
    }
}
