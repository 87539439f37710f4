"""CURVE, the client: knows the server's public key, so that nobody can pose as the server, and has a key
pair of its own. Usage: curve_client.py [endpoint] [folder] [count] [timeout in ms]"""

import pathlib
import sys

import zmq

from arguments import argument

folder = pathlib.Path(argument(2, "."))

with zmq.Context() as context, context.socket(zmq.REQ) as socket:
    socket.curve_serverkey = (folder / "server.public").read_bytes()
    socket.curve_publickey = (folder / "client.public").read_bytes()
    socket.curve_secretkey = (folder / "client.secret").read_bytes()
    # Who is turned away has nobody to send to, or gets no reply, as it happens.
    socket.sndtimeo = socket.rcvtimeo = argument(4, 10000)
    socket.linger = 0
    socket.connect(argument(1, "tcp://localhost:5565"))
    for number in range(1, argument(3, 3) + 1):
        try:
            socket.send_string(f"Hello {number}")
            print(f"Received secret reply: {socket.recv_string()}", flush=True)
        except zmq.Again:
            sys.exit("No reply: not let in?")
