"""Load balancing, a worker: a REQ socket with a routing id of its own choice asks for work; what it receives
is a request with the client's address in front. Usage: balancer_worker.py [endpoint] [name]"""

import zmq

from arguments import argument

name = argument(2, "worker")

with zmq.Context() as context, context.socket(zmq.REQ) as socket:
    socket.routing_id = name.encode()
    socket.connect(argument(1, "tcp://localhost:5564"))
    socket.send_string("READY")
    done = 0
    while len(message := socket.recv_multipart()) == 3:
        client, _, request = message
        print(f"{name} works on: {request.decode()}", flush=True)
        socket.send_multipart([client, b"", f"{name} did {request.decode()}".encode()])
        done += 1
    print(f"{name} ends after {done}", flush=True)
