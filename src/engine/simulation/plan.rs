//! What a seed decides before anything happens: who there is, and what they want.
#![forbid(unsafe_code)]

use crate::engine::reactor::Waker;
use crate::engine::session::Profile;
use crate::engine::{Owner, SessionHandle};
use crate::options::{ContextOptions, Options, SecurityMechanism, SocketType};
use crate::security::curve::Key;
use crate::transport::TransportOptions;
use crate::wire::testing::Random;
use crate::wire::Version;
use std::sync::{Arc, OnceLock};

/// What is sent, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Both send.
    Talk,
    /// Clients send.
    Push,
    /// The server sends; clients subscribe.
    Subscribe,
}

/// See the module.
pub(super) struct Plan {
    pub(super) kind: Kind,
    pub(super) clients: usize,
    pub(super) steps: usize,
    /// Connections are lost, but what was sent by clients arrives.
    pub(super) lossless: bool,
    /// Endpoints are names, which have to be looked up.
    pub(super) named: bool,
    /// Both ends of a stream may be small.
    pub(super) buffer: Option<i32>,
    /// How long parts are: see [`super::traffic`].
    pub(super) size: usize,
    /// Pieces are no longer than this.
    pub(super) piece: usize,
    /// One step in so many cuts a connection.
    pub(super) cuts: usize,
    pub(super) zap: Zap,
    /// The server is a peer from before ZMTP 3.
    pub(super) elder: Option<Version>,
    pub(super) linger: i32,
    pub(super) client: Arc<Options>,
    pub(super) server: Arc<Options>,
}

/// Whether a ZAP handler is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zap {
    Absent,
    /// It answers, sooner or later.
    Present,
}

impl Plan {
    pub(super) fn new(random: &mut Random) -> Self {
        let mechanism = match random.below(8) {
            0..5 => SecurityMechanism::Null,
            5..7 => SecurityMechanism::Plain,
            _ => SecurityMechanism::Curve,
        };
        let mut kind = [Kind::Talk, Kind::Talk, Kind::Push, Kind::Subscribe][random.below(4)];
        let lossless = random.below(3) == 0;
        let asks = mechanism == SecurityMechanism::Plain || random.below(4) == 0;
        let elder =
            [None, None, None, Some(Version::V1Unversioned), Some(Version::V2)][random.below(5)];
        let elder = elder.filter(|_| mechanism == SecurityMechanism::Null && !asks);
        if elder.is_some() {
            kind = Kind::Push;
        }
        let mut client = options(random, kind.client());
        let mut server = options(random, kind.server());
        secure(&mut client, &mut server, mechanism, asks);
        client.immediate = random.below(6) == 0;
        if lossless {
            // Nothing but the network ends a connection, and it does not lose anything.
            client.heartbeat_ttl = 0;
            (server.heartbeat_ivl, server.handshake_ivl) = (0, 0);
        }
        Self {
            kind,
            clients: [1, 1, 1, 2, 3][random.below(5)],
            steps: 20 + random.below(300),
            lossless,
            named: random.below(6) == 0,
            buffer: [None, Some(1), Some(20_000)][random.below(3)],
            size: [0, 0, 0, 4, 6, 7][random.below(6)],
            piece: [3, 20, 1500, 70_000][random.below(4)],
            cuts: [10, 30, 100, usize::MAX][random.below(4)],
            zap: if asks { Zap::Present } else { Zap::Absent },
            elder,
            linger: [-1, 0, 5, 100][random.below(4)],
            client: Arc::new(client),
            server: Arc::new(server),
        }
    }

    /// What a session is told of its socket.
    pub(super) fn profile(&self, owner: Arc<dyn Owner>, is_client: bool) -> Profile {
        let options = if is_client { &self.client } else { &self.server };
        let kind = if is_client { self.kind.client() } else { self.kind.server() };
        Profile {
            owner,
            options: options.clone(),
            transport: TransportOptions::default(),
            socket_type: kind,
            raw: None,
        }
    }

    /// What was chosen, for a failure.
    pub(super) fn describe(&self) -> String {
        let side = |options: &Options| {
            let beat = (options.heartbeat_ivl, options.heartbeat_timeout, options.heartbeat_ttl);
            let marks = (options.sndhwm, options.rcvhwm);
            let times = (options.handshake_ivl, options.reconnect_ivl, options.reconnect_ivl_max);
            format!("hwm {marks:?}, heartbeat {beat:?}, handshake and reconnect {times:?}")
        };
        let Self { kind, clients, lossless, named, zap, elder, linger, buffer, .. } = self;
        format!(
            "{kind:?}, {clients} clients, {:?}, {zap:?}, elder {elder:?}, lossless {lossless}, named {named}, linger {linger}, \
             buffer {buffer:?}\nclients: {}\nserver: {}",
            self.client.mechanism,
            side(&self.client),
            side(&self.server)
        )
    }

    /// The longest time between two attempts to connect.
    pub(super) fn longest_interval(&self) -> i32 {
        let options = &self.client;
        match options.reconnect_ivl_max {
            0 => 2 * options.reconnect_ivl,
            max => max.max(options.reconnect_ivl),
        }
    }
}

impl Kind {
    fn client(self) -> SocketType {
        match self {
            Kind::Talk => SocketType::Dealer,
            Kind::Push => SocketType::Push,
            Kind::Subscribe => SocketType::XSub,
        }
    }

    fn server(self) -> SocketType {
        match self {
            Kind::Talk => SocketType::Dealer,
            Kind::Push => SocketType::Pull,
            Kind::Subscribe => SocketType::XPub,
        }
    }
}

fn options(random: &mut Random, kind: SocketType) -> Options {
    let mut options = Options::for_socket(kind, &ContextOptions::default());
    options.sndhwm = [0, 1, 3, 20, 1000][random.below(5)];
    options.rcvhwm = [0, 1, 3, 20, 1000][random.below(5)];
    if random.below(2) == 0 {
        options.heartbeat_ivl = 1 + random.below(40) as i32;
        options.heartbeat_timeout = [-1, 0, 3, 50][random.below(4)];
        options.heartbeat_ttl = [0, 1, 3][random.below(3)];
    }
    options.handshake_ivl = [0, 5, 50, 30_000][random.below(4)];
    options.reconnect_ivl = 1 + random.below(20) as i32;
    options.reconnect_ivl_max = [0, 10, 200][random.below(3)];
    options
}

fn secure(client: &mut Options, server: &mut Options, mechanism: SecurityMechanism, asks: bool) {
    (client.mechanism, server.mechanism) = (mechanism, mechanism);
    server.as_server = mechanism != SecurityMechanism::Null;
    if asks {
        server.zap_domain = b"simulation".to_vec();
    }
    client.plain_username = b"somebody".to_vec();
    client.plain_password = b"something".to_vec();
    if mechanism == SecurityMechanism::Curve {
        let (ours, theirs) = keys();
        (client.curve_public_key, client.curve_secret_key) = *ours;
        (server.curve_public_key, server.curve_secret_key) = *theirs;
        client.curve_server_key = server.curve_public_key;
        server.curve_own_key.get_or_init(|| theirs.0);
    }
}

type KeyPair = ([u8; 32], [u8; 32]);

/// A public and a secret key for each side.
fn keys() -> &'static (KeyPair, KeyPair) {
    static KEYS: OnceLock<(KeyPair, KeyPair)> = OnceLock::new();
    let pair = |byte| (Key::new([byte; 32]).public(), [byte; 32]);
    KEYS.get_or_init(|| (pair(3), pair(5)))
}

/// The handle of a new session.
pub(super) fn handle(waker: Arc<dyn Waker>, endpoint: String) -> Arc<SessionHandle> {
    SessionHandle::new(waker, endpoint)
}
