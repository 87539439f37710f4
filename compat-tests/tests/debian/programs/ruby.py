# Debian's ruby-ffi-rzmq does work for Debian's python3-zmq.
import subprocess
import zmq
import ours

WORKER = """
require "ffi-rzmq"
context = ZMQ::Context.new
pull, push = context.socket(ZMQ::PULL), context.socket(ZMQ::PUSH)
pull.connect(ARGV[0])
push.connect(ARGV[1])
while pull.recv_string(text = "") > 0 && text != "end"
  push.send_string(text.upcase)
end
push.send_string(LibZMQ.version.values.join("."))
push.close
pull.close
context.terminate
"""

work, done = ours.client(zmq.PUSH), ours.client(zmq.PULL)
ends = [f"tcp://127.0.0.1:{socket.bind_to_random_port('tcp://127.0.0.1')}" for socket in (work, done)]
with ours.started(["ruby", "-e", WORKER, *ends]) as worker:
    for number in range(1000):
        work.send_string(f"task {number}")
    for number in range(1000):
        assert done.recv_string() == f"TASK {number}"
    ours.check(worker)
    work.send(b"end")
    assert done.recv_string() == zmq.zmq_version()
    assert worker.wait(20) == 0
print("all went well on", zmq.zmq_version(), zmq.has("zeroxide"))
