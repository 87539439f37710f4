# Debian's zurl fetches a page over HTTP for whoever asks it over ZeroMQ.
import http.server
import pathlib
import tempfile
import threading
import zmq
import ours


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"World")

    def log_message(self, *arguments):
        pass


page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
threading.Thread(target=page.serve_forever, daemon=True).start()

with tempfile.TemporaryDirectory() as folder:
    ends = {name: f"ipc://{folder}/{name}" for name in ("in", "in-stream", "out", "req")}
    config = pathlib.Path(folder, "zurl.conf")
    config.write_text(
        f"[General]\nin_spec={ends['in']}\nin_stream_spec={ends['in-stream']}\n"
        f"out_spec={ends['out']}\nin_req_spec={ends['req']}\nipc_file_mode=660\ndefpolicy=allow\n"
        "allow=\ndeny=\nmax_open_requests=100\nbuffer_size=200000\ntimeout=60\n"
    )
    with ours.started(["zurl", f"--config={config}"]) as zurl:
        socket = ours.client(zmq.REQ)
        socket.connect(ends["req"])
        for number in range(20):
            request = {"id": str(number), "method": "GET",
                       "uri": f"http://127.0.0.1:{page.server_port}/"}
            socket.send(b"T" + ours.tnetstring(request))
            reply = socket.recv()
            assert b"4:code,3:200#" in reply and b"5:World," in reply, reply
        ours.check(zurl)
print("all went well on", zmq.zmq_version(), zmq.has("zeroxide"))
