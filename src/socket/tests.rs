use super::*;
use crate::engine::switches::{Use, INLINE_SEND};
use crate::options::ids;
use std::time::Duration;

fn socket(context: &Context, socket_type: i32) -> RawSocket {
    let socket = RawSocket::default();
    socket.open(context, socket_type).unwrap();
    let millis = 5000i32.to_ne_bytes();
    set(&socket, ids::RCVTIMEO, &millis);
    set(&socket, ids::SNDTIMEO, &millis);
    socket
}

fn set(socket: &RawSocket, id: i32, value: &[u8]) {
    socket.with(|core| core.set_option(id, value)).unwrap();
}

fn last_endpoint(socket: &RawSocket) -> String {
    let mut buffer = [0; 256];
    let len = socket.with(|core| core.option(ids::LAST_ENDPOINT, &mut buffer)).unwrap();
    String::from_utf8(buffer[..len - 1].to_vec()).unwrap()
}

fn send(socket: &RawSocket, parts: &[&[u8]]) {
    for (index, part) in parts.iter().enumerate() {
        let mut frame = Frame::bytes(part, index + 1 < parts.len());
        socket.send(&mut frame, false).unwrap();
    }
}

fn recv(socket: &RawSocket) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    loop {
        let part = socket
            .recv_message(false)
            .unwrap_or_else(|e| panic!("{e:?} on {}", last_endpoint(socket)));
        parts.push(part.to_vec());
        if !part.more() {
            return parts;
        }
    }
}

fn addresses() -> [String; 3] {
    ["inproc://a".into(), "tcp://127.0.0.1:*".into(), "ipc://*".into()]
}

#[test]
fn a_request_gets_its_reply_over_every_transport() {
    for address in addresses() {
        let context = Context::new().unwrap();
        let (rep, req) = (socket(&context, ids::REP), socket(&context, ids::REQ));
        rep.with(|core| core.bind(&address)).unwrap();
        req.with(|core| core.connect(&last_endpoint(&rep))).unwrap();
        for size in [0, 1, 33, 255, 256, 8192, 1 << 20] {
            let body = vec![size as u8; size];
            send(&req, &[&body, b"second"]);
            assert_eq!(recv(&rep), [&body[..], b"second"], "{address} {size}");
            send(&rep, &[&body]);
            assert_eq!(recv(&req), [body]);
        }
        req.close().unwrap();
        rep.close().unwrap();
        context.terminate().unwrap();
    }
}

#[test]
fn many_messages_arrive_in_order_and_none_is_lost_at_the_end() {
    for address in addresses() {
        let context = Context::new().unwrap();
        let (push, pull) = (socket(&context, ids::PUSH), socket(&context, ids::PULL));
        pull.with(|core| core.bind(&address)).unwrap();
        push.with(|core| core.connect(&last_endpoint(&pull))).unwrap();
        let sender = std::thread::spawn(move || {
            for i in 0..100_000u32 {
                let body = vec![i as u8; (i % 300) as usize];
                send(&push, &[&i.to_ne_bytes(), &body]);
            }
            push.close().unwrap();
        });
        for i in 0..100_000u32 {
            let parts = recv(&pull);
            assert_eq!(
                parts,
                [&i.to_ne_bytes()[..], &vec![i as u8; (i % 300) as usize]],
                "{address}"
            );
        }
        sender.join().unwrap();
        pull.close().unwrap();
        context.terminate().unwrap();
    }
}

#[test]
fn a_connection_made_before_the_bind_works() {
    for address in ["inproc://late", "ipc://@zeroxide-late-bind"] {
        let context = Context::new().unwrap();
        let (push, pull) = (socket(&context, ids::PUSH), socket(&context, ids::PULL));
        push.with(|core| core.connect(address)).unwrap();
        send(&push, &[b"early"]);
        std::thread::sleep(Duration::from_millis(20));
        pull.with(|core| core.bind(address)).unwrap();
        assert_eq!(recv(&pull), [b"early"]);
        drop((push, pull));
        context.terminate().unwrap();
    }
}

#[test]
fn subscribers_get_what_they_asked_for() {
    for address in addresses() {
        let context = Context::new().unwrap();
        let (publisher, subscriber) = (socket(&context, ids::XPUB), socket(&context, ids::SUB));
        publisher.with(|core| core.bind(&address)).unwrap();
        subscriber.with(|core| core.connect(&last_endpoint(&publisher))).unwrap();
        set(&subscriber, ids::SUBSCRIBE, b"a");
        assert_eq!(recv(&publisher), [b"\x01a"]);
        for text in ["b1", "a1", "c1", "a2"] {
            send(&publisher, &[text.as_bytes()]);
        }
        assert_eq!([recv(&subscriber), recv(&subscriber)], [[b"a1"], [b"a2"]]);
        drop((publisher, subscriber));
        context.terminate().unwrap();
    }
}

#[test]
fn polling_waits_for_several_sockets() {
    let context = Context::new().unwrap();
    let (push, pull) = (socket(&context, ids::PUSH), socket(&context, ids::PULL));
    pull.with(|core| core.bind("tcp://127.0.0.1:*")).unwrap();
    push.with(|core| core.connect(&last_endpoint(&pull))).unwrap();
    let mut items = [PollItem::socket(&pull, POLLIN)];
    assert_eq!(poll(&mut items, Some(Duration::from_millis(20))), Ok(0));
    send(&push, &[b"x"]);
    let mut items = [PollItem::socket(&pull, POLLIN), PollItem::socket(&push, POLLOUT)];
    // The message may have arrived already, or not.
    assert!(poll(&mut items, Some(Duration::from_secs(5))).unwrap() >= 1);
    assert_eq!(items[1].revents, POLLOUT);
    let mut items = [PollItem::socket(&pull, POLLIN)];
    assert_eq!(poll(&mut items, Some(Duration::from_secs(5))), Ok(1));
    drop((push, pull));
    context.terminate().unwrap();
}

#[test]
fn a_panic_puts_a_socket_out_of_service() {
    let context = Context::new().unwrap();
    let pair = socket(&context, ids::PAIR);
    let act = || pair.with(|_| -> Result<()> { panic!("a bug, for the sake of the test") });
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(act)).is_err());
    assert_eq!(pair.with(|core| core.events()), Err(Error::Protocol));
    assert_eq!(pair.close(), Ok(()));
    assert_eq!(pair.with(|core| core.events()), Err(Error::NotSocket));
    assert_eq!(context.terminate(), Ok(()));
}

/// A message that comes between the looks at two items of one socket must not be slept through.
#[test]
fn a_socket_may_be_polled_for_many_times() {
    let context = Context::new().unwrap();
    let (push, pull) = (socket(&context, ids::PUSH), socket(&context, ids::PULL));
    pull.with(|core| core.bind("inproc://many")).unwrap();
    push.with(|core| core.connect("inproc://many")).unwrap();
    let (rounds, received) = (3_000, std::sync::atomic::AtomicU32::new(0));
    std::thread::scope(|scope| {
        let received = &received;
        scope.spawn(move || {
            for round in 0..rounds {
                while received.load(std::sync::atomic::Ordering::Relaxed) < round {
                    std::hint::spin_loop();
                }
                if received.load(std::sync::atomic::Ordering::Relaxed) == u32::MAX {
                    return;
                }
                // Somewhere into the other's looking.
                (0..round % 600).for_each(|_| std::hint::spin_loop());
                send(&push, &[b"x"]);
            }
        });
        for round in 0..rounds {
            let interested = |index| if index == 0 { POLLIN } else { 0 };
            let mut items: Vec<_> =
                (0..200).map(|index| PollItem::socket(&pull, interested(index))).collect();
            let found = poll(&mut items, Some(Duration::from_secs(5)));
            let next = if found == Ok(1) { round + 1 } else { u32::MAX };
            received.store(next, std::sync::atomic::Ordering::Relaxed);
            if next == u32::MAX {
                return;
            }
            recv(&pull);
        }
    });
    assert_eq!(received.into_inner(), rounds, "a message was slept through");
    drop(pull);
    context.terminate().unwrap();
}

/// Has `publish` called until the subscriber hears that it is ready.
fn await_subscriber(subscriber: &RawSocket, publish: impl Fn()) {
    set(subscriber, ids::SUBSCRIBE, b"ready");
    set(subscriber, ids::RCVTIMEO, &10i32.to_ne_bytes());
    while subscriber.recv_message(false).is_err() {
        publish();
    }
    set(subscriber, ids::RCVTIMEO, &2000i32.to_ne_bytes());
}

/// A subscriber subscribes, and then has the publisher told by other sockets to publish: the publisher
/// must know of the subscription by then, however short the other way is.
#[test]
fn a_publisher_that_is_told_to_publish_has_heard_the_subscription_before() {
    let (near, far) = (Context::new().unwrap(), Context::new().unwrap());
    let (order, subscriber) = (socket(&near, ids::PAIR), socket(&near, ids::SUB));
    let (ordered, publisher) = (socket(&far, ids::PAIR), socket(&far, ids::PUB));
    for (here, there) in [(&order, &ordered), (&subscriber, &publisher)] {
        here.with(|core| core.bind("tcp://127.0.0.1:*")).unwrap();
        there.with(|core| core.connect(&last_endpoint(here))).unwrap();
    }
    let work = std::thread::spawn(move || loop {
        let topic = recv(&ordered);
        if topic[0].is_empty() {
            return (ordered, publisher);
        }
        send(&publisher, &[&topic[0]]);
    });
    await_subscriber(&subscriber, || send(&order, &[b"ready"]));
    for number in 0..300 {
        let topic = format!("topic {number:03}").into_bytes();
        set(&subscriber, ids::SUBSCRIBE, &topic);
        send(&order, &[&topic]);
        let heard = || {
            let message = subscriber.recv_message(false);
            message.unwrap_or_else(|error| panic!("{error:?} instead of {number}")).to_vec()
        };
        // Some of the first may still come.
        while heard() != topic {}
    }
    send(&order, &[b""]);
    drop((work.join().unwrap(), order, subscriber));
    near.terminate().unwrap();
    far.terminate().unwrap();
}

/// A subscriber subscribes, and the publisher publishes at once, on the same thread: what has reached the
/// publisher's connection is heard, whether an I/O thread has had the time to read it or not.
#[test]
fn a_publisher_hears_what_has_arrived_before_it_publishes_after_a_pause() {
    if INLINE_SEND.get() == Use::Off {
        // Then a subscription does not arrive before the I/O thread has sent it.
        return;
    }
    let context = Context::new().unwrap();
    let (publisher, subscriber) = (socket(&context, ids::PUB), socket(&context, ids::SUB));
    publisher.with(|core| core.bind("tcp://127.0.0.1:*")).unwrap();
    subscriber.with(|core| core.connect(&last_endpoint(&publisher))).unwrap();
    await_subscriber(&subscriber, || send(&publisher, &[b"ready"]));
    for number in 0..40 {
        std::thread::sleep(std::time::Duration::from_millis(10));
        let topic = format!("topic {number:03}").into_bytes();
        set(&subscriber, ids::SUBSCRIBE, &topic);
        send(&publisher, &[&topic]);
        while recv(&subscriber)[0] != topic {}
    }
    drop((publisher, subscriber));
    context.terminate().unwrap();
}

/// Long bodies leave from the caller's memory as far as the kernel takes them, and from the queue after that.
#[test]
fn long_messages_arrive_whole_however_much_of_them_goes_at_once() {
    let body = |number: usize| {
        let len = [30_000, 7, 150_000, 24_577, 400_000, 65_536][number % 6];
        let mut bytes = vec![number as u8; len];
        bytes.chunks_mut(1000).enumerate().for_each(|(i, chunk)| chunk[0] = i as u8);
        bytes
    };
    for address in addresses() {
        let context = Context::new().unwrap();
        let (push, pull) = (socket(&context, ids::PUSH), socket(&context, ids::PULL));
        set(&push, ids::SNDBUF, &60_000i32.to_ne_bytes());
        pull.with(|core| core.bind(&address)).unwrap();
        push.with(|core| core.connect(&last_endpoint(&pull))).unwrap();
        let sender = std::thread::spawn(move || {
            for number in 0..120 {
                if number % 10 == 9 {
                    send(&push, &[&body(number), &body(number + 1), b"end"]);
                } else {
                    send(&push, &[&body(number)]);
                }
                if number % 20 == 0 {
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
            push.close().unwrap();
        });
        for number in 0..120 {
            if number % 30 == 0 {
                std::thread::sleep(Duration::from_millis(20));
            }
            let parts = recv(&pull);
            let wanted = match number % 10 {
                9 => vec![body(number), body(number + 1), b"end".to_vec()],
                _ => vec![body(number)],
            };
            assert!(parts == wanted, "message {number} over {address}");
        }
        sender.join().unwrap();
        pull.close().unwrap();
        context.terminate().unwrap();
    }
}
