"""A real Airflow for tests: its processes, its database and its logs, in a folder of their own."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import psutil

T = TypeVar("T")

AIRFLOW_3 = version("apache-airflow").startswith("3.")
AIRFLOW_3_0 = version("apache-airflow").startswith("3.0.")

# What `airflow dags trigger` and the trigger form call; many runs at the cost of one start of Python.
_TRIGGER = f"""
import json, sys
from airflow.api.common.trigger_dag import trigger_dag

extra = {{}}
if {AIRFLOW_3}:
    from airflow.utils.types import DagRunTriggeredByType

    extra["triggered_by"] = DagRunTriggeredByType.UI
for dag_id, run_id, conf in json.loads(sys.argv[1]):
    trigger_dag(dag_id=dag_id, run_id=run_id, conf=conf, replace_microseconds=False, **extra)
"""


@dataclass
class RunningAirflow:
    """Scheduler, DAG processor and, on 3.x, API server over one SQLite database; more if wanted.

    On 2.x nothing but the web server answers REST calls, so it runs where `rest` asks for it.

    Everything is asked of Airflow's own database and logs, as its UI would show it.
    """

    home: Path
    dags: Path
    variables: dict[str, str]
    triggerer: bool = False
    rest: bool = False
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """Make the database and start the processes."""
        self.command("db", "migrate")
        # Readers and a writer do not wait for each other then; it is kept in the file.
        self.query("pragma journal_mode = wal")
        if AIRFLOW_3:
            port = self.variables["AIRFLOW__API__PORT"]
            self._spawn("api-server", "--port", port, "--workers", "1")
            self._spawn("dag-processor")
        elif self.rest:
            # Whoever asks may do everything, as `simple_auth_manager_all_admins` lets them on 3.x.
            (self.home / "webserver_config.py").write_text('AUTH_ROLE_PUBLIC = "Admin"\n')
            self._spawn("webserver", "--workers", "1")
        if self.triggerer:
            self._spawn("triggerer", "--skip-serve-logs")
        self._spawn("scheduler")

    def stop(self) -> None:
        """End every process, and whatever they started."""
        for process in self.processes:
            tree = _tree(process)
            for member in tree:
                if member.is_running():
                    member.terminate()
            _, alive = psutil.wait_procs(tree, timeout=10)
            for member in alive:
                member.kill()
            process.wait()

    def has_died(self, name: str) -> bool:
        """Whether one of the processes has ended by itself."""
        return self._process(name).poll() is not None

    def restart(self, name: str) -> None:
        """SIGKILL one of the processes and all that it started, and start it again."""
        process = self._process(name)
        for member in _tree(process):
            with suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait()
        place = self.processes.index(process)
        self._spawn(*self._arguments_of(process))
        self.processes[place] = self.processes.pop()

    def command(self, *arguments: str) -> str:
        """Run one `airflow` command to its end; its output."""
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask Airflow's database."""
        with closing(sqlite3.connect(self.home / "airflow.db", timeout=30)) as connection:
            rows = connection.execute(sql, values).fetchall()
            connection.commit()
        return rows

    def trigger(self, *runs: tuple[str, str, dict[str, Any]]) -> None:
        """Trigger DAG runs, each a DAG id, a run id and the params that the trigger form would send."""
        done = subprocess.run(
            [sys.executable, "-c", _TRIGGER, json.dumps(runs)],
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def dags_shown(self) -> dict[str, bool]:
        """Every DAG of the list, and whether Airflow marks it: stale, or with an import error."""
        gone = "is_stale" if self._has_column("dag", "is_stale") else "not is_active"
        rows = self.query(f"select dag_id, ({gone}) or has_import_errors from dag")  # noqa: S608
        return {dag_id: bool(marked) for dag_id, marked in rows}

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """The states of a run's tasks."""
        return dict(
            self.query(
                "select task_id, state from task_instance where dag_id = ? and run_id = ?", dag_id, run_id
            )
        )

    def log(self, dag_id: str, run_id: str, task_id: str) -> str:
        """The whole log of a task, all tries."""
        folder = self.home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
        return "\n".join(path.read_text() for path in sorted(folder.rglob("*.log")))

    def finished(self, dag_id: str, run_id: str, seconds: float = 90) -> dict[str, str | None]:
        """Wait until a run is over; the states of its tasks."""
        states = "select state from dag_run where dag_id = ? and run_id = ?"
        wait_for(
            lambda: self.query(states, dag_id, run_id)[0][0] in ("success", "failed"),
            f"the end of {dag_id} {run_id}",
            seconds,
            explain=lambda: f"{self.task_states(dag_id, run_id)}\n{self.tail()}",
        )
        return self.task_states(dag_id, run_id)

    def tail(self) -> str:
        """The end of what the processes printed, for a failing test."""
        return "\n".join(f"== {path}\n{path.read_text()[-3000:]}" for path in self.home.glob("*.out"))

    def _spawn(self, *arguments: str) -> None:
        with (self.home / f"{arguments[0]}.out").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "airflow", *arguments],
                env=self.variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)

    def _process(self, name: str) -> subprocess.Popen[bytes]:
        return next(one for one in self.processes if self._arguments_of(one)[0] == name)

    @staticmethod
    def _arguments_of(process: subprocess.Popen[bytes]) -> list[str]:
        """What stands after `python -m airflow`."""
        assert isinstance(process.args, list)
        return [str(argument) for argument in process.args[3:]]

    def _has_column(self, table: str, column: str) -> bool:
        return any(row[1] == column for row in self.query(f"pragma table_info({table})"))


@contextmanager
def running_airflow(
    folder: Path,
    dags: Path,
    variables: Mapping[str, str] | None = None,
    *,
    triggerer: bool = False,
    rest: bool = False,
) -> Iterator[RunningAirflow]:
    """A real Airflow over a DAGs folder and with further variables, started, and stopped at the end."""
    home = folder / "airflow"
    home.mkdir()
    airflow = RunningAirflow(home, dags, {**_variables(home, dags), **(variables or {})}, triggerer, rest)
    try:
        airflow.start()
        yield airflow
    finally:
        airflow.stop()


def wait_for(
    ready: Callable[[], T], what: str, seconds: float = 60, explain: Callable[[], str] = lambda: ""
) -> T:
    """Wait until something is so; what it was then."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = ready()
        except (sqlite3.OperationalError, IndexError):  # not there yet
            found = None
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}\n{explain()}"
        time.sleep(0.3)


def alive(pids: Sequence[int]) -> list[int]:
    """Those of the processes that still run."""
    return [
        pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    ]


def _tree(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """A process and all that it started; nothing once it has ended."""
    try:
        top = psutil.Process(process.pid)
        return [top, *top.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _variables(home: Path, dags: Path) -> dict[str, str]:
    """The environment of every Airflow process: loopback only, quick to see changes."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "core__dags_folder": dags,
        "core__load_examples": False,
        "core__dags_are_paused_at_creation": False,
        "core__executor": "LocalExecutor",
        "core__parallelism": 8,
        "core__execution_api_server_url": f"http://127.0.0.1:{port}/execution/",
        "core__simple_auth_manager_all_admins": True,
        "api__host": "127.0.0.1",
        "api__port": port,
        "api__base_url": f"http://127.0.0.1:{port}",
        "api__secret_key": secrets.token_hex(16),
        "api__auth_backends": "airflow.api.auth.backend.default",
        "webserver__web_server_host": "127.0.0.1",
        "webserver__web_server_port": port,
        "webserver__secret_key": secrets.token_hex(16),
        "api_auth__jwt_secret": secrets.token_hex(32),
        "database__sql_alchemy_conn": f"sqlite:///{home / 'airflow.db'}?timeout=20",
        "dag_processor__min_file_process_interval": 2,
        "dag_processor__refresh_interval": 1,
        "scheduler__min_file_process_interval": 2,
        "scheduler__dag_dir_list_interval": 1,
        "scheduler__parsing_processes": 1,
        "scheduler__job_heartbeat_sec": 1,
        "scheduler__scheduler_heartbeat_sec": 1,
        "scheduler__enable_health_check": False,
        "workers__min_heartbeat_interval": 1,
        "logging__colored_console_log": False,
        "usage_data_collection__enabled": False,
    }
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIRFLOW_", "JOBKIT_", "_AIRFLOW"))
    }
    return {
        **inherited,
        **{f"AIRFLOW__{name.upper()}": str(value) for name, value in settings.items()},
        "AIRFLOW_HOME": str(home),
        "JOBKIT_ENV": "local",
        # 2.x lets only one task at a time run on SQLite otherwise.
        "_AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK": "1",
    }
