# Debian's php-zmq answers Debian's python3-zmq.
import subprocess
import zmq
import ours

SERVER = """
$socket = new ZMQSocket(new ZMQContext(), ZMQ::SOCKET_REP);
$socket->bind("tcp://127.0.0.1:*");
echo $socket->getSockOpt(ZMQ::SOCKOPT_LAST_ENDPOINT), "\n";
while (($message = $socket->recv()) != "end") $socket->send(strrev($message));
$socket->send("ended");
"""

with ours.started(["php", "-r", SERVER], stdout=subprocess.PIPE, text=True) as server:
    socket = ours.client(zmq.REQ)
    socket.connect(server.stdout.readline().strip("\0\n"))
    for number in range(100):
        socket.send_string(f"Hello {number}")
        assert socket.recv_string() == f"Hello {number}"[::-1]
    ours.check(server)
    socket.send(b"end")
    assert socket.recv() == b"ended"
    assert server.wait(20) == 0
print("all went well on", zmq.zmq_version(), zmq.has("zeroxide"))
