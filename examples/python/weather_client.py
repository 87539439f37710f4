"""Weather, the subscribing side: a SUB socket receives what begins with the place it subscribed to,
and nothing else. Usage: weather_client.py [endpoint] [place] [count]"""

import zmq

from arguments import argument

endpoint = argument(1, "tcp://localhost:5556")
place = argument(2, "Oslo")
count = argument(3, 10)

with zmq.Context() as context, context.socket(zmq.SUB) as subscriber:
    subscriber.connect(endpoint)
    subscriber.subscribe(place)
    total = 0
    for _ in range(count):
        report = subscriber.recv_string()
        print(f"Report: {report}", flush=True)
        total += int(report.split()[-1])
    if count:
        print(f"Average of {count}: {total // count}", flush=True)
