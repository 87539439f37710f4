# Debian's condure takes HTTP requests and has them answered over ZeroMQ.
import re
import socket as sockets
import tempfile
import threading
import time
import urllib.request
import zmq
import ours

with sockets.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]

with tempfile.TemporaryDirectory() as folder:
    command = ["condure", "--listen", f"127.0.0.1:{port},req", "--zclient-req", f"ipc://{folder}/req"]
    with ours.started(command) as condure:
        def answer():
            socket = ours.client(zmq.REP)
            socket.connect(f"ipc://{folder}/req")
            while True:
                request = socket.recv()
                name = re.search(rb"2:id,(\d+):", request)
                identity = request[name.end():name.end() + int(name[1])].decode()
                socket.send(b"T" + ours.tnetstring(
                    {"id": identity, "code": 200, "reason": "OK", "body": "World"}))

        threading.Thread(target=answer, daemon=True).start()
        for number in range(200):
            with sockets.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        for number in range(20):
            page = urllib.request.urlopen(f"http://127.0.0.1:{port}/{number}", timeout=20)
            assert page.read() == b"World"
        ours.check(condure)
print("all went well on", zmq.zmq_version(), zmq.has("zeroxide"), flush=True)
ours.leave()
