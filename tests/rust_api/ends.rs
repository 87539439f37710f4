//! How sockets and contexts end.

use crate::{bound, connected, context, couple, own, socket, LONG, SHORT, TRANSPORTS};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use zeroxide::{poll, Context, Error, Events, Socket, SocketType, SocketType::*};

/// An endpoint where nobody listens.
fn vacant_endpoint() -> String {
    bound(&context(), Pull, &own("tcp://127.0.0.1:*")).1
}

/// A PUSH with a message that nobody takes.
fn unheard(context: &Context, linger: Option<Duration>) -> (Socket, String) {
    let endpoint = vacant_endpoint();
    let push = connected(context, Push, &endpoint);
    push.set_linger(linger).unwrap();
    push.send("last words").unwrap();
    (push, endpoint)
}

#[test]
fn a_closed_socket_delivers_what_it_has_sent() {
    for address in TRANSPORTS {
        let context = context();
        let (pull, endpoint) = bound(&context, Pull, address);
        let push = connected(&context, Push, &endpoint);
        push.set_send_hwm(0).unwrap();
        // Too much for the buffers on the way.
        let bodies = (0..200u8).map(|number| vec![number; 50_000]);
        bodies.clone().for_each(|body| push.send(body).unwrap());
        drop(push);
        for body in bodies {
            assert!(pull.recv().unwrap() == body, "{address}");
        }
    }
}

#[test]
fn it_does_so_also_to_who_comes_later() {
    let context = context();
    let (push, endpoint) = unheard(&context, None);
    drop(push);
    thread::sleep(SHORT);
    let pull = socket(&context, Pull);
    pull.bind(&endpoint).unwrap();
    assert_eq!(pull.recv().unwrap(), "last words");
    drop(pull);
    context.terminate().unwrap();
}

#[test]
fn it_lingers_as_long_as_it_may() {
    for linger in [Duration::ZERO, SHORT] {
        let context = context();
        let (push, _) = unheard(&context, Some(linger));
        drop(push);
        let start = Instant::now();
        context.terminate().unwrap();
        let time = start.elapsed();
        assert!(time + Duration::from_millis(20) >= linger && time < LONG, "{linger:?} {time:?}");
    }
}

#[test]
fn sockets_of_a_context_that_is_not_blocky_do_not_linger() {
    let context = context();
    context.set_blocky(false).unwrap();
    let push = context.socket(Push).unwrap();
    assert_eq!(push.linger(), Ok(Some(Duration::ZERO)));
    push.connect(&vacant_endpoint()).unwrap();
    push.send("lost").unwrap();
    drop(push);
    context.terminate().unwrap();
}

#[test]
fn to_drop_everything_never_waits_and_still_delivers() {
    let start = Instant::now();
    let context = context();
    let (push, endpoint) = unheard(&context, None);
    drop((context, push));
    assert!(start.elapsed() < LONG);
    thread::sleep(SHORT);

    let later = crate::context();
    let pull = socket(&later, Pull);
    pull.bind(&endpoint).unwrap();
    assert_eq!(pull.recv().unwrap(), "last words");
}

#[test]
fn the_context_lives_as_long_as_its_sockets() {
    let (rep, req) = couple(&context(), Rep, Req, "tcp://127.0.0.1:*");
    req.send("ask").unwrap();
    assert_eq!(rep.recv().unwrap(), "ask");
}

/// Runs a call that waits in a thread, terminates the context, and returns what became of it.
fn interrupted(
    socket_type: SocketType,
    call: impl FnOnce(&Socket) -> zeroxide::Result<()> + Send + 'static,
) -> zeroxide::Result<()> {
    let context = context();
    let blocked = context.socket(socket_type).unwrap();
    let (tell, told) = mpsc::channel();
    let thread = thread::spawn(move || {
        tell.send(()).unwrap();
        call(&blocked)
    });
    told.recv().unwrap();
    thread::sleep(SHORT);
    // Waits until the thread has closed its socket.
    context.terminate().unwrap();
    thread.join().unwrap()
}

#[test]
fn termination_ends_calls_that_wait() {
    let ended = Err(Error::Terminated);
    assert_eq!(interrupted(Pull, |socket| socket.recv().map(drop)), ended);
    assert_eq!(interrupted(Pull, |socket| socket.recv_into(&mut [0; 8]).map(drop)), ended);
    assert_eq!(interrupted(Pull, |socket| socket.recv_multipart().map(drop)), ended);
    assert_eq!(interrupted(Push, |socket| socket.send("x")), ended);
    assert_eq!(interrupted(Pair, |socket| socket.poll(Events::IN, None).map(drop)), ended);
    assert_eq!(interrupted(Pair, |socket| zeroxide::proxy(socket, socket, None)), ended);
    let with_connection = |socket: &Socket| {
        let (other, endpoint) = bound(socket.context(), Push, "tcp://127.0.0.1:*");
        socket.connect(&endpoint)?;
        let result = poll(&mut [socket.poll_item(Events::IN), other.poll_item(Events::IN)], None);
        drop(other);
        result.map(drop)
    };
    assert_eq!(interrupted(Pull, with_connection), ended);
}

#[test]
fn after_a_shutdown_everything_fails_but_closing() {
    let context = context();
    let pull = context.socket(Pull).unwrap();
    context.shutdown();
    let ended = Err(Error::Terminated);
    assert_eq!(pull.recv().map(drop), ended);
    assert_eq!(pull.try_recv().map(drop), ended);
    assert_eq!(pull.bind("tcp://127.0.0.1:*"), ended);
    assert_eq!(pull.events().map(drop), ended);
    assert_eq!(pull.set_recv_hwm(1), ended);
    assert_eq!(context.socket(Pull).map(drop), ended);
    drop(pull);
    assert_eq!(context.terminate(), Ok(()));
    assert_eq!(context.terminate(), Ok(()));
    assert_eq!(context.socket(Pull).map(drop), ended);
}

#[test]
fn termination_waits_for_sockets_of_other_threads() {
    let context = context();
    let pair = context.socket(Pair).unwrap();
    let closer = thread::spawn(move || {
        thread::sleep(SHORT);
        drop(pair);
    });
    let start = Instant::now();
    context.terminate().unwrap();
    assert!(start.elapsed() >= SHORT - Duration::from_millis(20));
    closer.join().unwrap();
}

#[test]
fn who_comes_while_a_socket_closes_does_not_keep_the_context() {
    for address in ["tcp://127.0.0.1:*", "ipc://*"] {
        for round in 0..200u64 {
            let server = context();
            let (rep, endpoint) = bound(&server, Rep, address);
            let client = context();
            let req = connected(&client, Req, &endpoint);
            // From before the connection to after the handshake.
            thread::sleep(Duration::from_micros(round * 5));
            drop(rep);
            server.terminate().unwrap();
            drop(req);
            client.terminate().unwrap();
        }
    }
}

#[test]
fn contexts_that_never_had_a_socket_end_as_well() {
    let context = context();
    context.terminate().unwrap();
    drop(context);
    drop(crate::context());
}

#[test]
fn clones_are_one_context_and_others_are_not() {
    let context = context();
    let (rep, endpoint) = bound(&context, Rep, "inproc://endpoint");
    let req = connected(&context.clone(), Req, &endpoint);
    req.send("ask").unwrap();
    assert_eq!(rep.recv().unwrap(), "ask");
    let stranger = bound(&crate::context(), Rep, &endpoint).0;
    assert_eq!(stranger.try_recv(), Err(Error::Again));
}

#[test]
fn sockets_move_between_threads() {
    let context = context();
    let (rep, mut req) = couple(&context, Rep, Req, "tcp://127.0.0.1:*");
    let server = thread::spawn(move || {
        for _ in 0..10 {
            let request = rep.recv().unwrap();
            rep.send(request).unwrap();
        }
    });
    for number in 0..10u8 {
        req = thread::spawn(move || {
            req.send([number]).unwrap();
            assert_eq!(req.recv().unwrap(), [number]);
            req
        })
        .join()
        .unwrap();
    }
    server.join().unwrap();
}
