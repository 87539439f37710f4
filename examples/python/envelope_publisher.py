"""Envelopes: each message has a first part that is compared with subscriptions, and the content behind it,
which no filter can match by accident. Usage: envelope_publisher.py [endpoint] [count]"""

import zmq

from arguments import argument

count = argument(2, 3)

with zmq.Context() as context, context.socket(zmq.XPUB) as publisher:
    publisher.bind(argument(1, "tcp://*:5563"))
    # An XPUB sees subscriptions: without a listener there would be nothing to show.
    publisher.recv()
    for number in range(1, count + 1):
        publisher.send_multipart([b"sports", b"news: not for you"])
        publisher.send_multipart([b"news", f"number {number}".encode()])
    print(f"Published {count} of each", flush=True)
