//! The programs of the side-by-side bench on the package `rzmq`.
#![forbid(unsafe_code)]

use peer_common::{Head, Kind, Package, Result};
use rzmq::socket::{LAST_ENDPOINT, RCVHWM, SNDHWM, SUBSCRIBE, XPUB_NODROP};
use rzmq::{Context, Msg, SocketType};

fn main() {
    peer_common::main::<Rzmq>();
}

/// What it is in libzmq by default; here that is 256, with which throughput is a tenth lower.
const HIGH_WATER_MARK: i32 = 1000;

#[derive(Clone)]
struct Rzmq(Context);

impl Package for Rzmq {
    type Socket = Socket;

    const TRANSPORTS: &'static [&'static str] = &["tcp", "ipc", "inproc"];
    const WAITS: bool = true;

    fn new() -> Result<Rzmq> {
        Ok(Rzmq(Context::new()?))
    }

    async fn open(&self, kind: Kind) -> Result<Socket> {
        let socket = self.0.socket(match kind {
            Kind::Push => SocketType::Push,
            Kind::Pull => SocketType::Pull,
            Kind::Req => SocketType::Req,
            Kind::Rep => SocketType::Rep,
            Kind::Dealer => SocketType::Dealer,
            Kind::Router => SocketType::Router,
            Kind::Pub { .. } => SocketType::Pub,
            Kind::Sub => SocketType::Sub,
        })?;
        match kind {
            Kind::Pub { waits } => socket.set_option(XPUB_NODROP, waits).await?,
            Kind::Sub => socket.set_option(SUBSCRIBE, "").await?,
            _ => {}
        }
        socket.set_option(SNDHWM, HIGH_WATER_MARK).await?;
        socket.set_option(RCVHWM, HIGH_WATER_MARK).await?;
        Ok(Socket(socket))
    }
}

struct Socket(rzmq::Socket);

impl peer_common::Socket for Socket {
    async fn bind(&mut self, endpoint: &str) -> Result<String> {
        self.0.bind(endpoint).await?;
        Ok(String::from_utf8(self.0.get_option(LAST_ENDPOINT).await?)?)
    }

    async fn connect(&mut self, endpoint: &str) -> Result<()> {
        Ok(self.0.connect(endpoint).await?)
    }

    async fn send(&mut self, body: &[u8]) -> Result<()> {
        Ok(self.0.send(Msg::from_vec(body.to_vec())).await?)
    }

    async fn receive(&mut self) -> Result<Head> {
        Ok(Head::of(self.0.recv().await?.data().unwrap_or_default()))
    }

    async fn answer(&mut self) -> Result<()> {
        let request = self.0.recv_multipart().await?;
        Ok(self.0.send_multipart(request).await?)
    }
}
