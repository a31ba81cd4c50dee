"""What reaches the job: its arguments, its Envelope, its code, its variables and its interpreter."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from task_context import LOGICAL_DATE, ProbeProject, TaskContext

from airflow_jobkit.engines.local.options import Options
from airflow_jobkit.errors import EngineError, UnknownNotifierError
from airflow_jobkit.spec.project_keys import DatasetSpec

ECHO = "def main(**kwargs):\n    return kwargs\n"

IDENTITY = """
    import dataclasses, json
    from jobkit_runtime import AbstractJob

    class Identity(AbstractJob[None]):
        def execute(self, ctx):
            return json.loads(json.dumps(dataclasses.asdict(ctx.run), default=str))
"""

PROCESS = """
    import os, platform, sys
    import jobkit_runtime, probe

    def main(**kwargs):
        return {
            "variables": dict(os.environ),
            "probe": probe.__file__,
            "runtime": jobkit_runtime.__file__,
            "python": sys.executable,
            "python_version": platform.python_version(),
            "argv": sys.argv,
        }
"""


def metrics(context: TaskContext) -> Mapping[str, Any]:
    """What the job returned."""
    summary = context.run()
    assert summary["status"] == "success"
    found: Mapping[str, Any] = summary["metrics"]
    return found


class TestArguments:
    def test_an_argument_without_a_value_is_left_out_so_that_its_default_holds(
        self, project: ProbeProject
    ) -> None:
        project.publish("1.0.0", echo=ECHO)
        task = project.task("echo", job_args={"month": None, "year": 2013})
        assert metrics(TaskContext(task)) == {"year": "2013"}

    def test_every_value_arrives_as_text_that_reads_back(self, project: ProbeProject) -> None:
        source = """
            import datetime as dt

            def main(flag: bool, day: dt.date, names: list[str], sizes: dict[str, int], text, rate: float):
                return {key: repr(value) for key, value in locals().items()}
        """
        project.publish("1.0.0", typed=source)
        job_args = {
            "flag": False,
            "day": dt.date(2026, 1, 31),
            "names": ["a b", "--c"],
            "sizes": {"s": 1},
            "text": "--looks like=an argument\nü",
            "rate": 0.5,
        }
        assert metrics(TaskContext(project.task("typed", job_args=job_args))) == {
            "flag": "False",
            "day": "datetime.date(2026, 1, 31)",
            "names": "['a b', '--c']",
            "sizes": "{'s': 1}",
            "text": repr(job_args["text"]),
            "rate": "0.5",
        }

    def test_arguments_are_templates_over_params_and_dates(self, project: ProbeProject) -> None:
        project.publish("1.0.0", echo=ECHO)
        task = project.task("echo", job_args={"version": "{{ params.code_version }}", "run": "{{ run_id }}"})
        context = TaskContext(task, run_id="monday")
        assert metrics(context) == {"version": "1.0.0", "run": "monday"}

    def test_a_version_and_a_notifier_may_be_templates(self, project: ProbeProject, task_log: Any) -> None:
        project.publish("2.0.0", echo=ECHO)
        task = project.task(
            "echo", code_version="{{ params.wanted }}", notification_service_type="{{ params.told }}"
        )
        summary = TaskContext(task, conf={"wanted": "2.0.0", "told": "LOG"}).run()
        assert summary["code_version"] == "2.0.0"
        assert "notification: probe.echo 2.0.0: success" in task_log()

    def test_template_fields_are_plain_attributes_that_hold_what_was_given(
        self, project: ProbeProject
    ) -> None:
        """Airflow stores them with the DAG before anything is rendered."""
        given = {
            "job_args": {"month": "{{ params.month }}"},
            "code_version": "2.0.0",
            "notification_service_type": "LOG",
        }
        task = project.task("echo", **given)
        assert set(task.template_fields) == given.keys()
        assert {name: vars(task)[name] for name in task.template_fields} == given
        assert task.job_args is given["job_args"]


class TestEnvelope:
    def test_the_job_knows_who_asked_for_it(self, project: ProbeProject) -> None:
        digest = project.publish("1.0.0", identity=IDENTITY).digest
        run_id = "scheduled__2026-01-01T06:00:00+00:00"
        context = TaskContext(project.task("identity"), run_id=run_id, try_number=2, max_tries=3, map_index=4)
        seen = metrics(context)
        assert {name: seen[name] for name in seen if name != "run_key"} == {
            "engine": "local",
            "dag_id": "probe_dag",
            "run_id": run_id,
            "task_id": "task",
            "map_index": 4,
            "try_number": 2,
            "generation": 3,
            "logical_date": str(LOGICAL_DATE),
            "data_interval_start": str(LOGICAL_DATE),
            "data_interval_end": str(LOGICAL_DATE + dt.timedelta(days=1)),
            "environment": "local",
            "code_version": "1.0.0",
            "code_digest": digest,
        }
        assert len(seen["run_key"]) == 32

    def test_an_envelope_that_is_too_large_for_an_argument_travels_by_pointer(
        self, project: ProbeProject
    ) -> None:
        project.publish("1.0.0", process=PROCESS)
        # Not compressible, as a list of real paths hardly is either.
        datasets = {
            f"dataset_{n}": DatasetSpec(path=f"/data/{os.urandom(40).hex()}", schema=None)
            for n in range(1500)
        }
        context = TaskContext(project.task("process", settings=project.settings(datasets=datasets)))
        argv = metrics(context)["argv"]
        pointer = argv[argv.index("--jobkit_envelope") + 1]
        assert pointer.startswith(f"@{project.runs_root}/probe_dag/")
        assert Path(pointer[1:]).stat().st_size > 64 * 1024
        again = metrics(context.retried())["argv"]
        assert again[again.index("--jobkit_envelope") + 1] != pointer

    def test_an_ordinary_envelope_is_in_the_argument_itself(self, project: ProbeProject) -> None:
        project.publish("1.0.0", process=PROCESS)
        argv = metrics(TaskContext(project.task("process")))["argv"]
        assert not argv[argv.index("--jobkit_envelope") + 1].startswith("@")
        assert not list(project.runs_root.rglob("envelope*"))


class TestNotifier:
    NOTIFIER = """
        import pathlib

        class ToFile:
            def __init__(self, path):
                self.path = path

            def notify(self, event):
                pathlib.Path(self.path).write_text(event.summary())
    """

    def test_a_notifier_of_the_teams_own_gets_its_settings(
        self, project: ProbeProject, tmp_path: Path
    ) -> None:
        project.publish("1.0.0", echo=ECHO, notifiers=self.NOTIFIER)
        told = tmp_path / "told"
        services = {"FILE": {"class": "probe.notifiers:ToFile", "path": str(told)}}
        task = project.task("echo", settings=project.settings(notifiers=services))
        TaskContext(task, conf={"notification_service_type": "FILE"}).run()
        assert told.read_text().startswith("probe.echo 1.0.0: success")
        assert services["FILE"]["class"] == "probe.notifiers:ToFile"

    @pytest.mark.parametrize("by", ["by the task", "by the trigger form"])
    def test_its_settings_never_are_in_an_argument_since_they_may_be_secret(
        self, project: ProbeProject, by: str
    ) -> None:
        project.publish("1.0.0", process=PROCESS, notifiers=self.NOTIFIER)
        services = {"FILE": {"class": "probe.notifiers:ToFile", "path": "/dev/null"}}
        chosen = {"notification_service_type": "FILE"}
        arguments = chosen if by == "by the task" else {}
        task = project.task("process", settings=project.settings(notifiers=services), **arguments)
        argv = metrics(TaskContext(task, conf={} if arguments else chosen))["argv"]
        assert argv[argv.index("--jobkit_envelope") + 1].startswith(f"@{project.runs_root}/probe_dag/")

    def test_a_notifier_without_settings_needs_no_file(self, project: ProbeProject) -> None:
        project.publish("1.0.0", process=PROCESS, notifiers=self.NOTIFIER)
        services = {"FILE": {"class": "probe.notifiers:ToFile", "path": "/dev/null"}}
        task = project.task(
            "process", settings=project.settings(notifiers=services), notification_service_type="LOG"
        )
        argv = metrics(TaskContext(task))["argv"]
        assert not argv[argv.index("--jobkit_envelope") + 1].startswith("@")

    def test_an_unknown_notifier_is_named_with_the_known_ones_before_anything_starts(
        self, project: ProbeProject, task_log: Any
    ) -> None:
        project.publish("1.0.0", echo=ECHO)
        task = project.task("echo", settings=project.settings(notifiers={"FILE": {}}))
        context = TaskContext(task, conf={"notification_service_type": "PIGEON"})
        with pytest.raises(
            UnknownNotifierError, match="no notifier 'PIGEON'; choose one of FILE, LOG, NOOP, SNS"
        ):
            context.run()
        assert "running as process" not in task_log()

    def test_a_notifier_that_fails_is_a_warning_and_the_run_stays_good(self, project: ProbeProject) -> None:
        project.publish("1.0.0", echo=ECHO, notifiers=self.NOTIFIER)
        services = {"FILE": {"class": "probe.notifiers:ToFile", "path": "/no/such/folder/told"}}
        settings = project.settings(notifiers=services, notification_service_type="FILE")
        task = project.task("echo", settings=settings, notification_service_type="FILE")
        summary = TaskContext(task).run()
        assert summary["status"] == "success"
        assert "notification FILE failed: FileNotFoundError" in summary["warnings"][0]


class TestProcess:
    @pytest.fixture
    def process(self, project: ProbeProject) -> TaskContext:
        project.publish("1.0.0", process=PROCESS)
        return TaskContext(project.task("process"))

    def test_airflows_own_variables_do_not_reach_the_job_and_others_do(
        self, process: TaskContext, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        secrets = (
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
            "AIRFLOW__CORE__FERNET_KEY_CMD",
            "_AIRFLOW_WWW_USER_PASSWORD",
            "_AIRFLOW__AS_LIBRARY_SECRET",
            "AIRFLOW_CONN_WAREHOUSE",
            "AIRFLOW_VAR_TOKEN",
        )
        for name in secrets:
            monkeypatch.setenv(name, "secret")
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        variables = metrics(process)["variables"]
        assert not {name for name in variables if "AIRFLOW__" in name}
        assert not variables.keys() & set(secrets)
        assert "secret" not in variables.values()
        assert variables["AWS_REGION"] == "eu-central-1"

    def test_the_wheels_come_before_packages_of_the_same_name_in_pythonpath(
        self, process: TaskContext, project: ProbeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("probe", "jobkit_runtime"):
            (tmp_path / "elsewhere" / name).mkdir(parents=True)
            (tmp_path / "elsewhere" / name / "__init__.py").write_text("raise SystemExit('the wrong one')\n")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "elsewhere"))
        seen = metrics(process)
        wheels = f"{project.code_root}/releases/1.0.0/wheels/"
        assert seen["probe"].startswith(wheels)
        assert seen["runtime"].startswith(wheels)
        assert seen["variables"]["PYTHONPATH"].split(os.pathsep)[-1] == str(tmp_path / "elsewhere")

    def test_options_reach_the_job_as_variables(self, project: ProbeProject) -> None:
        project.publish("1.0.0", process=PROCESS)
        options = Options(master="local[2]", conf={"spark.driver.memory": "2g"})
        variables = metrics(TaskContext(project.task("process", options=options)))["variables"]
        assert variables["JOBKIT_SPARK_MASTER"] == "local[2]"
        assert variables["JOBKIT_SPARK_CONF"] == '{"spark.driver.memory": "2g"}'

    def test_the_options_of_the_project_hold_where_the_task_has_none(self, project: ProbeProject) -> None:
        project.publish("1.0.0", process=PROCESS)
        settings = project.settings(options={"local": Options(master="local[3]")})
        variables = metrics(TaskContext(project.task("process", settings=settings)))["variables"]
        assert variables["JOBKIT_SPARK_MASTER"] == "local[3]"


class TestInterpreter:
    def test_it_is_airflows_own_where_nobody_names_another(
        self, project: ProbeProject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("JOBKIT_SPARK_PYTHON", raising=False)
        project.publish("1.0.0", process=PROCESS)
        assert metrics(TaskContext(project.task("process")))["python"] == sys.executable

    @pytest.mark.parametrize("named_by", ["the variable", "the option"])
    def test_it_is_the_one_that_is_named(
        self, project: ProbeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named_by: str
    ) -> None:
        python = tmp_path / "python"
        python.write_text(f'#!/bin/sh\nNAMED=yes exec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        monkeypatch.setenv("JOBKIT_SPARK_PYTHON", str(python) if named_by == "the variable" else "/missing")
        options = Options(python=str(python)) if named_by == "the option" else Options()
        project.publish("1.0.0", process=PROCESS)
        task = project.task("process", options=options)
        assert metrics(TaskContext(task))["variables"]["NAMED"] == "yes"

    def test_one_that_is_missing_is_named_with_the_remedy(
        self, project: ProbeProject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("JOBKIT_SPARK_PYTHON", "/missing/python3")
        project.publish("1.0.0", process=PROCESS)
        with pytest.raises(
            EngineError,
            match=r"cannot start /missing/python3: No such file or directory; set JOBKIT_SPARK_PYTHON, or "
            r"`local: \{python: \.\.\.\}`, to an interpreter that has pyspark",
        ):
            TaskContext(project.task("process")).run()

    @pytest.mark.parametrize("version", ["3.10", "3.13"])
    def test_the_job_runs_on_a_python_that_airflow_does_not(
        self, project: ProbeProject, monkeypatch: pytest.MonkeyPatch, version: str
    ) -> None:
        monkeypatch.setenv("JOBKIT_SPARK_PYTHON", working_python(version))
        project.publish("1.0.0", process=PROCESS)
        assert metrics(TaskContext(project.task("process")))["python_version"].startswith(f"{version}.")


def working_python(version: str) -> str:
    """An interpreter of this version on PATH or among pyenv's; skips the test where none works."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates = [shutil.which(f"python{version}"), *pyenv.glob(f"versions/{version}.*/bin/python")]
    for candidate in filter(None, map(str, filter(None, candidates))):
        # pyenv puts interpreters on PATH that fail unless they are selected.
        if subprocess.run([candidate, "-c", ""], capture_output=True).returncode == 0:
            return candidate
    pytest.skip(f"no Python {version} was found")
