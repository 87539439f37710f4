"""The asking half of Hello, as tutorials have it."""

import sys

import zmq

context = zmq.Context()
socket = context.socket(zmq.REQ)
socket.connect(sys.argv[1] if len(sys.argv) > 1 else "tcp://localhost:5555")

for request in range(10):
    print(f"Sending request {request} ...")
    socket.send(b"Hello")
    message = socket.recv()
    print(f"Received reply {request}: {message}")
