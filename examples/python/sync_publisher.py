"""Synchronised publisher: greets on its PUB until the expected subscribers have said by REQ that they hear
it, and only then publishes: none misses the beginning. Usage: sync_publisher.py [data] [ready] [subscribers] [count]"""

import zmq

from arguments import argument

subscribers = argument(3, 2)
count = argument(4, 1000)

with zmq.Context() as context, context.socket(zmq.PUB) as publisher, context.socket(zmq.REP) as reports:
    # Without a limit, since nothing is to be lost.
    publisher.sndhwm = 0
    publisher.bind(argument(1, "tcp://*:5561"))
    reports.bind(argument(2, "tcp://*:5562"))
    heard = 0
    while heard < subscribers:
        publisher.send_string("HELLO")
        if reports.poll(20):
            reports.recv()
            reports.send(b"")
            heard += 1
    for number in range(1, count + 1):
        publisher.send_string(str(number))
    publisher.send_string("END")
    print(f"Published {count} to {subscribers} subscribers", flush=True)
