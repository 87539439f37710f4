"""Synchronised subscriber: a greeting proves that the subscription stands; then it reports itself, and
receives everything from the first number on. Usage: sync_subscriber.py [data] [ready]"""

import sys

import zmq

from arguments import argument

with zmq.Context() as context, context.socket(zmq.SUB) as subscriber, context.socket(zmq.REQ) as report:
    subscriber.rcvhwm = 0
    subscriber.connect(argument(1, "tcp://localhost:5561"))
    report.connect(argument(2, "tcp://localhost:5562"))
    subscriber.subscribe("")
    subscriber.recv()
    report.send_string("I hear you")
    report.recv()
    taken = 0
    while (text := subscriber.recv_string()) != "END":
        if text == "HELLO":
            continue
        taken += 1
        if int(text) != taken:
            sys.exit(f"{text} came where {taken} was due")
    print(f"Received {taken} in order", flush=True)
