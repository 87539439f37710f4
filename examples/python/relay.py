"""Relay: three threads pass a word on over inproc PAIR sockets; no locks, no shared state but the context,
and each socket belongs to one thread. Usage: relay.py [word]"""

import threading

import zmq

from arguments import argument


def pass_on(context, name, word, output):
    print(f"{name} passes on: {word}", flush=True)
    with context.socket(zmq.PAIR) as next_one:
        next_one.connect(output)
        next_one.send_string(word + "!")


def first(context, word):
    pass_on(context, "First", word, "inproc://second")


def second(context, previous):
    with previous:
        pass_on(context, "Second", previous.recv_string(), "inproc://third")


def bound(context, endpoint):
    socket = context.socket(zmq.PAIR)
    socket.bind(endpoint)
    return socket


with zmq.Context() as context, bound(context, "inproc://third") as third:
    threads = [
        threading.Thread(target=second, args=(context, bound(context, "inproc://second"))),
        threading.Thread(target=first, args=(context, argument(1, "Hello"))),
    ]
    for thread in threads:
        thread.start()
    print(f"Third has: {third.recv_string()}", flush=True)
    for thread in threads:
        thread.join()
