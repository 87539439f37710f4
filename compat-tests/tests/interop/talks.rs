//! The conversations: what is sent, and what has to arrive.

use std::time::{Duration, Instant};

use super::api::{ids, Result, Socket};
use super::Setting;

const SIZES: [usize; 10] = [0, 1, 32, 33, 34, 254, 255, 256, 8192, 1 << 20];
/// What routers and dealers call themselves: the first and the second of a pair.
pub const ROUTING_IDS: [&[u8]; 2] = [b"first", b"second"];
const MANY: u32 = 200_000;

type Message = Vec<Vec<u8>>;

/// Every size by itself, all in one message, and many parts with nothing in some.
fn messages() -> impl Iterator<Item = Message> {
    let body = |size: usize| (0..size).map(|at| (at % 251) as u8 ^ size as u8).collect::<Vec<_>>();
    let all = SIZES.map(body).to_vec();
    let empty = vec![Vec::new(); 3];
    let hundred = (0..100).map(|size| body(size * 7 % 300)).collect();
    SIZES.into_iter().map(move |size| vec![body(size)]).chain([all, empty, hundred])
}

/// Sets what a socket of this type needs.
pub fn prepare(socket: &Socket, socket_type: i32, index: usize) -> Result<()> {
    match socket_type {
        ids::ROUTER => {
            socket.set_bytes(ids::ROUTING_ID, ROUTING_IDS[index])?;
            socket.set(ids::ROUTER_MANDATORY, 1)
        }
        ids::DEALER | ids::REQ => socket.set_bytes(ids::ROUTING_ID, ROUTING_IDS[index]),
        _ => Ok(()),
    }
}

/// Does this arrive next?
#[track_caller]
fn arrives(at: &Socket, expected: &[Vec<u8>]) -> Result<()> {
    same(&at.recv()?, expected)
}

fn same(found: &[Vec<u8>], expected: &[Vec<u8>]) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let sizes = |parts: &[Vec<u8>]| parts.iter().map(Vec::len).collect::<Vec<_>>();
    Err(format!("instead of {:?} bytes, {:?} others came", sizes(expected), sizes(found)))
}

fn behind(prefix: &[&[u8]], message: &Message) -> Message {
    prefix.iter().map(|part| part.to_vec()).chain(message.iter().cloned()).collect()
}

pub fn one_way(a: &Socket, b: &Socket) -> Result<()> {
    for message in messages() {
        a.send(&message)?;
        arrives(b, &message)?;
    }
    // And all of them without a pause between.
    for message in messages() {
        a.send(&message)?;
    }
    messages().try_for_each(|message| arrives(b, &message))
}

pub fn both_ways(a: &Socket, b: &Socket) -> Result<()> {
    one_way(a, b)?;
    one_way(b, a)
}

pub fn request(req: &Socket, rep: &Socket) -> Result<()> {
    for message in messages() {
        req.send(&message)?;
        arrives(rep, &message)?;
        rep.send(&message)?;
        arrives(req, &message)?;
    }
    Ok(())
}

pub fn request_router(req: &Socket, router: &Socket) -> Result<()> {
    for message in messages() {
        req.send(&message)?;
        let wrapped = behind(&[ROUTING_IDS[0], b""], &message);
        let parts = router.recv_parts()?;
        let from = parts.last().and_then(|part| part.from.as_deref());
        if from != Some("REQ") {
            return Err(format!("the message is said to come from {from:?}"));
        }
        same(&parts.into_iter().map(|part| part.body).collect::<Vec<_>>(), &wrapped)?;
        router.send(&wrapped)?;
        arrives(req, &message)?;
    }
    Ok(())
}

pub fn dealer_request(dealer: &Socket, rep: &Socket) -> Result<()> {
    for message in messages() {
        dealer.send(&behind(&[b""], &message))?;
        arrives(rep, &message)?;
        rep.send(&message)?;
        arrives(dealer, &behind(&[b""], &message))?;
    }
    Ok(())
}

pub fn dealer_router(dealer: &Socket, router: &Socket) -> Result<()> {
    for message in messages() {
        dealer.send(&message)?;
        let wrapped = behind(&[ROUTING_IDS[0]], &message);
        arrives(router, &wrapped)?;
        router.send(&wrapped)?;
        arrives(dealer, &message)?;
    }
    Ok(())
}

/// The connecter knows the binder's routing id; the binder learns the connecter's.
pub fn routers(connecter: &Socket, binder: &Socket) -> Result<()> {
    let mut binder_is = None;
    for id in ROUTING_IDS {
        if connecter.send(&behind(&[id], &vec![b"hello".to_vec()])).is_ok() {
            binder_is = Some(id);
        }
    }
    let binder_is = binder_is.ok_or("the connecter does not know the binder")?;
    let connecter_is = if binder_is == ROUTING_IDS[0] { ROUTING_IDS[1] } else { ROUTING_IDS[0] };
    arrives(binder, &behind(&[connecter_is], &vec![b"hello".to_vec()]))?;
    for message in messages() {
        binder.send(&behind(&[connecter_is], &message))?;
        arrives(connecter, &behind(&[binder_is], &message))?;
        connecter.send(&behind(&[binder_is], &message))?;
        arrives(binder, &behind(&[connecter_is], &message))?;
    }
    Ok(())
}

/// An XPUB sees who subscribes to what.
pub fn publish(xpub: &Socket, subscriber: &Socket) -> Result<()> {
    subscribe(subscriber, true, b"")?;
    attached(subscriber, xpub)?;
    arrives(xpub, &[b"\x01".to_vec()])?;
    one_way(xpub, subscriber)?;
    subscribe(subscriber, true, b"wanted")?;
    arrives(xpub, &[b"\x01wanted".to_vec()])?;
    subscribe(subscriber, false, b"")?;
    arrives(xpub, &[b"\0".to_vec()])?;
    let long = vec![b'l'; 300];
    subscribe(subscriber, true, &long)?;
    arrives(xpub, &[[&[1], &long[..]].concat()])?;
    for topic in [&b"unwanted"[..], b"wante", b"", b"wanted", b"wanted too", &long[1..], &long] {
        xpub.send(&[topic, b"more"])?;
    }
    for topic in [&b"wanted"[..], b"wanted too", &long] {
        arrives(subscriber, &behind(&[topic], &vec![b"more".to_vec()]))?;
    }
    Ok(())
}

/// Who bound hears of a connection, and tells the new peer of its subscriptions, within a call.
fn attached(subscriber: &Socket, xpub: &Socket) -> Result<()> {
    for _ in 0..1000 {
        subscriber.events()?;
        if xpub.events()? & ids::POLLIN != 0 {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Err("no subscription comes".into())
}

/// The reference ends a connection in several steps, some of them within calls of the application.
fn settle(socket: &Socket) -> Result<()> {
    for _ in 0..10 {
        socket.events()?;
        std::thread::sleep(Duration::from_millis(3));
    }
    Ok(())
}

/// A PUB does not tell when somebody has subscribed: it speaks until it is heard.
pub fn publish_blindly(publisher: &Socket, subscriber: &Socket) -> Result<()> {
    subscribe(subscriber, true, b"")?;
    until_heard(publisher, subscriber, |message| message[0].starts_with(b"now"))?;
    one_way(publisher, subscriber)?;
    subscribe(subscriber, true, b"now")?;
    subscribe(subscriber, false, b"")?;
    // What is not wanted any more comes no more.
    subscriber.set(ids::RCVTIMEO, 100)?;
    let started = Instant::now();
    loop {
        publisher.send(&["not now"])?;
        publisher.send(&["now"])?;
        let first = subscriber.recv()?;
        if first == [b"now"] {
            return match subscriber.recv() {
                Err(_) => Ok(()),
                Ok(message) => Err(format!("{message:?} came, which nobody wants")),
            };
        }
        arrives(subscriber, &[b"now".to_vec()])?;
        if started.elapsed() > Duration::from_secs(5) {
            return Err("the subscription does not end".into());
        }
    }
}

/// A SUB subscribes by an option, an XSUB by a message.
fn subscribe(subscriber: &Socket, subscribe: bool, topic: &[u8]) -> Result<()> {
    let option = if subscribe { ids::SUBSCRIBE } else { ids::UNSUBSCRIBE };
    match subscriber.set_bytes(option, topic) {
        Ok(()) => Ok(()),
        Err(_) => subscriber.send(&[[&[u8::from(subscribe)], topic].concat()]),
    }
}

/// Publishes numbers until one is heard, and takes all that came.
fn until_heard(
    publisher: &Socket,
    subscriber: &Socket,
    is_it: impl Fn(&Message) -> bool,
) -> Result<()> {
    subscriber.set(ids::RCVTIMEO, 20)?;
    for number in 0..500 {
        let text = format!("now {number}");
        publisher.send(&[&text])?;
        if let Ok(mut message) = subscriber.recv() {
            subscriber.set(ids::RCVTIMEO, 5000)?;
            while is_it(&message) && message != [text.as_bytes()] {
                message = subscriber.recv()?;
            }
            return Ok(());
        }
    }
    Err("nothing is heard".into())
}

/// Bare bytes: both ends are told of the connection, of what comes, and of the end.
pub fn streams(connecter: &Socket, binder: &Socket) -> Result<()> {
    let mut ids = [Vec::new(), Vec::new()];
    for (socket, id) in [connecter, binder].into_iter().zip(&mut ids) {
        let mut parts = socket.recv().map_err(|error| format!("{error} at first"))?;
        if parts.len() != 2 || !parts[1].is_empty() {
            return Err(format!("no word of the connection: {parts:?}"));
        }
        *id = parts.swap_remove(0);
    }
    let ends = [(connecter, &ids[0]), (binder, &ids[1])];
    for ((from, to), (at, id)) in [(ends[0], ends[1]), (ends[1], ends[0])] {
        for body in messages().filter(|message| message.len() == 1 && !message[0].is_empty()) {
            from.send(&[&to[..], &body[0]])?;
            let mut found = Vec::new();
            while found.len() < body[0].len() {
                let parts = at.recv()?;
                same(&parts[..1], std::slice::from_ref(id))?;
                found.extend(&parts[1]);
            }
            same(&[found], &body)?;
        }
    }
    // Nothing is the end.
    connecter.send(&[&ids[0][..], b""])?;
    settle(connecter)?;
    arrives(binder, &[ids[1].clone(), Vec::new()])
}

/// The binder goes away and comes back; the connecter finds it again, and subscribes again.
pub fn reconnect(setting: &Setting) -> Result<()> {
    let contexts = setting.contexts(0)?;
    let (xpub, sub) = (contexts[0].socket(ids::XPUB)?, contexts[1].socket(ids::SUB)?);
    let (pull, push) = (contexts[0].socket(ids::PULL)?, contexts[1].socket(ids::PUSH)?);
    sub.set_bytes(ids::SUBSCRIBE, b"topic")?;
    // Made up by the system, a name of ipc is gone for good when it is given up.
    let names = ["ipc://@zeroxide-again-1-", "ipc://@zeroxide-again-2-"].map(|name| match setting
        .address
    {
        "ipc://*" => format!("{name}{}-{}", setting.sides[0], std::process::id()),
        address => address.to_owned(),
    });
    let endpoints = [xpub.bind(&names[0])?, pull.bind(&names[1])?];
    sub.connect(&endpoints[0])?;
    push.connect(&endpoints[1])?;
    for round in 0..3u8 {
        attached(&sub, &xpub)?;
        arrives(&xpub, &[b"\x01topic".to_vec()])?;
        xpub.send(&[&[b"topic", &[round][..]].concat()])?;
        arrives(&sub, &[[b"topic", &[round][..]].concat()])?;
        push.send(&[[round]])?;
        arrives(&pull, &[vec![round]])?;
        for (socket, endpoint) in [&xpub, &pull].into_iter().zip(&endpoints) {
            socket.unbind(endpoint)?;
        }
        settle(&pull)?;
        arrives(&xpub, &[b"\0topic".to_vec()])?;
        for (socket, endpoint) in [&xpub, &pull].into_iter().zip(&endpoints) {
            bind_again(socket, endpoint)?;
        }
    }
    Ok(())
}

/// The old name may take a moment to be free.
fn bind_again(socket: &Socket, endpoint: &str) -> Result<()> {
    for _ in 0..100 {
        if socket.bind(endpoint).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    socket.bind(endpoint).map(drop)
}

/// Both sides ask for signs of life and give them, so that the connection stays as it is.
pub fn heartbeats(setting: &Setting) -> Result<()> {
    let contexts = setting.contexts(0)?;
    let (a, b) = (contexts[0].socket(ids::XPUB)?, contexts[1].socket(ids::XSUB)?);
    a.set(ids::HEARTBEAT_IVL, 30)?;
    b.set(ids::HEARTBEAT_IVL, 20)?;
    b.connect(&a.bind(setting.address)?)?;
    subscribe(&b, true, b"x")?;
    arrives(&a, &[b"\x01x".to_vec()])?;
    a.set(ids::RCVTIMEO, 300)?;
    if let Ok(message) = a.recv() {
        return Err(format!("the connection was lost: {message:?}"));
    }
    a.send(&["x"])?;
    arrives(&b, &[b"x".to_vec()])
}

/// Who closes and ends its context at once leaves nothing unsent.
pub fn nothing_lost(setting: &Setting) -> Result<()> {
    let [here, there] = setting.contexts(1)?;
    let (push, pull) = (here.socket(ids::PUSH)?, there.socket(ids::PULL)?);
    push.set(ids::LINGER, -1)?;
    push.connect(&pull.bind(setting.address)?)?;
    let sender = std::thread::spawn(move || -> Result<()> {
        for number in 0..MANY {
            push.send(&[&number.to_ne_bytes()[..], b"tail"][..1 + (number % 10 == 0) as usize])?;
        }
        drop(push);
        drop(here);
        Ok(())
    });
    for number in 0..MANY {
        let found = pull.recv().map_err(|error| format!("{error} after {number} messages"))?;
        if found[0] != number.to_ne_bytes() {
            return Err(format!("{found:?} came instead of number {number}"));
        }
        if number % 2000 == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    sender.join().map_err(|_| "the sender panicked")?
}

/// Many at one socket: every one of them gets its own answer.
pub fn crowd(setting: &Setting) -> Result<()> {
    let contexts = setting.contexts(0)?;
    let router = contexts[0].socket(ids::ROUTER)?;
    let endpoint = router.bind(setting.address)?;
    let mut dealers = Vec::new();
    for _ in 0..30 {
        let dealer = contexts[1].socket(ids::DEALER)?;
        dealer.connect(&endpoint)?;
        dealers.push(dealer);
    }
    for round in 0..10u8 {
        for (number, dealer) in dealers.iter().enumerate() {
            dealer.send(&[[round, number as u8]])?;
        }
        for _ in &dealers {
            let message = router.recv()?;
            router.send(&message)?;
        }
        for (number, dealer) in dealers.iter().enumerate() {
            arrives(dealer, &[vec![round, number as u8]])?;
        }
    }
    Ok(())
}
