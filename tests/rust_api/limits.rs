//! High-water marks, timeouts, polling, and other limits.

use crate::{bound, connected, context, couple, socket, LONG, SHORT};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use zeroxide::{poll, Error, Events, Flags, Message, PollItem, SocketType::*};

#[test]
fn a_queue_holds_what_both_sides_allow() {
    let context = context();
    let (pull, push) = (socket(&context, Pull), socket(&context, Push));
    pull.set_recv_hwm(3).unwrap();
    push.set_send_hwm(4).unwrap();
    pull.bind("inproc://endpoint").unwrap();
    push.connect("inproc://endpoint").unwrap();
    for number in 0..7u8 {
        push.try_send_multipart([&[number][..], b"second part"]).unwrap();
    }
    assert!(!push.events().unwrap().is_writable());
    assert_eq!(push.try_send("one too many"), Err(Error::Again));
    for number in 0..7u8 {
        assert_eq!(pull.recv_multipart().unwrap(), [&[number][..], b"second part"]);
    }
    assert_eq!(pull.try_recv(), Err(Error::Again));
    assert!(push.events().unwrap().is_writable());
    push.try_send("room again").unwrap();
    assert_eq!(pull.recv().unwrap(), "room again");
}

#[test]
fn what_cannot_be_sent_stays_with_the_caller() {
    let context = context();
    let push = socket(&context, Push);
    for body in [&b"small"[..], &[7; 100_000]] {
        let mut message = Message::from(body);
        assert_eq!(push.send_message(&mut message, Flags::DONT_WAIT), Err(Error::Again));
        assert_eq!(message, body);
    }
    let (_pull, push) = couple(&context, Pull, Push, "inproc://endpoint");
    let mut message = Message::from("sent");
    push.send_message(&mut message, Flags::NONE).unwrap();
    assert!(message.is_empty());
}

#[test]
fn a_message_of_many_parts_is_sent_whole_or_not_at_all() {
    let context = context();
    let (pull, push) = couple(&context, Pull, Push, "inproc://endpoint");
    assert_eq!(push.send_multipart::<[&str; 0]>([]), Err(Error::Invalid));
    push.send_more("first").unwrap();
    assert_eq!(pull.try_recv(), Err(Error::Again));
    push.send("second").unwrap();
    let first = pull.recv().unwrap();
    assert!(first == "first" && first.more() && pull.more().unwrap());
    let second = pull.recv().unwrap();
    assert!(second == "second" && !second.more() && !pull.more().unwrap());

    let nobody = socket(&context, Push);
    assert_eq!(nobody.try_send_multipart(["a", "b"]), Err(Error::Again));
    nobody.bind("inproc://nobody").unwrap();
    let pull = connected(&context, Pull, "inproc://nobody");
    nobody.send("c").unwrap();
    assert_eq!(pull.recv().unwrap(), "c");
}

#[test]
fn calls_give_up_when_told_to() {
    let context = context();
    let (pull, push) = (context.socket(Pull).unwrap(), context.socket(Push).unwrap());
    pull.set_recv_timeout(Some(SHORT)).unwrap();
    push.set_send_timeout(Some(SHORT)).unwrap();
    for call in [&|| pull.recv().map(drop), &|| push.send("x")] as [&dyn Fn() -> _; 2] {
        let start = Instant::now();
        assert_eq!(call(), Err(Error::Again));
        assert!(start.elapsed() >= SHORT && start.elapsed() < LONG);
    }
    pull.set_recv_timeout(Some(Duration::ZERO)).unwrap();
    assert_eq!(pull.recv(), Err(Error::Again));
}

#[test]
fn a_buffer_takes_what_it_can() {
    let context = context();
    let (pull, push) = couple(&context, Pull, Push, "tcp://127.0.0.1:*");
    push.send_bytes(b"0123456789", Flags::SEND_MORE).unwrap();
    push.send_bytes(b"", Flags::NONE).unwrap();
    let mut buffer = [0; 4];
    let received = pull.recv_into(&mut buffer).unwrap();
    assert_eq!((received.len, received.more, &buffer), (10, true, b"0123"));
    let received = pull.recv_into(&mut buffer).unwrap();
    assert_eq!((received.len, received.more), (0, false));
    assert_eq!(pull.try_recv_into(&mut buffer), Err(Error::Again));
}

#[test]
fn polling_finds_what_is_there() {
    let context = context();
    let (pull, push) = couple(&context, Pull, Push, "tcp://127.0.0.1:*");
    let quiet = bound(&context, Pull, "inproc://quiet").0;
    let (reader, mut writer) = UnixStream::pair().unwrap();

    let start = Instant::now();
    let mut items = [
        pull.poll_item(Events::IN),
        quiet.poll_item(Events::IN | Events::OUT),
        PollItem::of_descriptor(reader.as_fd(), Events::IN),
    ];
    assert_eq!(poll(&mut items, Some(SHORT)), Ok(0));
    assert!(start.elapsed() >= SHORT);

    push.send("message").unwrap();
    assert_eq!(poll(&mut items, Some(LONG)), Ok(1));
    assert_eq!(items.each_ref().map(PollItem::ready), [Events::IN, Events::NONE, Events::NONE]);

    std::io::Write::write_all(&mut writer, b"x").unwrap();
    assert_eq!(poll(&mut items, None), Ok(2));
    assert_eq!(items.each_ref().map(PollItem::ready), [Events::IN, Events::NONE, Events::IN]);

    assert_eq!(push.poll(Events::OUT | Events::IN, None), Ok(Events::OUT));
    assert_eq!(quiet.poll(Events::IN, Some(Duration::ZERO)), Ok(Events::NONE));
    assert_eq!(poll(&mut [], Some(Duration::ZERO)), Ok(0));
}

#[test]
fn the_descriptor_tells_of_changes() {
    let context = context();
    let (pull, push) = couple(&context, Pull, Push, "tcp://127.0.0.1:*");
    let fd = pull.fd().unwrap();
    assert!(fd >= 0);
    for number in 0..100u8 {
        push.send([number]).unwrap();
        // The rule for users of the descriptor: ask for events first, then sleep on it.
        while !pull.events().unwrap().is_readable() {
            // SAFETY: the socket is open over the call, and so is its descriptor.
            let fd = unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) };
            let mut items = [PollItem::of_descriptor(fd, Events::IN)];
            assert_eq!(poll(&mut items, Some(LONG)), Ok(1), "message {number}");
        }
        assert_eq!(pull.try_recv().unwrap(), [number]);
    }
}

#[test]
fn conflation_keeps_the_last_message() {
    for address in ["inproc://endpoint", "tcp://127.0.0.1:*"] {
        let context = context();
        let (push, endpoint) = bound(&context, Push, address);
        let pull = socket(&context, Pull);
        pull.set_conflate(true).unwrap();
        pull.connect(&endpoint).unwrap();
        for number in 0..=100u8 {
            push.send([number]).unwrap();
        }
        let mut last = pull.recv().unwrap();
        while last != [100] {
            last = pull.recv().unwrap();
        }
        assert_eq!(pull.try_recv(), Err(Error::Again), "{address}");
    }
}

#[test]
fn who_sends_too_much_at_once_is_cut_off() {
    let context = context();
    let pull = socket(&context, Pull);
    pull.set_max_message_size(Some(1000)).unwrap();
    pull.bind("tcp://127.0.0.1:*").unwrap();
    let endpoint = pull.last_endpoint().unwrap();
    let polite = connected(&context, Push, &endpoint);
    let rude = connected(&context, Push, &endpoint);
    rude.set_linger(Some(Duration::ZERO)).unwrap();
    rude.send(vec![0; 1001]).unwrap();
    polite.send(vec![1; 1000]).unwrap();
    assert_eq!(pull.recv().unwrap(), vec![1; 1000]);
    pull.set_recv_timeout(Some(SHORT)).unwrap();
    assert_eq!(pull.recv(), Err(Error::Again));
}

#[test]
fn a_context_has_only_so_many_sockets() {
    let context = context();
    context.set_max_sockets(2).unwrap();
    let one = context.socket(Pair).unwrap();
    let _two = context.socket(Pair).unwrap();
    assert_eq!(context.socket(Pair).map(drop), Err(Error::TooManyFiles));
    drop(one);
    context.socket(Pair).unwrap();
}

#[test]
fn without_io_threads_there_is_still_inproc() {
    let context = context();
    context.set_io_threads(0).unwrap();
    let (rep, req) = couple(&context, Rep, Req, "inproc://endpoint");
    req.send("ask").unwrap();
    assert_eq!(rep.recv().unwrap(), "ask");
    assert_eq!(rep.bind("tcp://127.0.0.1:*"), Err(Error::NoIoThread));
}
