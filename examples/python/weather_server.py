"""Weather, the publishing side: a PUB socket sends each report to those who subscribed to its beginning,
and knows neither how many they are nor what they want. Usage: weather_server.py [endpoint] [rounds]"""

import time

import zmq

from arguments import argument

endpoint = argument(1, "tcp://*:5556")
rounds = argument(2, 100)

with zmq.Context() as context, context.socket(zmq.PUB) as publisher:
    publisher.bind(endpoint)
    for number in range(rounds):
        for warmth, place in enumerate(("Lisbon", "Oslo", "Quito")):
            publisher.send_string(f"{place} {10 * warmth + number % 10}")
        time.sleep(0.02)
    print(f"Published {rounds} rounds", flush=True)
