"""Polling, the other side: sends tasks by PUSH, asks by REQ how many have arrived until all have, and then
stops the server. Usage: poll_client.py [tasks] [questions] [count]"""

import zmq

from arguments import argument

count = argument(3, 5)

with zmq.Context() as context, context.socket(zmq.PUSH) as push, context.socket(zmq.REQ) as req:
    push.connect(argument(1, "tcp://localhost:5557"))
    req.connect(argument(2, "tcp://localhost:5555"))
    for task in range(1, count + 1):
        push.send_string(f"Task {task}")

    def ask(question):
        req.send_string(question)
        return req.recv_string()

    while int(ask("how many?")) < count:
        pass
    print(f"The server has taken {ask('stop')} tasks", flush=True)
