"""Interrupts: pyzmq turns SIGINT into KeyboardInterrupt, also while a call waits, so that the server
leaves in good order. Usage: interrupt.py [endpoint]"""

import zmq

from arguments import argument

context = zmq.Context()
socket = context.socket(zmq.REP)
socket.bind(argument(1, "tcp://*:5555"))
try:
    print("Serving until interrupted", flush=True)
    while True:
        request = socket.recv_string()
        print(f"Received request: {request}", flush=True)
        socket.send_string(request)
except KeyboardInterrupt:
    print("Interrupted, leaving", flush=True)
context.destroy(linger=100)
