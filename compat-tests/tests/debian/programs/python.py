# Debian's python3-zmq: several patterns, CURVE, and asyncio.
import asyncio
import zmq
import zmq.asyncio

context = zmq.Context()


def pair(left, right, endpoint, before=lambda server, client: None):
    server, client = context.socket(left), context.socket(right)
    for socket in (server, client):
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.RCVTIMEO, 20000)
        socket.setsockopt(zmq.SNDTIMEO, 20000)
    before(server, client)
    server.bind(endpoint)
    client.connect(server.getsockopt_string(zmq.LAST_ENDPOINT))
    return server, client


def ask(server, client):
    client.send_multipart([b"Hello", b"", b"x" * 100000])
    assert server.recv_multipart() == [b"Hello", b"", b"x" * 100000]
    server.send_json({"a": 1})
    assert client.recv_json() == {"a": 1}


def curve(server, client):
    public, secret = zmq.curve_keypair()
    server.curve_server = True
    server.curve_secretkey = secret
    client.curve_serverkey = public
    client.curve_publickey, client.curve_secretkey = zmq.curve_keypair()


def subscribe_all(publisher, subscriber):
    subscriber.setsockopt(zmq.SUBSCRIBE, b"topic")


ask(*pair(zmq.REP, zmq.REQ, "tcp://127.0.0.1:*"))
ask(*pair(zmq.REP, zmq.REQ, "ipc://*"))
ask(*pair(zmq.REP, zmq.REQ, "inproc://ask"))
ask(*pair(zmq.REP, zmq.REQ, "tcp://127.0.0.1:*", curve))

publisher, subscriber = pair(zmq.XPUB, zmq.SUB, "tcp://127.0.0.1:*", subscribe_all)
assert publisher.recv() == b"\x01topic"
publisher.send_multipart([b"other", b"1"])
publisher.send_multipart([b"topic", b"2"])
assert subscriber.recv_multipart() == [b"topic", b"2"]


async def later():
    context = zmq.asyncio.Context()
    push, pull = context.socket(zmq.PUSH), context.socket(zmq.PULL)
    port = pull.bind_to_random_port("tcp://127.0.0.1")
    push.connect(f"tcp://127.0.0.1:{port}")
    for number in range(1000):
        await push.send(b"%d" % number)
        assert await asyncio.wait_for(pull.recv(), 20) == b"%d" % number
    context.destroy(linger=0)


asyncio.run(later())
context.destroy(linger=0)
print("all went well on", zmq.zmq_version(), zmq.has("zeroxide"))
