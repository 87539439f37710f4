"""The answering half of Hello, as tutorials have it."""

import sys
import time

import zmq

context = zmq.Context()
socket = context.socket(zmq.REP)
socket.bind(sys.argv[1] if len(sys.argv) > 1 else "tcp://*:5555")

while True:
    message = socket.recv()
    print(f"Received request: {message}")
    time.sleep(0.05)  # The work.
    socket.send(b"World")
