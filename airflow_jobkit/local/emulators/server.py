"""The process's two HTTP servers, AWS and Databricks, and what stands behind them."""

from __future__ import annotations

import fcntl
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_jobkit.errors import EngineError
from airflow_jobkit.local.emulators.glue.app import GlueApp
from airflow_jobkit.local.emulators.glue.runs import Machine
from airflow_jobkit.local.emulators.objects import MirroredObjects
from airflow_jobkit.local.emulators.scripts import ScriptRunner
from airflow_jobkit.local.emulators.simulation.middleware import SimulatedService
from airflow_jobkit.local.emulators.simulation.simulation import Simulation
from airflow_jobkit.local.emulators.wsgi import REGION, Application, call

HOST = "127.0.0.1"
TOKEN = "local"  # noqa: S105 - it opens nothing but what only this machine reaches
"""The access token that the emulated Databricks is called with; it takes any."""

_POLL_SECONDS = 0.05
"""How soon a server sees that it is to end."""

_CONNECTIONS = ("AIRFLOW_CONN_DATABRICKS_DEFAULT", "AIRFLOW_CONN_DATABRICKS_CONSUMER")


@dataclass(frozen=True)
class EmulatorOptions:
    """How the emulators are started.

    Attributes:
        data: The folder of everything that outlives them: objects, job definitions, runs.
        aws_port: 0 for a free one.
        databricks_port: 0 for a free one.
        buckets: Buckets to make, beside those in the folder.
        master: Spark's master URL.
        minute_seconds: How long a minute of a job's time-out is, for tests.
    """

    data: Path
    aws_port: int = 0
    databricks_port: int = 0
    buckets: tuple[str, ...] = ()
    master: str = "local[*]"
    minute_seconds: float = 60


@dataclass(frozen=True)
class Emulators:
    """Running emulators: where they are."""

    data: Path
    aws_url: str
    databricks_url: str
    buckets: tuple[str, ...]

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables by which boto3 and Airflow's connections reach them."""
        connection = json.dumps(
            {
                "conn_type": "databricks",
                "host": HOST,
                "port": int(self.databricks_url.rpartition(":")[2]),
                "schema": "http",
                "password": TOKEN,
            }
        )
        return {**aws_variables(self.aws_url), **dict.fromkeys(_CONNECTIONS, connection)}


def aws_variables(url: str) -> dict[str, str]:
    """The variables by which boto3 reaches the emulated AWS; the keys open nothing."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def running(options: EmulatorOptions) -> Iterator[Emulators]:
    """Start both servers; at the end, stop them and every job that runs.

    Raises:
        EngineError: The extra `[local]` is not installed, a port is in use, or the folder is.
    """
    moto = _moto()
    # Needs werkzeug, which comes with moto's server.
    from airflow_jobkit.local.emulators.databricks import databricks_app

    data = options.data.resolve()
    with ExitStack() as stack:
        stack.enter_context(_only_one(data))
        aws_socket = stack.enter_context(_bound(options.aws_port, "--aws-port"))
        databricks_socket = stack.enter_context(_bound(options.databricks_port, "--databricks-port"))
        aws_url, databricks_url = _url(aws_socket), _url(databricks_socket)
        objects = MirroredObjects(moto, data / "s3")
        objects.open(options.buckets)
        runner = ScriptRunner(
            data / "runs",
            objects.read,
            variables=aws_variables(aws_url),
            buckets=objects.buckets,
            master=options.master,
        )
        simulation = Simulation(objects)
        machine = Machine(runner, objects, options.minute_seconds, simulation)
        aws = GlueApp(objects, machine, data / "glue.json")
        databricks = databricks_app(runner, data / "databricks", simulation=simulation)
        stack.enter_context(_serving(aws_socket, SimulatedService(aws, simulation)))
        stack.enter_context(_serving(databricks_socket, SimulatedService(databricks, simulation)))
        stack.callback(simulation.clock.close)
        stack.callback(runner.close)
        yield Emulators(data, aws_url, databricks_url, tuple(objects.buckets()))


def _moto() -> Application:
    try:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    except ImportError as error:
        raise EngineError(
            f"the emulators need moto's server ({error}); pip install 'airflow-jobkit[local]'"
        ) from error
    app: Application = DomainDispatcherApplication(create_backend_app)
    # Its state is the process's; what holds here is what the folder has.
    call(app, "POST", "/moto-api/reset", "s3")
    return app


@contextmanager
def _only_one(data: Path) -> Iterator[None]:
    """Hold the data folder, which two emulators would overwrite for each other."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EngineError(
                f"other emulators use {data}; stop them, or choose another folder with --data"
            ) from None
        yield


@contextmanager
def _bound(port: int, option: str) -> Iterator[socket.socket]:
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((HOST, port))
        except OSError as error:
            raise EngineError(
                f"port {port} of {HOST} cannot be used ({error.strerror}); end what uses it, or choose "
                f"another with {option}"
            ) from error
        bound.listen(128)
        yield bound


def _url(bound: socket.socket) -> str:
    return f"http://{HOST}:{bound.getsockname()[1]}"


@contextmanager
def _serving(bound: socket.socket, app: Application) -> Iterator[None]:
    from werkzeug.serving import make_server

    server = make_server(
        HOST,
        bound.getsockname()[1],
        app,
        threaded=True,
        request_handler=_quiet_handler(),
        fd=bound.fileno(),
    )
    thread = threading.Thread(
        target=server.serve_forever, args=[_POLL_SECONDS], name="jobkit-emulator", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _quiet_handler() -> Any:
    """The handler of requests that moto brings, without a line for each on the screen."""
    from moto.moto_server import werkzeug_app
    from werkzeug.serving import WSGIRequestHandler

    # Older moto has no handler of its own.
    base = getattr(werkzeug_app, "MotoRequestHandler", WSGIRequestHandler)
    return type("QuietHandler", (base,), {"log_request": lambda *_, **__: None})
