"""Hello, the answering side: a REP socket takes one request at a time and answers each.
Usage: hello_server.py [endpoint] [count]"""

import sys

import zmq

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://*:5555"
count = int(sys.argv[2]) if len(sys.argv) > 2 else 10

context = zmq.Context()
socket = context.socket(zmq.REP)
socket.bind(endpoint)

for _ in range(count):
    request = socket.recv_string()
    print(f"Received request: {request}", flush=True)
    socket.send_string(request.replace("Hello", "World"))

socket.close()
context.term()
