"""Envelopes, the receiving side: a message comes whole, with all of its parts.
Usage: envelope_subscriber.py [endpoint] [topic] [count]"""

import zmq

from arguments import argument

with zmq.Context() as context, context.socket(zmq.SUB) as subscriber:
    subscriber.connect(argument(1, "tcp://localhost:5563"))
    subscriber.subscribe(argument(2, "news"))
    for _ in range(argument(3, 3)):
        topic, *content = (part.decode() for part in subscriber.recv_multipart())
        print(f"[{topic}]", *content, flush=True)
