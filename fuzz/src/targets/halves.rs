//! A send half and a receive half, and a network that cuts what goes from the one to the other:
//! what one end writes the other reads, also over several connections one after the other.

use super::curve::securities;
use super::mechanism::locals;
use super::receive::{drain, Came, Marked, Nobody};
use crate::fuzzing::input::Input;
use crate::fuzzing::zmq::command::MAX_PING_CONTEXT;
use crate::fuzzing::zmq::{
    pair, streams, Command, Frame, Limits, LinkEnd, Mechanism, Pumped, Receiver, RecvFraming,
    RecvHalf, Seal, Sealed, SendFraming, SendHalf, Sender, Status, Stream, Traffic,
};
use std::collections::VecDeque;
use std::sync::atomic::AtomicU32;
use std::sync::Arc;

const SIZES: [usize; 8] = [0, 250, 256, 5_000, 33_000, 70_000, 140_000, 300_000];

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let kind = Kind::ALL[input.below(8)];
    let hwm = input.below(8);
    let mut pipe = Pipe::new(kind, hwm);
    for _ in 0..200 {
        if input.is_empty() {
            break;
        }
        pipe.act(&mut input);
    }
    pipe.finish();
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Direct,
    OldSubscriptions,
    V1,
    Raw,
    Marked,
    MarkedOld,
    Curve,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Direct,
        Self::Direct,
        Self::OldSubscriptions,
        Self::V1,
        Self::Raw,
        Self::Marked,
        Self::MarkedOld,
        Self::Curve,
    ];

    fn framings(self) -> (SendFraming, RecvFraming) {
        let sealed = |mechanism: Box<dyn Seal>, open, old_subscriptions| {
            let open = RecvFraming::Sealed(Box::new(Sealed::new(open)));
            (SendFraming::Sealed { mechanism, old_subscriptions }, open)
        };
        match self {
            Kind::Direct => (SendFraming::Direct, RecvFraming::Direct),
            Kind::OldSubscriptions => (SendFraming::OldSubscriptions, RecvFraming::Direct),
            Kind::V1 => (SendFraming::V1, RecvFraming::V1),
            Kind::Raw => (SendFraming::Raw, RecvFraming::Raw),
            Kind::Marked => sealed(Box::new(Marked), Box::new(Marked), false),
            Kind::MarkedOld => sealed(Box::new(Marked), Box::new(Marked), true),
            Kind::Curve => {
                let mut local = locals(&mut Input::new(&[])).into_iter();
                let ends =
                    securities().each_ref().map(|security| security.start(local.next().unwrap()));
                let [client, server] = shake(ends).map(|end| end.split().unwrap());
                let (Traffic::Sealed(seal, _), Traffic::Sealed(_, open)) = (client, server) else {
                    panic!("CURVE seals")
                };
                sealed(seal, open, false)
            }
        }
    }

    fn has_old_subscriptions(self) -> bool {
        matches!(self, Kind::OldSubscriptions | Kind::V1 | Kind::MarkedOld)
    }
}

fn shake(mut ends: [Box<dyn Mechanism>; 2]) -> [Box<dyn Mechanism>; 2] {
    while ends.iter().any(|end| end.status() != Status::Ready) {
        for from in 0..2 {
            if ends[from].take_zap_request().is_some() {
                ends[from].zap_unavailable().unwrap();
            }
            while let Some(command) = ends[from].next_command().unwrap() {
                ends[1 - from].process(&command).unwrap();
            }
        }
    }
    ends
}

struct Pipe {
    kind: Kind,
    /// The socket that sends, and the one that receives.
    tx: Sender,
    rx: Receiver,
    send: SendHalf,
    recv: RecvHalf,
    /// The halves' ends, and the network's.
    ends: [Stream; 2],
    wires: [Stream; 2],
    travelling: VecDeque<u8>,
    sent: Vec<(u8, Vec<u8>)>,
    unfinished: Vec<(u8, Vec<u8>)>,
    came: Came,
    /// A connection was lost, and perhaps messages with it.
    cut: bool,
}

impl Pipe {
    fn new(kind: Kind, hwm: usize) -> Self {
        let (out, inbound) = (link(0), link(hwm));
        let (framing, other) = kind.framings();
        let (send, wire_in) = streams().unwrap();
        let (recv, wire_out) = streams().unwrap();
        Pipe {
            kind,
            tx: out.0,
            rx: inbound.1,
            send: SendHalf::new(out.1, Arc::new(Nobody), framing, Vec::new()),
            recv: RecvHalf::new(inbound.0, Arc::new(Nobody), other, None, true),
            ends: [send, recv],
            wires: [wire_in, wire_out],
            travelling: VecDeque::new(),
            sent: Vec::new(),
            unfinished: Vec::new(),
            came: Came::with_room(0),
            cut: false,
        }
    }

    fn act(&mut self, input: &mut Input<'_>) {
        match input.below(16) {
            0..=3 => self.write(input),
            4 => self.subscribe(input),
            5 | 6 => self.flush(),
            7 => self.write_through(input),
            8 | 9 => drop(self.travel(usize::from(input.byte()))),
            10 => drop(self.travel(usize::from(input.u16()))),
            11 | 12 => drop(self.pump()),
            13 => drain(&mut self.rx, &mut self.came),
            14 if input.flag() => self.ping(input),
            14 => drop(self.send.is_done()),
            _ => self.reconnect(),
        }
    }

    fn body(input: &mut Input<'_>) -> Vec<u8> {
        let kind = input.byte();
        let seed = kind >> 3;
        let len = SIZES[usize::from(kind & 7)];
        let mut body: Vec<u8> = (0..len).map(|at| (at as u8).wrapping_mul(seed)).collect();
        body.extend_from_slice(input.bytes());
        body
    }

    fn write(&mut self, input: &mut Input<'_>) {
        let more = input.flag() && self.kind != Kind::Raw;
        let body = Self::body(input);
        self.tx.write(&mut Frame::bytes(&body, more), false, &Nobody).unwrap();
        self.note(u8::from(more), body);
    }

    fn note(&mut self, flags: u8, body: Vec<u8>) {
        self.unfinished.push((flags, body));
        if flags == 0 {
            self.sent.append(&mut self.unfinished);
        }
    }

    fn subscribe(&mut self, input: &mut Input<'_>) {
        if !self.unfinished.is_empty() || self.kind == Kind::Raw {
            return;
        }
        let (subscribes, topic) = (input.flag(), Self::body(input));
        let topic = &topic[..];
        let command = match subscribes {
            true => Command::Subscribe { topic },
            false => Command::Cancel { topic },
        };
        let mut body = Vec::new();
        command.encode_body(&mut body);
        self.tx.write_command(&body, &Nobody).unwrap();
        match self.kind.has_old_subscriptions() {
            true => self.sent.push((0, [&[u8::from(subscribes)], topic].concat())),
            false => self.sent.push((crate::fuzzing::zmq::frame::COMMAND, body)),
        }
    }

    /// The other end answers, and lets nobody see it.
    fn ping(&mut self, input: &mut Input<'_>) {
        let context = input.bytes();
        let context = &context[..context.len().min(MAX_PING_CONTEXT)];
        if !matches!(self.kind, Kind::OldSubscriptions | Kind::V1 | Kind::Raw) {
            self.send.queue_command(&Command::Ping { ttl: 10, context });
        }
    }

    fn flush(&mut self) {
        self.send.flush(&self.ends[0]).unwrap();
    }

    fn write_through(&mut self, input: &mut Input<'_>) {
        if !self.unfinished.is_empty() {
            return;
        }
        let body = Self::body(input);
        let tx = &mut self.tx;
        let mut queue = || {
            tx.producer().push(0, &body)?;
            tx.commit(&Nobody);
            Ok(())
        };
        if let Some(sent) = self.send.send_through(&self.ends[0], &body, &mut queue) {
            sent.unwrap();
            self.note(0, body);
        }
    }

    /// Carries up to so many bytes over the network, and says how many.
    fn travel(&mut self, most: usize) -> usize {
        let mut buffer = vec![0; 64 * 1024];
        while self.travelling.len() < most {
            match self.wires[0].recv(&mut buffer) {
                Ok(read) if read > 0 => self.travelling.extend(&buffer[..read]),
                _ => break,
            }
        }
        let most = most.min(self.travelling.len());
        let (front, _) = self.travelling.as_slices();
        let front = &front[..most.min(front.len())];
        if front.is_empty() {
            return 0;
        }
        let carried = self.wires[1].send(front).unwrap_or(0);
        self.travelling.drain(..carried);
        carried
    }

    fn pump(&mut self) -> Pumped {
        let pumped = self.recv.pump(&self.ends[1], &AtomicU32::new(0), false);
        assert!(matches!(pumped, Pumped::Idle | Pumped::More | Pumped::Full), "{pumped:?}");
        pumped
    }

    /// The connection is lost, with all that is on its way, and another one made.
    fn reconnect(&mut self) {
        self.cut = true;
        let (framing, other) = self.kind.framings();
        let (rx, tx) = (self.send.take_link().unwrap(), self.recv.take_link().unwrap());
        let ((send, wire_in), (recv, wire_out)) = (streams().unwrap(), streams().unwrap());
        self.send = SendHalf::new(rx, Arc::new(Nobody), framing, Vec::new());
        self.recv = RecvHalf::new(tx, Arc::new(Nobody), other, None, true);
        (self.ends, self.wires) = ([send, recv], [wire_in, wire_out]);
        self.travelling.clear();
    }

    /// Lets everything arrive, and compares.
    fn finish(mut self) {
        let mut under_way = true;
        while under_way {
            let came = self.came.len();
            self.flush();
            let carried = self.travel(64 * 1024);
            let pumped = self.pump();
            drain(&mut self.rx, &mut self.came);
            under_way = carried > 0
                || pumped != Pumped::Idle
                || self.came.len() > came
                || !self.send.is_idle()
                || !self.travelling.is_empty();
        }
        if self.kind == Kind::Raw {
            let sent = self.sent.iter().flat_map(|(_, body)| body);
            assert!(self.cut || sent.eq(self.came.bodies()));
            return;
        }
        let mut sent = self.sent.iter();
        for (flags, body) in self.came.iter() {
            let is_this = |other: &(u8, Vec<u8>)| (other.0, &other.1[..]) == (flags, body);
            let found = match self.cut {
                true => sent.any(is_this),
                false => sent.next().is_some_and(is_this),
            };
            assert!(found, "{} bytes with flags {flags} came: {:?}", body.len(), start(body));
        }
        assert!(self.cut || sent.next().is_none(), "not all that was sent came");
    }
}

fn start(body: &[u8]) -> &[u8] {
    &body[..body.len().min(16)]
}

/// One direction of a link.
fn link(hwm: usize) -> (Sender, Receiver) {
    let (LinkEnd { tx, .. }, LinkEnd { rx, .. }) =
        pair(Limits::Messages(hwm), Limits::Messages(hwm)).unwrap();
    (tx, rx)
}
