"""Broker, a service behind it: a REP socket as in hello_server, but it connects, so that there can be many
of them; clients are hello_client. Usage: broker_service.py [endpoint] [count] [name]"""

import zmq

from arguments import argument

count = argument(2, 10)
name = argument(3, "service")

with zmq.Context() as context, context.socket(zmq.REP) as socket:
    socket.connect(argument(1, "tcp://localhost:5560"))
    for _ in range(count):
        request = socket.recv_string()
        print(f"{name} received: {request}", flush=True)
        socket.send_string(f"{name} answers {request}")
