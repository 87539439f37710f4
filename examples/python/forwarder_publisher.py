"""Forwarder, a publisher in front of it: a PUB socket that connects, and sends reports of one place;
subscribers are weather_client. Usage: forwarder_publisher.py [endpoint] [place] [rounds]"""

import time

import zmq

from arguments import argument

place = argument(2, "Oslo")
rounds = argument(3, 100)

with zmq.Context() as context, context.socket(zmq.PUB) as publisher:
    publisher.connect(argument(1, "tcp://localhost:5561"))
    for number in range(rounds):
        publisher.send_string(f"{place} {number % 10}")
        time.sleep(0.02)
    print(f"Published {rounds} rounds", flush=True)
