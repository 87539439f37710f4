"""Reliable requests: who gets no reply in time closes the REQ socket, which waits for ever, opens another and
asks again, a few times. Usage: pirate_client.py [endpoint] [count] [timeout in ms] [tries]"""

import sys

import zmq

from arguments import argument

endpoint = argument(1, "tcp://localhost:5555")
count = argument(2, 3)
timeout = argument(3, 1000)
tries = argument(4, 3)


def connected(context):
    socket = context.socket(zmq.REQ)
    socket.rcvtimeo = timeout
    # An unsent request is not worth waiting for.
    socket.linger = 0
    socket.connect(endpoint)
    return socket


with zmq.Context() as context:
    socket = connected(context)
    for number in range(1, count + 1):
        request = f"Hello {number}"
        for _ in range(tries):
            socket.send_string(request)
            try:
                print(f"Received reply: {socket.recv_string()}", flush=True)
                break
            except zmq.Again:
                print(f"No reply to: {request}", flush=True)
                socket.close()
                socket = connected(context)
        else:
            socket.close()
            sys.exit("The server does not answer")
    socket.close()
