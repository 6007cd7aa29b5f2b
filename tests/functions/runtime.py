"""What Lambda is to a function that runs as a process of this machine: the Runtime API, and a look at the process."""

import http.server
import json
import os
import pathlib
import socket
import subprocess
import threading
import time

NEXT = "/2018-06-01/runtime/invocation/next"


def status(process: int, what: str) -> int:
    """A figure of /proc/<process>/status, in KiB."""
    for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1])
    raise KeyError(what)


def environment(more: dict[str, str]) -> dict[str, str]:
    """As the template sets it; nothing of this machine's own."""
    queues = {f"{q}_QUEUE_URL": f"http://127.0.0.1:9/000000000000/{q.lower()}" for q in ("UNPACK", "SEQUENCE", "VALIDATE", "REPORT")}
    return {
        "PATH": "/usr/bin:/bin",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "STACK": "bench",
        "ENVIRONMENT": "dev",
        "BUCKET": "bench",
        "STATE_TABLE": "state",
        "RECORDS_TABLE": "records",
        "QUEUE_URL": "http://127.0.0.1:9/000000000000/own",
        "SENDER_ADDRESS": "bench@example.org",
        "SENDER_NAME": "bench",
        **queues,
        **more,
    }


class FirstPoll:
    """Starts a function again and again, as far as its first poll."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]

    def start(self, program: pathlib.Path, more: dict[str, str]) -> tuple[float, int]:
        """From the start of a process to its first poll, in milliseconds; its peak of memory there, in KiB."""
        env = environment({"AWS_LAMBDA_RUNTIME_API": self.address, **more})
        begun = time.perf_counter()
        process = subprocess.Popen([program], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            self.listener.settimeout(10)
            try:
                connection, _ = self.listener.accept()
            except TimeoutError:
                process.kill()
                raise SystemExit(f"{program} does not ask for work: {process.stdout.read().decode()}")
            with connection:
                asked = connection.recv(4096)
                took = (time.perf_counter() - begun) * 1000
                if not asked.startswith(f"GET {NEXT} ".encode()):
                    raise SystemExit(f"{program} asks for {asked[:200]!r}")
                return took, status(process.pid, "VmHWM")
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


class Invoked:
    """A function that runs, and is invoked."""

    def __init__(self, program: pathlib.Path, more: dict[str, str], timeout: float):
        self.events, self.answers, self.timeout = [], [], timeout
        self.there, self.done = threading.Condition(), threading.Condition()
        invoked = self

        class Api(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with invoked.there:
                    invoked.there.wait_for(lambda: invoked.events)
                    body = invoked.events.pop(0)
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", "00000000-0000-0000-0000-000000000001")
                self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + invoked.timeout) * 1000)))
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:000000000000:function:x")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                if self.headers.get("Transfer-Encoding") == "chunked":
                    body = b""
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with invoked.done:
                    invoked.answers.append(body)
                    invoked.done.notify_all()
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                """A connection that broke: the process was stopped."""

        self.server = Server(("127.0.0.1", 0), Api)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        env = environment({"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % self.server.server_address[1], **more})
        self.process = subprocess.Popen([program], env=env, stdout=subprocess.DEVNULL)

    def invoke(self, event: dict, until=lambda: False) -> bytes | None:
        """The answer; None if `until` came true before there was one."""
        with self.there:
            self.events.append(json.dumps(event).encode())
            self.there.notify_all()
        deadline = time.monotonic() + self.timeout
        while not self.answers:
            if until():
                return None
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the function gives no answer ({self.process.poll()})")
            with self.done:
                self.done.wait(0.2)
        return self.answers.pop(0)

    def peak(self) -> float:
        """The most memory that it ever had, in MiB."""
        return status(self.process.pid, "VmHWM") / 1024

    def forget_peak(self):
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.server.shutdown()
