# What the programs share.
import contextlib
import os
import subprocess
import sys
import zmq

CONTEXT = zmq.Context()


def client(kind):
    socket = CONTEXT.socket(kind)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.RCVTIMEO, 20000)
    socket.setsockopt(zmq.SNDTIMEO, 20000)
    return socket


@contextlib.contextmanager
def started(command, **options):
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def check_maps(process):
    """A process has one libzmq mapped, and it is that of our package."""
    with open(f"/proc/{process}/maps") as maps:
        files = {line.split()[-1] for line in maps if "libzmq" in line}
    assert len(files) == 1, files
    file = files.pop()
    owner = subprocess.run(["dpkg", "-S", os.path.basename(file)], capture_output=True, text=True)
    assert "libzmq5-zeroxide" in owner.stdout, (file, owner)


def check(process):
    assert process.poll() is None, "it ended"
    check_maps(process.pid)


def tnetstring(value):
    if isinstance(value, dict):
        inner = b"".join(tnetstring(key) + tnetstring(item) for key, item in value.items())
        return b"%d:%b}" % (len(inner), inner)
    if isinstance(value, int):
        text = b"%d" % value
        return b"%d:%b#" % (len(text), text)
    text = value.encode()
    return b"%d:%b," % (len(text), text)


def leave():
    """Without waiting for threads that wait for messages."""
    sys.stdout.flush()
    os._exit(0)
