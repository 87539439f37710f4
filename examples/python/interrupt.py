"""Interrupts: Python writes a byte to a descriptor for each signal, which is polled beside the socket, so that the
server leaves in good order and no signal is missed. Usage: interrupt.py [endpoint]"""

import signal
from socket import socketpair

import zmq

from arguments import argument

interrupts, writer = socketpair()
writer.setblocking(False)
signal.set_wakeup_fd(writer.fileno())

context = zmq.Context()
socket = context.socket(zmq.REP)
socket.bind(argument(1, "tcp://*:5555"))
poller = zmq.Poller()
poller.register(socket, zmq.POLLIN)
poller.register(interrupts, zmq.POLLIN)
try:
    print("Serving until interrupted", flush=True)
    while True:
        # A signal ends the wait, and then this block.
        if socket in dict(poller.poll()):
            request = socket.recv_string()
            print(f"Received request: {request}", flush=True)
            socket.send_string(request)
except KeyboardInterrupt:
    print("Interrupted, leaving", flush=True)
context.destroy(linger=100)
