"""A Databricks workspace that answers what a test tells it to: for errors that an emulator never makes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

RUN_ID = 987654321012345
TASK_RUN_ID = 55
TOKEN = "dapi-not-for-logs"  # noqa: S105 - no token of any workspace

RUNNING = {"life_cycle_state": "RUNNING", "state_message": ""}
SUCCEEDED = {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS", "state_message": ""}
FAILED = {
    "life_cycle_state": "TERMINATED",
    "result_state": "FAILED",
    "state_message": "Task job failed with message: Workload failed.",
}
CANCELED = {"life_cycle_state": "TERMINATED", "result_state": "CANCELED", "state_message": "Run cancelled."}


@dataclass(frozen=True)
class Failure:
    """An answer that is no good: a status and a body, or a connection that ends before the answer (None)."""

    status: int | None
    body: str = ""

    @classmethod
    def said(cls, status: int, code: str, message: str) -> Failure:
        """An error as the Jobs API words it."""
        return cls(status, json.dumps({"error_code": code, "message": message}))


@dataclass
class FakeWorkspace:
    """What it answers, and what it was asked.

    Attributes:
        states: What runs/get says, one after the other; the last one until the run is cancelled.
        output: What runs/get-output says.
        failures: What is answered instead, by call, one after the other; the request counts all the same.
        requests: The calls and what came with them.
        tokens: The runs that were started, by idempotency token.
        held: Calls whose answers wait until the test sets the event.
        host: Where it listens, once it does.
        port: Where it listens, once it does.
    """

    states: Sequence[Mapping[str, Any]] = (SUCCEEDED,)
    output: Mapping[str, Any] = field(default_factory=dict)
    failures: dict[str, list[Failure]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tokens: dict[str, int] = field(default_factory=dict)
    held: dict[str, threading.Event] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 0

    @property
    def connection(self) -> str:
        """The connection to it, as a value of an `AIRFLOW_CONN_...` variable."""
        return json.dumps(
            {
                "conn_type": "databricks",
                "host": self.host,
                "port": self.port,
                "schema": "http",
                "password": TOKEN,
            }
        )

    def calls(self, name: str) -> list[dict[str, Any]]:
        """What came with each call of a name, such as `submit`."""
        return [data for call, data in self.requests if call == name]

    @contextmanager
    def serving(self) -> Iterator[FakeWorkspace]:
        """Listen on a free port until the end of the block."""
        server = ThreadingHTTPServer((self.host, 0), _handler(self))
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            for event in self.held.values():
                event.set()
            server.shutdown()
            server.server_close()
            thread.join()

    def answer(self, call: str, data: dict[str, Any]) -> Failure:
        """The answer to a call, and a note of it."""
        self.requests.append((call, data))
        good = Failure(200, json.dumps(self._document(call, data)))
        failures = self.failures.get(call)
        return failures.pop(0) if failures else good

    def _document(self, call: str, data: dict[str, Any]) -> Mapping[str, Any]:
        match call:
            case "submit":
                return {
                    "run_id": self.tokens.setdefault(data["idempotency_token"], RUN_ID + len(self.tokens))
                }
            case "get":
                looks = len(self.calls("get"))
                cancelled = any(data["run_id"] == run["run_id"] for run in self.calls("cancel"))
                state = CANCELED if cancelled else self.states[min(looks, len(self.states)) - 1]
                return {
                    "run_id": data["run_id"],
                    "run_page_url": f"http://{self.host}/#job/1/run/{data['run_id']}",
                    "state": state,
                    "tasks": [{"task_key": "job", "run_id": TASK_RUN_ID, "attempt_number": 0}],
                }
            case "get-output":
                return self.output
            case _:
                return {}


def _handler(workspace: FakeWorkspace) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = dict(parse_qsl(urlsplit(self.path).query))
            self._answer({name: int(value) for name, value in query.items()})

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, data: dict[str, Any]) -> None:
            call = urlsplit(self.path).path.rpartition("/")[2]
            answer = workspace.answer(call, data)
            if call in workspace.held:
                workspace.held[call].wait()
            if answer.status is None:
                self.close_connection = True
                return
            body = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's
            """Say nothing: the test's output is the task's."""

    return Handler
