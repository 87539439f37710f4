"""CURVE, the server: everything on the wire is encrypted, and its ZAP handler, a thread, lets in the one client
whose public key it knows. Usage: curve_server.py [endpoint] [folder] [count]"""

import pathlib
import threading

import zmq
import zmq.utils.z85

from arguments import argument

endpoint = argument(1, "tcp://*:5565")
folder = pathlib.Path(argument(2, "."))
count = argument(3, 3)


def handle(socket, known):
    """Answers [version, id, domain, address, routing id, mechanism, key] until the context ends."""
    with socket:
        while True:
            try:
                version, number, *_, key = socket.recv_multipart()
            except zmq.ContextTerminated:
                return
            if key == known:
                print("Let in the client", flush=True)
                socket.send_multipart([version, number, b"200", b"OK", b"client", b""])
            else:
                print("Turned away a stranger", flush=True)
                socket.send_multipart([version, number, b"400", b"Unknown key", b"", b""])


with zmq.Context() as context:
    handler = context.socket(zmq.REP)
    handler.bind("inproc://zeromq.zap.01")
    known = zmq.utils.z85.decode((folder / "client.public").read_bytes())
    thread = threading.Thread(target=handle, args=(handler, known))
    thread.start()

    with context.socket(zmq.REP) as socket:
        socket.curve_server = True
        socket.curve_secretkey = (folder / "server.secret").read_bytes()
        socket.bind(endpoint)
        for _ in range(count):
            request = socket.recv_string()
            print(f"Received secret request: {request}", flush=True)
            socket.send_string(request)
    context.term()
    thread.join()
