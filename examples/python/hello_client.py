"""Hello, the asking side: a REQ socket sends a request, then waits for its reply.
Usage: hello_client.py [endpoint] [count]"""

import sys

import zmq

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://localhost:5555"
count = int(sys.argv[2]) if len(sys.argv) > 2 else 10

context = zmq.Context()
socket = context.socket(zmq.REQ)
socket.connect(endpoint)

for number in range(1, count + 1):
    request = f"Hello {number}"
    print(f"Sending request: {request}", flush=True)
    socket.send_string(request)
    reply = socket.recv_string()
    print(f"Received reply: {reply}", flush=True)

socket.close()
context.term()
print(f"ZeroMQ {zmq.zmq_version()}", flush=True)
