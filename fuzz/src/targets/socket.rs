//! A whole socket of each type, and a peer that sends anything: nothing panics, its connection ends when it does, and
//! the socket still serves a good peer afterwards.

use crate::input::{pieces, Input};
use crate::zmq::frame::{encode_frame, COMMAND};
use crate::zmq::{metadata, Command, SocketType as WireType};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};
use zeroxide::{Context, Error, Socket, SocketType};

/// Socket types that talk to each other, with the numbers that they have on the wire. The first one is attacked.
const TYPES: [(SocketType, SocketType, i32); 12] = [
    (SocketType::Pair, SocketType::Pair, 0),
    (SocketType::Pub, SocketType::Sub, 2),
    (SocketType::Sub, SocketType::Pub, 1),
    (SocketType::Req, SocketType::Rep, 4),
    (SocketType::Rep, SocketType::Req, 3),
    (SocketType::Dealer, SocketType::Dealer, 5),
    (SocketType::Router, SocketType::Dealer, 5),
    (SocketType::Pull, SocketType::Push, 8),
    (SocketType::Push, SocketType::Pull, 7),
    (SocketType::XPub, SocketType::Sub, 2),
    (SocketType::XSub, SocketType::Pub, 1),
    (SocketType::Stream, SocketType::Stream, 11),
];
const STREAM: usize = 11;
const LONG: Duration = Duration::from_secs(20);

pub fn run(data: &[u8]) {
    static RIGS: OnceLock<Mutex<Vec<Rig>>> = OnceLock::new();
    let rigs = RIGS.get_or_init(|| {
        let context = Context::new().unwrap();
        Mutex::new((0..TYPES.len()).map(|index| Rig::new(&context, index)).collect())
    });
    let mut input = Input::new(data);
    let index = input.below(TYPES.len());
    let rig = &mut rigs.lock().unwrap()[index];
    rig.attack(&mut input);
    rig.serve();
}

struct Rig {
    index: usize,
    context: Context,
    socket: Socket,
    /// Its good peer; a PAIR has room for one peer only, and gets a new one each time.
    good: Option<Socket>,
    endpoint: String,
    count: u64,
}

impl Rig {
    fn new(context: &Context, index: usize) -> Self {
        let socket = open(context, TYPES[index].0);
        let endpoint = match index {
            STREAM => "tcp://127.0.0.1:*".to_owned(),
            _ => format!("ipc://@zeroxide-fuzz-{}-{index}", std::process::id()),
        };
        socket.bind(&endpoint).unwrap();
        let endpoint = socket.last_endpoint().unwrap();
        let mut rig =
            Rig { index, context: context.clone(), socket, good: None, endpoint, count: 0 };
        if !matches!(index, 0 | STREAM) {
            rig.good = Some(rig.connect());
        }
        rig
    }

    fn connect(&self) -> Socket {
        let good = open(&self.context, TYPES[self.index].1);
        good.connect(&self.endpoint).unwrap();
        good
    }

    /// Sends what the input says, reads what comes, and waits for the end.
    fn attack(&mut self, input: &mut Input<'_>) {
        let kind = input.byte();
        let lengths = if kind & 2 == 0 { &[] } else { input.bytes() };
        let mut bytes = if kind & 1 == 0 { Vec::new() } else { introduction(TYPES[self.index].2) };
        bytes.extend_from_slice(input.rest());
        let mut wire = Wire::connect(&self.endpoint);
        for piece in pieces(&bytes, lengths) {
            if wire.write_all(piece).is_err() {
                break;
            }
            self.work();
        }
        wire.end();
        let start = Instant::now();
        let mut buffer = [0; 16 * 1024];
        loop {
            match wire.read(&mut buffer) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.work(),
                Err(_) => return,
            }
            assert!(start.elapsed() < LONG, "the connection does not end");
        }
    }

    /// What an application does: it takes what comes, and answers where that is its turn.
    fn work(&self) {
        for _ in 0..64 {
            match self.socket.try_recv_multipart() {
                Ok(_) => {}
                Err(Error::State) => {
                    if self.socket.try_send("answer").is_err() {
                        return;
                    }
                }
                Err(_) => return,
            }
        }
    }

    /// Exchanges a message with the good peer.
    fn serve(&mut self) {
        self.count += 1;
        let text = format!("message {}", self.count);
        if self.index == STREAM {
            return self.serve_raw(&text);
        }
        let fresh = self.good.is_none().then(|| self.connect());
        let good = self.good.as_ref().or(fresh.as_ref()).unwrap();
        let (from, to) = match TYPES[self.index].0 {
            SocketType::Pub | SocketType::Push | SocketType::XPub | SocketType::Req => {
                (&self.socket, good)
            }
            _ => (good, &self.socket),
        };
        let start = Instant::now();
        loop {
            let _ = from.try_send(&*text);
            if arrives(to, &text) {
                break;
            }
            assert!(start.elapsed() < LONG, "{} is not served", TYPES[self.index].0);
            self.work();
        }
        if matches!(TYPES[self.index].0, SocketType::Req | SocketType::Rep) {
            // The answer, so that both may begin anew.
            let _ = to.try_send(&*text);
            arrives(from, &text);
        }
    }

    fn serve_raw(&mut self, text: &str) {
        let mut wire = Wire::connect(&self.endpoint);
        wire.write_all(text.as_bytes()).unwrap();
        let start = Instant::now();
        loop {
            if let Ok(parts) = self.socket.try_recv_multipart() {
                if parts.iter().any(|part| *part == *text) {
                    return;
                }
            }
            assert!(start.elapsed() < LONG, "STREAM is not served");
        }
    }
}

fn open(context: &Context, socket_type: SocketType) -> Socket {
    let socket = context.socket(socket_type).unwrap();
    socket.set_linger(Some(Duration::ZERO)).unwrap();
    if socket_type == SocketType::Req {
        socket.set_req_relaxed(true).unwrap();
        socket.set_req_correlate(true).unwrap();
    }
    if socket_type == SocketType::Sub {
        socket.subscribe("").unwrap();
    }
    if socket_type == SocketType::XSub {
        socket.send(&b"\x01"[..]).unwrap();
    }
    socket.set_recv_timeout(Some(Duration::from_millis(20))).unwrap();
    socket
}

/// Whether this message comes soon; others are taken on the way.
fn arrives(socket: &Socket, text: &str) -> bool {
    for _ in 0..10_000 {
        match socket.recv_multipart() {
            Ok(parts) if parts.iter().last().is_some_and(|part| *part == *text) => return true,
            Ok(_) => {}
            Err(Error::State) => {
                let _ = socket.try_send("answer");
            }
            Err(_) => return false,
        }
    }
    false
}

/// What a good peer with NULL says first.
fn introduction(socket_type: i32) -> Vec<u8> {
    let mut bytes = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL".to_vec();
    bytes.resize(64, 0);
    let name = WireType::from_number(socket_type).unwrap().name();
    let mut properties = Vec::new();
    metadata::put(&mut properties, metadata::SOCKET_TYPE, name.as_bytes()).unwrap();
    let mut body = Vec::new();
    Command::Ready { metadata: &properties }.encode_body(&mut body);
    encode_frame(COMMAND, &body, &mut bytes);
    bytes
}

/// A bare connection.
enum Wire {
    Local(UnixStream),
    Tcp(TcpStream),
}

impl Wire {
    fn connect(endpoint: &str) -> Self {
        let patience = Some(Duration::from_millis(5));
        if let Some(name) = endpoint.strip_prefix("ipc://@") {
            let address = SocketAddr::from_abstract_name(name).unwrap();
            let stream = UnixStream::connect_addr(&address).unwrap();
            stream.set_read_timeout(patience).unwrap();
            stream.set_write_timeout(patience).unwrap();
            return Wire::Local(stream);
        }
        let stream = TcpStream::connect(endpoint.strip_prefix("tcp://").unwrap()).unwrap();
        stream.set_read_timeout(patience).unwrap();
        Wire::Tcp(stream)
    }

    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Wire::Local(stream) => stream.write_all(bytes),
            Wire::Tcp(stream) => stream.write_all(bytes),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Wire::Local(stream) => stream.read(buffer),
            Wire::Tcp(stream) => stream.read(buffer),
        }
    }

    /// The other side may have closed it already.
    fn end(&mut self) {
        let _ = match self {
            Wire::Local(stream) => stream.shutdown(Shutdown::Write),
            Wire::Tcp(stream) => stream.shutdown(Shutdown::Write),
        };
    }
}
