"""Reliable requests, the unreliable side: a ROUTER that loses its second request, as a server that crashes
would, and answers all others. Usage: pirate_server.py [endpoint] [replies]"""

import zmq

from arguments import argument

replies = argument(2, 3)

with zmq.Context() as context, context.socket(zmq.ROUTER) as socket:
    socket.bind(argument(1, "tcp://*:5555"))
    print("Listening", flush=True)
    received = 0
    while replies > 0:
        client, _, request = socket.recv_multipart()
        received += 1
        if received == 2:
            print(f"Lost: {request.decode()}", flush=True)
            continue
        print(f"Answered: {request.decode()}", flush=True)
        socket.send_multipart([client, b"", request])
        replies -= 1
