//! The peer's end of a connection: a bare stream.

use super::bytes::{Dialect, Kind, COMMAND, LONG, MORE};
use super::LIMIT;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::time::{Duration, Instant};

trait Stream: Read + Write + Send {
    fn shutdown(&self, how: Shutdown) -> std::io::Result<()>;
    fn set_write_timeout(&self, timeout: Duration);
}

impl Stream for TcpStream {
    fn shutdown(&self, how: Shutdown) -> std::io::Result<()> {
        TcpStream::shutdown(self, how)
    }

    fn set_write_timeout(&self, timeout: Duration) {
        TcpStream::set_write_timeout(self, Some(timeout)).unwrap();
    }
}

impl Stream for UnixStream {
    fn shutdown(&self, how: Shutdown) -> std::io::Result<()> {
        UnixStream::shutdown(self, how)
    }

    fn set_write_timeout(&self, timeout: Duration) {
        UnixStream::set_write_timeout(self, Some(timeout)).unwrap();
    }
}

/// See the module. Reads that take too long panic.
pub struct Peer(Box<dyn Stream>);

impl Peer {
    /// Connects to a bound socket.
    pub fn connect(endpoint: &str) -> Self {
        if let Some(address) = endpoint.strip_prefix("tcp://") {
            return Self::tcp(TcpStream::connect(address).unwrap());
        }
        match endpoint.strip_prefix("ipc://").unwrap() {
            path if path.starts_with('@') => {
                let address = SocketAddr::from_abstract_name(&path[1..]).unwrap();
                Self::unix(UnixStream::connect_addr(&address).unwrap())
            }
            path => Self::unix(UnixStream::connect(path).unwrap()),
        }
    }

    /// Connects, and has both ends say who they are.
    pub fn greet(endpoint: &str, dialect: Dialect, kind: Kind, routing_id: &[u8]) -> Self {
        let mut peer = Self::connect(endpoint);
        peer.write(&dialect.hello(kind, routing_id));
        peer
    }

    fn tcp(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.set_write_timeout(Some(LIMIT)).unwrap();
        Self(Box::new(stream))
    }

    fn unix(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.set_write_timeout(Some(LIMIT)).unwrap();
        Self(Box::new(stream))
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// Writes to somebody who may close the connection meanwhile.
    pub fn try_write(&mut self, bytes: &[u8]) {
        match self.0.write_all(bytes) {
            Ok(()) => {}
            Err(error) => assert!(is_gone(&error), "{error}"),
        }
    }

    /// Writes as far as the other end reads: until it has taken nothing for some time. Says how
    /// much that was.
    pub fn write_until_blocked(&mut self, bytes: &[u8]) -> usize {
        self.0.set_write_timeout(Duration::from_millis(300));
        let mut written = 0;
        while written < bytes.len() {
            match self.0.write(&bytes[written..]) {
                Ok(more) => written += more,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        self.0.set_write_timeout(LIMIT);
        written
    }

    /// Writes what the other end takes at once.
    pub fn write_some(&mut self, bytes: &[u8]) -> usize {
        self.0.set_write_timeout(Duration::from_millis(1));
        let written = self.0.write(bytes).unwrap_or(0);
        self.0.set_write_timeout(LIMIT);
        written
    }

    /// Writes; false if the other end has closed the connection.
    pub fn keeps(&mut self, bytes: &[u8]) -> bool {
        match self.0.write_all(bytes) {
            Ok(()) => true,
            Err(error) if is_gone(&error) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Writes in two pieces that arrive one by one.
    pub fn write_split(&mut self, bytes: &[u8], at: usize) {
        self.write(&bytes[..at]);
        std::thread::sleep(Duration::from_micros(500));
        self.write(&bytes[at..]);
    }

    /// Writes every byte by itself.
    pub fn write_bytewise(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write(&[*byte]);
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    pub fn read(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        if let Err(error) = self.0.read_exact(&mut bytes) {
            panic!("no {len} bytes: {error}");
        }
        bytes
    }

    /// Reads what has to come, and nothing else.
    #[track_caller]
    pub fn expect(&mut self, expected: &[u8]) {
        let mut found = Vec::new();
        while found.len() < expected.len() {
            let mut buffer = vec![0; expected.len() - found.len()];
            match self.0.read(&mut buffer) {
                Ok(read) if read > 0 => found.extend(&buffer[..read]),
                end => panic!(
                    "{end:?} after \"{}\" instead of \"{}\"",
                    found.escape_ascii(),
                    expected.escape_ascii()
                ),
            }
            let so_far = &expected[..found.len()];
            assert!(
                found == so_far,
                "\"{}\" instead of \"{}\"",
                shorten(&found).escape_ascii(),
                shorten(so_far).escape_ascii()
            );
        }
    }

    /// Reads a frame of ZMTP 2 or later: its flags but for [`LONG`], and its body.
    pub fn frame(&mut self) -> (u8, Vec<u8>) {
        let flags = self.read(1)[0];
        let len = match flags & LONG {
            0 => u64::from(self.read(1)[0]),
            _ => u64::from_be_bytes(self.read(8).try_into().unwrap()),
        };
        (flags & !LONG, self.read(usize::try_from(len).unwrap()))
    }

    /// Reads a message of ZMTP 2 or later; commands before it are passed over.
    pub fn message(&mut self) -> Vec<Vec<u8>> {
        let mut parts = Vec::new();
        loop {
            let (flags, body) = self.frame();
            if flags & COMMAND != 0 {
                continue;
            }
            parts.push(body);
            if flags & MORE == 0 {
                return parts;
            }
        }
    }

    /// Waits until the other end closes the connection; returns what came before that.
    #[track_caller]
    pub fn read_to_end(&mut self) -> Vec<u8> {
        let (bytes, closed) = self.drain();
        assert!(closed, "the connection is still there, after \"{}\"", bytes.escape_ascii());
        bytes
    }

    /// Waits until the other end closes the connection; false if it does not.
    pub fn is_closed(&mut self) -> bool {
        self.drain().1
    }

    /// Says that nothing more comes.
    pub fn end(&self) {
        // The other end may have closed it already.
        let _ = self.0.shutdown(Shutdown::Write);
    }

    /// Says that nothing more comes, and waits until the other end closes the connection.
    #[track_caller]
    pub fn hang_up(mut self) {
        self.end();
        self.read_to_end();
    }

    fn drain(&mut self) -> (Vec<u8>, bool) {
        let started = Instant::now();
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
        while started.elapsed() < LIMIT {
            match self.0.read(&mut buffer) {
                Ok(0) => return (bytes, true),
                Ok(read) => bytes.extend(&buffer[..read]),
                Err(error) => return (bytes, is_gone(&error)),
            }
        }
        (bytes, false)
    }
}

fn shorten(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.len().saturating_sub(200)..]
}

fn is_gone(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

/// Where sockets connect to a [`Peer`].
pub enum Door {
    Tcp(TcpListener),
    Unix(UnixListener, String),
}

impl Door {
    pub fn tcp() -> Self {
        Door::Tcp(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// A door with an abstract name; every name is to be used once.
    pub fn ipc(name: &str) -> Self {
        let name = format!("zeroxide-{}-{name}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        Door::Unix(UnixListener::bind_addr(&address).unwrap(), format!("ipc://@{name}"))
    }

    pub fn endpoint(&self) -> String {
        match self {
            Door::Tcp(listener) => format!("tcp://{}", listener.local_addr().unwrap()),
            Door::Unix(_, endpoint) => endpoint.clone(),
        }
    }

    /// Waits for somebody to connect: forever, if nobody does.
    pub fn accept(&self) -> Peer {
        match self {
            Door::Tcp(listener) => Peer::tcp(listener.accept().unwrap().0),
            Door::Unix(listener, _) => Peer::unix(listener.accept().unwrap().0),
        }
    }
}
