"""Lambda functions as processes of this machine: the `bootstrap` of a zip, served the Lambda Runtime API.

One environment is one process and one HTTP server on loopback. It is what the runtime in a container
would be to the function: `/next` hands out an invocation, `/response` and `/error` take the answer. A
process that crashes, or takes longer than the function's timeout, is killed with all it started, and
the next invocation starts a new one.
"""

import ctypes
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from localstack import config
from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

API = "/2018-06-01/runtime/"
# How long a process may take to its first poll, in seconds.
INIT_SECONDS = 10
# How long the last lines of output are waited for once the answer is there, in seconds.
OUTPUT_SECONDS = 0.02


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    name = "process"

    def load(self, *args, **kwargs):
        return ProcessExecutor


class Forker:
    """Starts every process from one thread that never ends: the kernel ends a child whose parent *thread*
    is gone, and LocalStack's own threads come and go."""

    def __init__(self):
        self.orders = queue.Queue()
        threading.Thread(target=self.work, daemon=True, name="forker").start()

    def start(self, *args, **kwargs) -> subprocess.Popen:
        done = Future()
        self.orders.put((done, args, kwargs))
        return done.result()

    def work(self):
        while True:
            done, args, kwargs = self.orders.get()
            try:
                done.set_result(subprocess.Popen(*args, **kwargs))
            except Exception as error:
                done.set_exception(error)


FORKER = Forker()
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent():
    if LIBC:
        LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class RuntimeApi(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        environment = self.server.environment
        environment.ready.set()
        invocation = environment.invocations.get()
        if invocation is None:
            return self.close()
        deadline = int((time.time() + environment.timeout) * 1000)
        self.answer(
            200,
            invocation["payload"].encode(),
            {
                "Lambda-Runtime-Aws-Request-Id": invocation["invoke-id"],
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": invocation["invoked-function-arn"],
                "Lambda-Runtime-Trace-Id": invocation["trace-id"],
                "Content-Type": "application/json",
            },
        )

    def do_POST(self):
        body = self.body()
        environment = self.server.environment
        if self.path == f"{API}init/error":
            environment.init_error = body
            environment.ready.set()
        else:
            request_id = self.path.split("/")[-2]
            environment.answered(request_id, body, is_error=self.path.endswith("/error"))
        self.answer(202, b'{"status":"OK"}')

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def close(self):
        self.close_connection = True

    def log_message(self, *_):
        pass


class Environment:
    """One process and its Runtime API."""

    def __init__(self, code, env_vars: dict, timeout: float):
        self.timeout = timeout
        self.ready = threading.Event()
        self.init_error: bytes | None = None
        self.invocations = queue.Queue()
        self.pending: dict[str, Future] = {}
        self.output: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
        self.server.daemon_threads = True
        self.server.environment = self
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        env = {key: str(value) for key, value in env_vars.items()}
        env |= {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_address[1]}",
            "LAMBDA_TASK_ROOT": str(code),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
        }
        bootstrap = code / "bootstrap"
        bootstrap.chmod(0o755)
        self.process = FORKER.start(
            [str(bootstrap)],
            cwd=code,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        self.reader = threading.Thread(target=self.read_output, daemon=True)
        self.reader.start()

    def read_output(self):
        for line in self.process.stdout:
            self.output.append(line.decode(errors="replace"))
        # The process is gone, or has closed its output, which it does when it ends.
        self.process.wait()
        for future in list(self.pending.values()):
            if not future.done():
                future.set_result(None)
        self.ready.set()

    def wait_until_ready(self):
        self.ready.wait(INIT_SECONDS)
        if self.init_error is None and self.alive() and self.ready.is_set():
            return
        crash = error_payload("Runtime.ExitError", "the function ended or hung before it asked for work")
        payload = self.init_error or crash
        self.stop()
        raise StatusErrorException("the function did not start: " + self.logs(), payload=payload)

    def alive(self) -> bool:
        return self.process.poll() is None

    def answered(self, request_id: str, body: bytes, is_error: bool):
        if future := self.pending.get(request_id):
            if not future.done():
                future.set_result((body, is_error))

    def invoke(self, invocation: dict) -> tuple[bytes, bool] | None:
        """The answer, and whether it is an error; None if the process ended."""
        request_id = invocation["invoke-id"]
        future = self.pending[request_id] = Future()
        try:
            self.invocations.put(invocation)
            if not self.alive():
                return None
            return future.result(self.timeout)
        finally:
            self.pending.pop(request_id, None)

    def logs(self) -> str:
        time.sleep(OUTPUT_SECONDS)
        lines, self.output = self.output, []
        return "".join(lines)

    def stop(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.invocations.put(None)
        threading.Thread(target=self.server.shutdown, daemon=True).start()
        self.server.server_close()


def error_payload(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


class ProcessExecutor(RuntimeExecutor):
    def __init__(self, id, function_version):
        super().__init__(id, function_version)
        self.environment: Environment | None = None
        self.env_vars: dict = {}

    def start(self, env_vars):
        self.env_vars = env_vars
        code = self.function_version.config.code.get_unzipped_code_location()
        self.environment = Environment(code, env_vars, float(self.function_version.config.timeout))
        self.environment.wait_until_ready()

    def stop(self):
        if self.environment:
            self.environment.stop()

    def invoke(self, payload) -> InvocationResult:
        request_id = payload["invoke-id"]
        if not self.environment.alive():
            self.start(self.env_vars)
        environment = self.environment
        try:
            answer = environment.invoke(payload)
        except TimeoutError:
            environment.stop()
            body = error_payload(
                "Sandbox.Timedout", f"RequestId: {request_id} timed out after {environment.timeout:g} s"
            )
            return InvocationResult(request_id, body, True, environment.logs())
        if answer is None:
            environment.stop()
            body = error_payload("Runtime.ExitError", f"RequestId: {request_id} the function ended")
            return InvocationResult(request_id, body, True, environment.logs())
        body, is_error = answer
        return InvocationResult(request_id, body, is_error, environment.logs())

    def get_address(self):
        return "127.0.0.1"

    def get_endpoint_from_executor(self):
        return "127.0.0.1"

    def get_runtime_endpoint(self):
        return f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}/_localstack_lambda/{self.id}"

    def get_logs(self):
        return self.environment.logs() if self.environment else ""

    @classmethod
    def prepare_version(cls, function_version):
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version):
        pass
