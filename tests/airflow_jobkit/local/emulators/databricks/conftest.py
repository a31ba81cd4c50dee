"""An emulated workspace over HTTP, in this process, whose scripts are plain Python."""

from __future__ import annotations

import io
import json
import textwrap
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
from emulators import emulators_process
from executing import eventually

from airflow_jobkit.local.emulators.scripts import ScriptRunner

TOKEN = "dapi-of-the-tests"  # noqa: S105 - it opens nothing else
CLUSTER = {"spark_version": "15.4.x-scala2.12", "node_type_id": "m5.large", "num_workers": 1}
OVER = ("TERMINATED", "INTERNAL_ERROR", "SKIPPED")


@dataclass(frozen=True)
class Answer:
    """An HTTP status and the JSON that came with it."""

    status: int
    json: Any


@dataclass(frozen=True)
class Workspace:
    """A running workspace, as a client sees it, and the bucket its files come from."""

    url: str
    bucket: Path
    folder: Path
    token: str | None = TOKEN

    def call(self, method: str, path: str, request: Any = None, *, version: str = "2.2") -> Answer:
        """Call the API; a GET's parameters go into the query."""
        path = path if path.startswith("/") else f"/api/{version}/{path}"
        if method == "GET" and request:
            path += "?" + urlencode(request)
        body = json.dumps(request).encode() if method != "GET" and request is not None else None
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.send(Request(self.url + path, body, headers, method=method))  # noqa: S310 - as below

    def send(self, request: Request) -> Answer:
        """Send a request as it is."""
        try:
            with urlopen(request, timeout=60) as response:  # noqa: S310 - this machine's own server
                return Answer(response.status, json.load(response))
        except HTTPError as error:
            return Answer(error.code, json.load(error))

    def script(self, source: str, name: str = "script.py") -> str:
        """Put a script into the bucket."""
        (self.bucket / name).write_text(textwrap.dedent(source))
        return f"s3://bucket/{name}"

    def wheel(self, name: str, **modules: str) -> str:
        """Put a wheel with these modules into the bucket."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for module, source in modules.items():
                archive.writestr(f"{module}.py", textwrap.dedent(source))
        (self.bucket / name).write_bytes(content.getvalue())
        return f"s3://bucket/{name}"

    def single(self, source: str, *parameters: str, **others: Any) -> dict[str, Any]:
        """A request of the older form, for a new cluster unless another is named."""
        file = self.script(source, f"{uuid4().hex}.py")
        task = {"python_file": file, "parameters": list(parameters)}
        compute = {} if "existing_cluster_id" in others else {"new_cluster": CLUSTER}
        return {"run_name": "a run", "spark_python_task": task, **compute, **others}

    def submit(self, request: dict[str, Any]) -> int:
        """Submit a run."""
        answer = self.call("POST", "jobs/runs/submit", request)
        assert answer.status == 200, answer
        run_id: int = answer.json["run_id"]
        return run_id

    def get(self, run_id: int) -> dict[str, Any]:
        """A run."""
        answer = self.call("GET", "jobs/runs/get", {"run_id": run_id})
        assert answer.status == 200, answer
        run: dict[str, Any] = answer.json
        return run

    def until(self, run_id: int, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The run, once something is true of it."""
        seen: list[dict[str, Any]] = []

        def holds() -> bool:
            seen.append(self.get(run_id))
            return condition(seen[-1])

        assert eventually(holds, 120), seen[-1]["state"]
        return seen[-1]

    def ended(self, run_id: int) -> dict[str, Any]:
        """The run, once it is over."""
        return self.until(run_id, lambda run: run["state"]["life_cycle_state"] in OVER)

    def ran(self, request: dict[str, Any]) -> dict[str, Any]:
        """Submit a run and wait for its end."""
        return self.ended(self.submit(request))

    def output(self, run: dict[str, Any], task_key: str | None = None) -> dict[str, Any]:
        """The output of a run's task; without a key, of its only one."""
        (task,) = [task for task in run["tasks"] if task_key in (None, task["task_key"])]
        answer = self.call("GET", "jobs/runs/get-output", {"run_id": task["run_id"]})
        assert answer.status == 200, answer
        output: dict[str, Any] = answer.json
        return output


class Workspaces:
    """Workspaces of one folder, one after the other, as if the emulator was started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bucket = folder / "bucket"
        self.bucket.mkdir()
        self._close: Callable[[], None] = lambda: None

    def start(self, **options: Any) -> Workspace:
        """Start the emulator; the one before it ends."""
        from werkzeug.serving import WSGIRequestHandler, make_server

        from airflow_jobkit.local.emulators.databricks import databricks_app

        class Silent(WSGIRequestHandler):
            """Writes no line for each request."""

            def log_request(self, *details: Any) -> None:
                """Nothing."""

        self.stop()
        runner = ScriptRunner(self.folder / "jobs", self._read)
        app = databricks_app(runner, self.folder / "databricks", **{"token": TOKEN, **options})
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()

        def close() -> None:
            server.shutdown()
            thread.join()
            server.server_close()
            runner.close()

        self._close = close
        return Workspace(f"http://127.0.0.1:{server.port}", self.bucket, self.folder / "databricks")

    def stop(self) -> None:
        """End the emulator and what it runs."""
        self._close()
        self._close = lambda: None

    def _read(self, url: str) -> bytes | None:
        file = self.bucket / url.removeprefix("s3://bucket/")
        return file.read_bytes() if file.is_file() else None


@dataclass(frozen=True)
class Gate:
    """A script that tells when it has begun, and ends when it is told to.

    Attributes:
        folder: Where both are told, by files.
    """

    folder: Path

    @property
    def source(self) -> str:
        """The script, to which a test may add what it does afterwards."""
        begun, may_end = str(self.folder / "begun"), str(self.folder / "may-end")
        return (
            "import pathlib, time\n"
            "print('begun', flush=True)\n"
            f"pathlib.Path({begun!r}).touch()\n"
            f"while not pathlib.Path({may_end!r}).exists(): time.sleep(0.02)\n"
        )

    def await_begun(self) -> None:
        """Wait until the script has begun."""
        assert eventually((self.folder / "begun").exists), "the script did not begin"

    def open(self) -> None:
        """Let the script end."""
        (self.folder / "may-end").touch()


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    folder = tmp_path / "gate"
    folder.mkdir()
    return Gate(folder)


@pytest.fixture(scope="module")
def workspace_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace in a process of its own, maybe of another environment, as `jobkit emulate` has it."""
    folder = tmp_path_factory.mktemp("emulators")
    with emulators_process(folder, "bucket") as emulators:
        # It takes any token.
        yield Workspace(emulators.databricks_url, folder / "s3" / "bucket", folder / "databricks")


@pytest.fixture
def workspaces(tmp_path: Path) -> Iterator[Workspaces]:
    """For tests that choose the emulator's options, or start it twice."""
    pytest.importorskip("werkzeug", reason="the emulators need werkzeug, of the extra [local]")
    workspaces = Workspaces(tmp_path)
    try:
        yield workspaces
    finally:
        workspaces.stop()


@pytest.fixture
def workspace(workspaces: Workspaces) -> Workspace:
    """A workspace where any cluster exists."""
    return workspaces.start()
