//! What each socket type does with its peers.

use crate::{bound, connected, context, couple, socket, TRANSPORTS};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use zeroxide::{Error, Message, Multipart, Socket, SocketType::*};

#[test]
fn requests_get_their_replies() {
    for address in TRANSPORTS {
        let context = context();
        let (rep, req) = couple(&context, Rep, Req, address);
        for size in [0, 1, 40, 41, 255, 256, 8192, 100_000, 1 << 20] {
            let body = vec![size as u8; size];
            req.send_multipart([&b"ask"[..], &body]).unwrap();
            assert_eq!(rep.recv_multipart().unwrap(), [b"ask".to_vec(), body.clone()], "{address}");
            rep.send(body.clone()).unwrap();
            assert_eq!(req.recv().unwrap(), body, "{address}");
        }
    }
}

#[test]
fn requests_and_replies_alternate() {
    let context = context();
    let (rep, req) = couple(&context, Rep, Req, "inproc://endpoint");
    assert_eq!(req.recv(), Err(Error::State));
    assert_eq!(rep.send("too early"), Err(Error::State));
    req.send("ask").unwrap();
    assert_eq!(req.send("ask again"), Err(Error::State));
    rep.recv().unwrap();
    assert_eq!(rep.recv(), Err(Error::State));
    rep.send("answer").unwrap();
    assert_eq!(req.recv().unwrap(), "answer");
}

#[test]
fn one_way_sockets_go_one_way() {
    let context = context();
    for sender in [Push, Pub] {
        assert_eq!(socket(&context, sender).try_recv(), Err(Error::NotSupported), "{sender:?}");
    }
    for receiver in [Pull, Sub] {
        let sent = socket(&context, receiver).try_send("");
        assert_eq!(sent, Err(Error::NotSupported), "{receiver:?}");
    }
}

#[test]
fn a_router_knows_its_dealers_by_name() {
    for address in TRANSPORTS {
        let context = context();
        let (router, endpoint) = bound(&context, Router, address);
        let dealers: Vec<Socket> = (0..3)
            .map(|index| {
                let dealer = socket(&context, Dealer);
                dealer.set_routing_id(format!("dealer {index}")).unwrap();
                dealer.connect(&endpoint).unwrap();
                dealer.send(format!("{index}")).unwrap();
                dealer
            })
            .collect();
        for _ in &dealers {
            let message = router.recv_multipart().unwrap();
            assert_eq!(message.len(), 2, "{address}");
            assert_eq!(message[0], format!("dealer {}", message[1].to_text()));
            router.send_multipart([&message[0], &"for ".into(), &message[1]]).unwrap();
        }
        for (index, dealer) in dealers.iter().enumerate() {
            let expected = ["for ".to_owned(), index.to_string()];
            assert_eq!(dealer.recv_multipart().unwrap(), expected, "{address}");
        }
    }
}

#[test]
fn a_router_drops_what_it_cannot_route_unless_that_is_to_be_an_error() {
    let context = context();
    let (router, dealer) = couple(&context, Router, Dealer, "tcp://127.0.0.1:*");
    router.send_multipart(["nobody", "lost"]).unwrap();
    router.set_router_mandatory(true).unwrap();
    assert_eq!(router.send_more("nobody"), Err(Error::HostUnreachable));
    dealer.send("I").unwrap();
    let name = router.recv_multipart().unwrap().into_parts().swap_remove(0);
    router.send_multipart([name, "found".into()]).unwrap();
    assert_eq!(dealer.recv().unwrap(), "found");
}

#[test]
fn dealers_and_routers_talk_with_reps_and_reqs() {
    let context = context();
    let (router, req) = couple(&context, Router, Req, "inproc://router");
    req.send("ask").unwrap();
    let request = router.recv_multipart().unwrap();
    assert_eq!(request[1..], ["", "ask"]);
    router.send_multipart(Multipart::new().part(&request[0]).delimiter().part("answer")).unwrap();
    assert_eq!(req.recv().unwrap(), "answer");

    let (rep, dealer) = couple(&context, Rep, Dealer, "inproc://rep");
    dealer.send_multipart(["hop", "", "ask"]).unwrap();
    assert_eq!(rep.recv_multipart().unwrap(), ["ask"]);
    rep.send("answer").unwrap();
    assert_eq!(dealer.recv_multipart().unwrap(), ["hop", "", "answer"]);
}

#[test]
fn subscribers_get_what_they_subscribed_to() {
    for address in TRANSPORTS {
        let context = context();
        let (publisher, subscriber) = couple(&context, XPub, Sub, address);
        subscriber.subscribe("a").unwrap();
        assert_eq!(publisher.recv().unwrap(), "\x01a");
        publisher.send_multipart(["b", "no"]).unwrap();
        publisher.send_multipart(["abc", "yes"]).unwrap();
        assert_eq!(subscriber.recv_multipart().unwrap(), ["abc", "yes"], "{address}");

        subscriber.subscribe([0xff]).unwrap();
        assert_eq!(publisher.recv().unwrap(), b"\x01\xff");
        subscriber.unsubscribe("a").unwrap();
        assert_eq!(publisher.recv().unwrap(), "\0a");
        publisher.send("a").unwrap();
        publisher.send([0xff, 0]).unwrap();
        assert_eq!(subscriber.recv().unwrap(), [0xff, 0], "{address}");
    }
}

#[test]
fn an_xsub_sends_subscriptions_and_other_messages() {
    let context = context();
    let (publisher, subscriber) = couple(&context, XPub, XSub, "tcp://127.0.0.1:*");
    subscriber.send("\x01topic").unwrap();
    assert_eq!(publisher.recv().unwrap(), "\x01topic");
    subscriber.send("to the publisher").unwrap();
    assert_eq!(publisher.recv().unwrap(), "to the publisher");
    publisher.send("topic 1").unwrap();
    assert_eq!(subscriber.recv().unwrap(), "topic 1");
}

#[test]
fn a_welcome_is_the_first_message() {
    let context = context();
    let publisher = socket(&context, XPub);
    publisher.set_xpub_welcome_message("W").unwrap();
    publisher.bind("inproc://endpoint").unwrap();
    let subscriber = connected(&context, Sub, "inproc://endpoint");
    subscriber.subscribe("W").unwrap();
    assert_eq!(publisher.recv().unwrap(), "\x01W");
    assert_eq!(subscriber.recv().unwrap(), "W");
}

#[test]
fn a_pub_serves_all_its_subscribers() {
    for address in TRANSPORTS {
        let context = context();
        let (publisher, endpoint) = bound(&context, Pub, address);
        let subscribers: Vec<Socket> = (0..3)
            .map(|_| {
                let subscriber = connected(&context, Sub, &endpoint);
                subscriber.subscribe("").unwrap();
                subscriber
            })
            .collect();
        // A PUB does not tell who is there: it is asked until all have heard of it.
        for subscriber in &subscribers {
            while subscriber.poll(zeroxide::Events::IN, Some(Duration::ZERO)).unwrap().is_empty() {
                publisher.send("anybody?").unwrap();
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        let large = Message::from(vec![7; 100_000]);
        publisher.send_multipart([Message::from("end"), large.clone()]).unwrap();
        for subscriber in &subscribers {
            let message = loop {
                let message = subscriber.recv_multipart().unwrap();
                if message[0] != "anybody?" {
                    break message;
                }
            };
            assert_eq!(message, [Message::from("end"), large.clone()], "{address}");
        }
    }
}

#[test]
fn work_is_handed_out_in_turns() {
    for address in TRANSPORTS {
        let context = context();
        let (push, endpoint) = bound(&context, Push, address);
        let workers: Vec<Socket> = (0..3).map(|_| connected(&context, Pull, &endpoint)).collect();
        // Until each of them is known.
        for worker in &workers {
            while worker.poll(zeroxide::Events::IN, Some(Duration::ZERO)).unwrap().is_empty() {
                push.send("warm up").unwrap();
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        for number in 0..30u8 {
            push.send([number]).unwrap();
        }
        for worker in &workers {
            let mut tasks = Vec::new();
            while tasks.len() < 10 {
                let task = worker.recv().unwrap();
                if task != "warm up" {
                    tasks.push(task[0]);
                }
            }
            assert!(tasks.windows(2).all(|pair| pair[1] == pair[0] + 3), "{address} {tasks:?}");
        }
    }
}

#[test]
fn work_is_collected_fairly() {
    let context = context();
    let (pull, endpoint) = bound(&context, Pull, "inproc://endpoint");
    let makers: Vec<Socket> = (0..3).map(|_| connected(&context, Push, &endpoint)).collect();
    for (maker, push) in makers.iter().enumerate() {
        for _ in 0..5 {
            push.send([maker as u8]).unwrap();
        }
    }
    for _ in 0..5 {
        let mut round: Vec<u8> = (0..3).map(|_| pull.recv().unwrap()[0]).collect();
        round.sort_unstable();
        assert_eq!(round, [0, 1, 2]);
    }
}

#[test]
fn a_pair_talks_both_ways() {
    for address in TRANSPORTS {
        let context = context();
        let (one, other) = couple(&context, Pair, Pair, address);
        for _ in 0..3 {
            one.send_multipart(["to", "other"]).unwrap();
            other.send("to one").unwrap();
            assert_eq!(other.recv_multipart().unwrap(), ["to", "other"], "{address}");
            assert_eq!(one.recv().unwrap(), "to one", "{address}");
        }
    }
}

#[test]
fn a_stream_talks_plain_tcp() {
    let context = context();
    let (stream, endpoint) = bound(&context, Stream, "tcp://127.0.0.1:*");
    let mut peer = TcpStream::connect(endpoint.trim_start_matches("tcp://")).unwrap();
    let hello = stream.recv_multipart().unwrap();
    assert_eq!(hello[1], "");
    let name = &hello[0];

    peer.write_all(b"GET /").unwrap();
    let mut heard = Vec::new();
    while heard.len() < 5 {
        let message = stream.recv_multipart().unwrap();
        assert_eq!(message[0], *name);
        heard.extend_from_slice(&message[1]);
    }
    assert_eq!(heard, b"GET /");

    stream.send_multipart([name, &"200 OK".into()]).unwrap();
    let mut answer = [0; 6];
    peer.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"200 OK");

    // An empty message closes the connection.
    stream.send_multipart([name, &Message::new()]).unwrap();
    assert_eq!(peer.read(&mut answer).unwrap(), 0);
}

#[test]
fn streams_talk_with_each_other() {
    let context = context();
    let (server, client) = couple(&context, Stream, Stream, "tcp://127.0.0.1:*");
    let to_server = client.recv_multipart().unwrap().into_parts().swap_remove(0);
    let to_client = server.recv_multipart().unwrap().into_parts().swap_remove(0);
    client.send_multipart([to_server, "ping".into()]).unwrap();
    assert_eq!(server.recv_multipart().unwrap()[1], "ping");
    server.send_multipart([to_client, "pong".into()]).unwrap();
    assert_eq!(client.recv_multipart().unwrap()[1], "pong");
}

#[test]
fn messages_know_whom_they_are_from() {
    let context = context();
    let (pull, push) = couple(&context, Pull, Push, "tcp://127.0.0.1:*");
    push.send("hello").unwrap();
    let message = pull.recv().unwrap();
    assert_eq!(message.property("Socket-Type"), Some("PUSH"));
    assert_eq!(message.property("Peer-Address"), Some("127.0.0.1"));
    assert_eq!(message.property("User-Id"), None);
}
