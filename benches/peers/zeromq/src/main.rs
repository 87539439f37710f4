//! The programs of the side-by-side bench on the package `zeromq`.
#![forbid(unsafe_code)]

use std::time::Duration;

use bytes::Bytes;
use peer_common::{Head, Kind, Package, Result};
use tokio::task::coop::consume_budget;
use tokio::time::sleep;
use zeromq::prelude::*;
use zeromq::{
    DealerSocket, PubSocket, PullSocket, PushSocket, RepSocket, ReqSocket, RouterSocket, SubSocket,
    ZmqError, ZmqMessage,
};

fn main() {
    peer_common::main::<Zeromq>();
}

/// There are no contexts.
#[derive(Clone)]
struct Zeromq;

impl Package for Zeromq {
    type Socket = AnySocket;

    const TRANSPORTS: &'static [&'static str] = &["tcp", "ipc"];
    const WAITS: bool = false;

    fn new() -> Result<Zeromq> {
        Ok(Zeromq)
    }

    async fn open(&self, kind: Kind) -> Result<AnySocket> {
        Ok(match kind {
            Kind::Push => AnySocket::Push(PushSocket::new()),
            Kind::Pull => AnySocket::Pull(PullSocket::new()),
            Kind::Req => AnySocket::Req(ReqSocket::new()),
            Kind::Rep => AnySocket::Rep(RepSocket::new()),
            Kind::Dealer => AnySocket::Dealer(DealerSocket::new()),
            Kind::Router => AnySocket::Router(RouterSocket::new()),
            Kind::Pub { .. } => AnySocket::Pub(PubSocket::new()),
            Kind::Sub => {
                let mut sub = SubSocket::new();
                sub.subscribe("").await?;
                AnySocket::Sub(sub)
            }
        })
    }
}

enum AnySocket {
    Push(PushSocket),
    Pull(PullSocket),
    Req(ReqSocket),
    Rep(RepSocket),
    Dealer(DealerSocket),
    Router(RouterSocket),
    Pub(PubSocket),
    Sub(SubSocket),
}

/// Does the same with sockets of different types.
macro_rules! with {
    ($self:ident is $($kind:ident)|+, $socket:ident => $done:expr) => {
        match $self {
            $(AnySocket::$kind($socket) => $done,)+
            _ => return Err("a socket of this type is not used so".into()),
        }
    };
}

impl peer_common::Socket for AnySocket {
    async fn bind(&mut self, endpoint: &str) -> Result<String> {
        let bound = with!(self is Pull | Req | Router | Pub, socket => socket.bind(endpoint).await);
        Ok(bound?.to_string())
    }

    async fn connect(&mut self, endpoint: &str) -> Result<()> {
        with!(self is Push | Rep | Dealer | Sub, socket => Ok(socket.connect(endpoint).await?))
    }

    async fn send(&mut self, body: &[u8]) -> Result<()> {
        // There are queues of 100,000 messages, whatever is in them, and until they are full, sending never
        // waits: without this, nothing would be written before.
        consume_budget().await;
        loop {
            let message = ZmqMessage::from(Bytes::copy_from_slice(body));
            let sent =
                with!(self is Push | Req | Dealer | Pub, socket => socket.send(message).await);
            match sent {
                // Who has no peer yet is told so; elsewhere it would wait.
                Err(ZmqError::ReturnToSender { .. }) => sleep(Duration::from_millis(1)).await,
                sent => return Ok(sent?),
            }
        }
    }

    async fn receive(&mut self) -> Result<Head> {
        let message = with!(self is Pull | Req | Dealer | Sub, socket => socket.recv().await?);
        Ok(Head::of(message.get(0).map_or(&[], |body| body)))
    }

    async fn answer(&mut self) -> Result<()> {
        with!(self is Rep | Router, socket => {
            let request = socket.recv().await?;
            socket.send(request).await?;
        });
        Ok(())
    }
}
