//! A whole socket of each type, and a peer that sends anything: nothing panics, its connection ends
//! when it does, and the socket still serves a good peer afterwards, and closes.

use crate::fuzzing::input::{pieces, Input};
use crate::fuzzing::zmq::frame::{encode_frame, COMMAND};
use crate::fuzzing::zmq::{metadata, Command, SocketType as WireType};
use crate::{Context, CurveKeyPair, Error, Socket, SocketType};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// What a peer has to prove.
#[derive(Clone, Copy, PartialEq)]
enum Guard {
    Nothing,
    Plain,
    Curve,
}

use Guard::{Curve, Nothing, Plain};

/// Socket types that talk to each other, with the number that the second one has on the wire. The
/// first one is attacked.
const TYPES: [(SocketType, SocketType, i32, Guard); 15] = [
    (SocketType::Pair, SocketType::Pair, 0, Nothing),
    (SocketType::Pub, SocketType::Sub, 2, Nothing),
    (SocketType::Sub, SocketType::Pub, 1, Nothing),
    (SocketType::Req, SocketType::Rep, 4, Nothing),
    (SocketType::Rep, SocketType::Req, 3, Nothing),
    (SocketType::Dealer, SocketType::Dealer, 5, Nothing),
    (SocketType::Router, SocketType::Dealer, 5, Nothing),
    (SocketType::Pull, SocketType::Push, 8, Nothing),
    (SocketType::Push, SocketType::Pull, 7, Nothing),
    (SocketType::XPub, SocketType::Sub, 2, Nothing),
    (SocketType::XSub, SocketType::Pub, 1, Nothing),
    (SocketType::Stream, SocketType::Stream, 11, Nothing),
    (SocketType::Router, SocketType::Dealer, 5, Plain),
    (SocketType::Pull, SocketType::Push, 8, Curve),
    (SocketType::XPub, SocketType::Sub, 2, Curve),
];
const STREAM: usize = 11;
const LONG: Duration = Duration::from_secs(8);

/// The bits of an input's second byte.
const INTRODUCED: u8 = 1;
const IN_PIECES: u8 = 2;
const CLOSES: u8 = 4;
const CONNECTS: u8 = 8;

pub fn run(data: &[u8]) {
    static RIGS: OnceLock<Mutex<Vec<Rig>>> = OnceLock::new();
    let rigs = RIGS.get_or_init(|| Mutex::new((0..TYPES.len()).map(Rig::new).collect()));
    let mut input = Input::new(data);
    let index = input.below(TYPES.len());
    let kind = input.byte();
    let mut rigs = rigs.lock().unwrap();
    rigs[index].attack(kind, &mut input);
    rigs[index].serve();
    if kind & CLOSES != 0 {
        let old = std::mem::replace(&mut rigs[index], Rig::new(index));
        old.close();
    }
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

/// A number that no other call has got.
fn number() -> u64 {
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// An address that nobody has used.
fn address() -> String {
    format!("ipc://@zeroxide-fuzz-{}-{}", std::process::id(), number())
}

impl Rig {
    fn new(index: usize) -> Self {
        let context = Context::new().unwrap();
        let (own, _, _, guard) = TYPES[index];
        if guard == Plain {
            let door = context.socket(SocketType::Rep).unwrap();
            door.bind("inproc://zeromq.zap.01").unwrap();
            std::thread::spawn(move || let_everybody_in(&door));
        }
        let socket = open(&context, own);
        protect(&socket, guard);
        socket
            .bind(&if index == STREAM { "tcp://127.0.0.1:*".to_owned() } else { address() })
            .unwrap();
        let endpoint = socket.last_endpoint().unwrap();
        let mut rig = Rig { index, context, socket, good: None, endpoint, count: 0 };
        if !matches!(index, 0 | STREAM) {
            rig.good = Some(rig.connect());
        }
        rig
    }

    fn connect(&self) -> Socket {
        let (_, other, _, guard) = TYPES[self.index];
        let good = open(&self.context, other);
        identify(&good, guard);
        good.connect(&self.endpoint).unwrap();
        good
    }

    fn close(self) {
        drop((self.socket, self.good));
        self.context.terminate().unwrap();
    }

    fn attack(&mut self, kind: u8, input: &mut Input<'_>) {
        let lengths = if kind & IN_PIECES == 0 { &[] } else { input.bytes() };
        let mut bytes = match kind & INTRODUCED {
            0 => Vec::new(),
            _ => introduction(TYPES[self.index].2),
        };
        bytes.extend_from_slice(input.rest());
        if kind & CONNECTS == 0 || self.index == STREAM {
            return self.talk(Wire::connect(&self.endpoint), &bytes, lengths);
        }
        let endpoint = address();
        let listener = UnixListener::bind_addr(&abstract_address(&endpoint)).unwrap();
        self.socket.connect(&endpoint).unwrap();
        let (stream, _) = listener.accept().unwrap();
        self.talk(Wire::local(stream), &bytes, lengths);
        // A peer that breaks the protocol is not tried again.
        let _ = self.socket.disconnect(&endpoint);
    }

    /// Sends the bytes, reads what comes, and waits for the end.
    fn talk(&mut self, mut wire: Wire, bytes: &[u8], lengths: &[u8]) {
        for piece in pieces(bytes, lengths) {
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

/// The ZAP handler, until its context ends.
fn let_everybody_in(door: &Socket) {
    loop {
        match door.recv_multipart() {
            Ok(request) => {
                let id = request.get(1).map(|id| id.to_vec()).unwrap_or_default();
                let rest: [&[u8]; 4] = [b"200", b"", b"somebody", b""];
                let reply = [b"1.0".to_vec(), id].into_iter().chain(rest.map(<[u8]>::to_vec));
                let _ = door.send_multipart(reply.collect::<Vec<_>>());
            }
            Err(Error::Terminated) => return,
            Err(_) => {}
        }
    }
}

fn server_keys() -> &'static CurveKeyPair {
    static KEYS: OnceLock<CurveKeyPair> = OnceLock::new();
    KEYS.get_or_init(|| CurveKeyPair::new().unwrap())
}

/// The server's side of a guard.
fn protect(socket: &Socket, guard: Guard) {
    match guard {
        Nothing => {}
        Plain => socket.set_plain_server(true).unwrap(),
        Curve => {
            socket.set_curve_server(true).unwrap();
            socket.set_curve_secret_key(server_keys().secret()).unwrap();
        }
    }
}

/// The client's side of a guard.
fn identify(socket: &Socket, guard: Guard) {
    match guard {
        Nothing => {}
        Plain => {
            socket.set_plain_username("somebody").unwrap();
            socket.set_plain_password("secret").unwrap();
        }
        Curve => {
            let own = CurveKeyPair::new().unwrap();
            socket.set_curve_server_key(&server_keys().public()).unwrap();
            socket.set_curve_public_key(&own.public()).unwrap();
            socket.set_curve_secret_key(own.secret()).unwrap();
        }
    }
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
    let name = WireType::try_from(socket_type).unwrap().name();
    let mut properties = Vec::new();
    metadata::put(&mut properties, metadata::SOCKET_TYPE, name.as_bytes()).unwrap();
    let mut body = Vec::new();
    Command::Ready { metadata: &properties }.encode_body(&mut body);
    encode_frame(COMMAND, &body, &mut bytes);
    bytes
}

const PATIENCE: Option<Duration> = Some(Duration::from_millis(5));

fn abstract_address(endpoint: &str) -> SocketAddr {
    SocketAddr::from_abstract_name(endpoint.strip_prefix("ipc://@").unwrap()).unwrap()
}

/// A bare connection.
enum Wire {
    Local(UnixStream),
    Tcp(TcpStream),
}

impl Wire {
    fn connect(endpoint: &str) -> Self {
        let Some(address) = endpoint.strip_prefix("tcp://") else {
            return Self::local(UnixStream::connect_addr(&abstract_address(endpoint)).unwrap());
        };
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(PATIENCE).unwrap();
        stream.set_write_timeout(PATIENCE).unwrap();
        Wire::Tcp(stream)
    }

    fn local(stream: UnixStream) -> Self {
        stream.set_read_timeout(PATIENCE).unwrap();
        stream.set_write_timeout(PATIENCE).unwrap();
        Wire::Local(stream)
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
