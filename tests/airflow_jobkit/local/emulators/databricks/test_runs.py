"""Runs that are really carried out: how they end, and what is told of them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

ONCE = {"idempotency_token": "once"}
SHOWS = """
    import json, os, sys
    print(json.dumps({"argv": sys.argv[1:], "variables": dict(os.environ), "python": sys.executable}))
"""
SLEEPS = """
    import time
    print("asleep", flush=True)
    time.sleep(600)
"""
SAYS_ITS_VERSION = """
    import code_of_team
    print(code_of_team.VERSION)
"""


def shown(output: dict[str, Any]) -> dict[str, Any]:
    """What the script SHOWS printed."""
    found: dict[str, Any] = json.loads(output["logs"])
    return found


def milliseconds() -> int:
    return time.time_ns() // 1_000_000


def is_running(run: dict[str, Any]) -> bool:
    return run["state"]["life_cycle_state"] == "RUNNING"


def test_a_script_that_returns_ends_in_success(workspace: Any) -> None:
    """Both the older and the newer account of it say so."""
    run = workspace.ran(workspace.single("print('done')"))

    assert run["state"] == {
        "life_cycle_state": "TERMINATED",
        "result_state": "SUCCESS",
        "state_message": "",
        "user_cancelled_or_timedout": False,
        "queue_reason": "",
    }
    assert run["status"]["termination_details"] == {"code": "SUCCESS", "type": "SUCCESS", "message": ""}
    output = workspace.output(run)
    assert (output["logs"], output["logs_truncated"]) == ("done\n", False)
    assert "error" not in output


def test_arguments_reach_the_script_as_they_are(workspace: Any) -> None:
    """Empty ones, blanks, quotes and non-ASCII included."""
    given = ["--a", "", "b c", "'\"$HOME", "ü", "--k=v", "{{x}}"]

    run = workspace.ran(workspace.single(SHOWS, *given))

    assert shown(workspace.output(run))["argv"] == given
    assert run["tasks"][0]["spark_python_task"]["parameters"] == given


def test_variables_of_the_cluster_reach_the_script(workspace: Any) -> None:
    """But for its Python and its Java, which are not on this machine; the job sees a Databricks runtime."""
    cluster = {
        "spark_version": "15.4.x-scala2.12",
        "num_workers": "1",
        "spark_env_vars": {
            "ENV": "dev",
            "PYSPARK_PYTHON": "/databricks/python3/bin/python3",
            "JAVA_HOME": "/usr/lib/jvm/of-the-cluster",
        },
    }

    found = shown(workspace.output(workspace.ran(workspace.single(SHOWS, new_cluster=cluster))))

    assert found["variables"]["ENV"] == "dev"
    assert found["variables"]["PYSPARK_PYTHON"] == found["python"]
    assert found["variables"].get("JAVA_HOME") != "/usr/lib/jvm/of-the-cluster"
    assert found["variables"]["DATABRICKS_RUNTIME_VERSION"] == "15.4"


@pytest.mark.parametrize(
    ("source", "error"),
    [
        pytest.param(
            "raise ValueError('no such month: 13')", "ValueError: no such month: 13", id="an exception"
        ),
        pytest.param("import sys; sys.exit(3)", "SystemExit: 3", id="an exit code"),
        pytest.param("import sys; sys.exit('bad luck')", "SystemExit: bad luck", id="an exit message"),
        pytest.param(
            "import os; os._exit(7)", "The Python process exited with exit code 7.", id="a hard exit"
        ),
        pytest.param(
            "import os; os.kill(os.getpid(), 9)",
            "The Python process exited with exit code 137 (SIGKILL).",
            id="a signal",
        ),
    ],
)
def test_a_script_that_fails_says_why_in_its_output(workspace: Any, source: str, error: str) -> None:
    """The run itself says only that the workload failed, as the service does."""
    run = workspace.ran(workspace.single(source))

    assert run["state"]["life_cycle_state"] == "TERMINATED"
    assert run["state"]["result_state"] == "FAILED"
    assert run["state"]["state_message"] == "Workload failed, see run output for details"
    assert run["status"]["termination_details"]["code"] == "RUN_EXECUTION_ERROR"
    assert workspace.output(run)["error"] == error


def test_the_trace_of_an_error_holds_its_causes(workspace: Any) -> None:
    """And begins with the first of them, not with what was printed before."""
    source = """
        import sys
        print("some noise", file=sys.stderr)
        try:
            {}["key"]
        except KeyError as error:
            raise ValueError("wrapped") from error
    """

    trace = workspace.output(workspace.ran(workspace.single(source)))["error_trace"]

    assert trace.startswith("Traceback (most recent call last):")
    assert "KeyError: 'key'" in trace
    assert trace.endswith("ValueError: wrapped")


def test_a_cancelled_run_goes_through_terminating_and_its_script_ends(workspace: Any, gate: Any) -> None:
    """The call comes back at once."""
    stubborn = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + gate.source
    run_id = workspace.submit(workspace.single(stubborn))
    gate.await_begun()

    assert workspace.call("POST", "jobs/runs/cancel", {"run_id": run_id}).json == {}

    assert workspace.get(run_id)["state"]["life_cycle_state"] == "TERMINATING"
    gate.open()
    run = workspace.ended(run_id)
    assert run["state"]["result_state"] == "CANCELED"
    assert run["state"]["user_cancelled_or_timedout"] is True
    assert run["status"]["termination_details"]["code"] == "USER_CANCELED"
    assert workspace.output(run)["logs"] == "begun\n"


def test_a_run_is_cancelled_before_its_cluster_is_there(workspaces: Any) -> None:
    """Its script never starts."""
    workspace = workspaces.start(cluster_start_seconds=60)
    run_id = workspace.submit(workspace.single(SLEEPS))
    assert workspace.get(run_id)["state"]["life_cycle_state"] == "PENDING"

    workspace.call("POST", "jobs/runs/cancel", {"run_id": run_id})

    assert workspace.ended(run_id)["state"]["result_state"] == "CANCELED"
    assert not (workspaces.folder / "jobs").exists()


def test_cancelling_a_run_that_ended_changes_nothing(workspace: Any) -> None:
    run = workspace.ran(workspace.single(""))

    assert workspace.call("POST", "jobs/runs/cancel", {"run_id": run["run_id"]}).status == 200

    assert workspace.get(run["run_id"]) == run


def test_cancel_all_ends_the_runs_of_one_job(workspace: Any) -> None:
    """Each one-time run has a job of its own."""
    run_id = workspace.submit(workspace.single(SLEEPS))
    other = workspace.submit(workspace.single(SLEEPS))

    workspace.call("POST", "jobs/runs/cancel-all", {"job_id": workspace.get(run_id)["job_id"]})

    assert workspace.ended(run_id)["state"]["result_state"] == "CANCELED"
    assert workspace.get(other)["state"]["life_cycle_state"] in ("PENDING", "RUNNING")


@pytest.mark.parametrize("seconds", [1, "1"], ids=["a number", "a text, as stock operators send"])
def test_a_run_that_takes_too_long_times_out(workspace: Any, seconds: int | str) -> None:
    run = workspace.ran(workspace.single(SLEEPS, timeout_seconds=seconds))

    assert run["state"]["life_cycle_state"] == "TERMINATED"
    assert run["state"]["result_state"] == "TIMEDOUT"
    assert run["state"]["user_cancelled_or_timedout"] is True


def test_a_task_that_takes_too_long_times_out_and_fails_its_run(workspace: Any) -> None:
    task = {
        "task_key": "slow",
        "timeout_seconds": 1,
        "new_cluster": {"spark_version": "15.4.x-scala2.12", "num_workers": 0},
        "spark_python_task": {"python_file": workspace.script(SLEEPS)},
    }

    run = workspace.ran({"tasks": [task]})

    assert run["tasks"][0]["state"]["result_state"] == "TIMEDOUT"
    assert run["state"]["result_state"] == "FAILED"
    assert run["state"]["state_message"] == "Task slow failed with message: Run timed out."


def test_a_token_finds_the_run_it_started_and_starts_nothing(workspace: Any) -> None:
    """Whatever became of the run, and whatever else is asked for."""
    request = workspace.single("raise SystemExit(1)", idempotency_token="t" * 64)
    first = workspace.ran(request)

    assert workspace.submit(request) == first["run_id"]
    assert workspace.submit({**request, "run_name": "another"}) == first["run_id"]
    assert len(workspace.call("GET", "jobs/runs/list").json["runs"]) == 1


def test_two_submissions_without_a_token_are_two_runs(workspace: Any) -> None:
    request = workspace.single("")

    assert workspace.submit(request) != workspace.submit(request)


def test_a_token_whose_run_was_deleted_is_refused(workspaces: Any) -> None:
    """Also after the emulator was started again."""
    workspace = workspaces.start()
    request = workspace.single("", **ONCE)
    run_id = workspace.ran(request)["run_id"]
    assert workspace.call("POST", "jobs/runs/delete", {"run_id": run_id}).json == {}

    workspace = workspaces.start()

    assert workspace.call("POST", "jobs/runs/submit", request).status == 400
    assert workspace.call("GET", "jobs/runs/get", {"run_id": run_id}).status == 400


def test_an_active_run_is_not_deleted(workspace: Any) -> None:
    run_id = workspace.submit(workspace.single(SLEEPS))

    assert workspace.call("POST", "jobs/runs/delete", {"run_id": run_id}).status == 400

    assert workspace.get(run_id)["run_id"] == run_id


def test_runs_outlive_the_emulator_and_what_was_active_is_over(workspaces: Any) -> None:
    """With their ids, outputs and tokens."""
    workspace = workspaces.start()
    done = workspace.ran(workspace.single("print('done')", **ONCE))
    active = workspace.submit(workspace.single(SLEEPS))
    workspace.until(active, is_running)

    workspace = workspaces.start()

    again = workspace.get(done["run_id"])
    assert {**again, "run_page_url": ""}["state"] == done["state"]
    assert (again["job_id"], again["start_time"]) == (done["job_id"], done["start_time"])
    assert workspace.output(again)["logs"] == "done\n"
    assert workspace.submit(workspace.single("", **ONCE)) == done["run_id"]
    assert workspace.get(active)["state"]["life_cycle_state"] == "INTERNAL_ERROR"


def test_tasks_have_ids_of_their_own_and_the_run_has_no_output(workspace: Any) -> None:
    """The service refuses to give the output of a run with a list of tasks, even of one."""
    task = {
        "task_key": "main",
        "existing_cluster_id": "1121-000000-abc",
        "spark_python_task": {"python_file": workspace.script("print('hello')")},
    }

    run = workspace.ran({"run_name": "several", "tasks": [task]})

    assert run["format"] == "MULTI_TASK"
    assert run["tasks"][0]["run_id"] != run["run_id"]
    assert workspace.output(run)["logs"] == "hello\n"
    refused = workspace.call("GET", "jobs/runs/get-output", {"run_id": run["run_id"]})
    assert (refused.status, refused.json) == (
        400,
        {
            "error_code": "INVALID_PARAMETER_VALUE",
            "message": "Retrieving the output of runs with multiple tasks is not supported. "
            "Please retrieve the output of each individual task run instead.",
        },
    )
    own = workspace.get(run["tasks"][0]["run_id"])
    assert own["state"] == run["tasks"][0]["state"]


def test_the_older_form_is_one_task_with_the_runs_own_id(workspace: Any) -> None:
    """Its key is the run's name, and its state the run's."""
    run = workspace.ran(workspace.single("raise ValueError(1)"))

    assert run["format"] == "SINGLE_TASK"
    assert (run["tasks"][0]["run_id"], run["tasks"][0]["task_key"]) == (run["run_id"], "a_run")
    assert run["tasks"][0]["state"] == run["state"]


def test_a_task_waits_for_those_it_depends_on_and_is_skipped_when_one_fails(
    workspace: Any, gate: Any
) -> None:
    """The run says which task failed, and that others were skipped."""
    cluster = {"existing_cluster_id": "1121-000000-abc"}

    def task(key: str, source: str, *needed: str) -> dict[str, Any]:
        python = {"python_file": workspace.script(source, f"{key}.py")}
        depends_on = [{"task_key": name} for name in needed]
        return {"task_key": key, "spark_python_task": python, "depends_on": depends_on, **cluster}

    run_id = workspace.submit(
        {
            "tasks": [
                task("last", "", "broken"),
                task("broken", "raise ValueError", "first"),
                task("first", gate.source),
            ]
        }
    )
    gate.await_begun()
    waiting = {task["task_key"]: task["state"]["life_cycle_state"] for task in workspace.get(run_id)["tasks"]}
    assert waiting == {"first": "RUNNING", "broken": "BLOCKED", "last": "BLOCKED"}
    gate.open()
    run = workspace.ended(run_id)

    states = {task["task_key"]: task["state"]["result_state"] for task in run["tasks"]}
    assert states == {"first": "SUCCESS", "broken": "FAILED", "last": "UPSTREAM_FAILED"}
    times = {task["task_key"]: task for task in run["tasks"]}
    assert times["broken"]["start_time"] >= times["first"]["end_time"]
    assert run["state"]["life_cycle_state"] == "INTERNAL_ERROR"
    assert run["state"]["state_message"] == (
        "Task broken failed with message: Workload failed, see run output for details. "
        "This caused all downstream tasks to get skipped."
    )


def test_times_are_milliseconds_and_the_end_is_zero_until_it_comes(workspace: Any, gate: Any) -> None:
    before = milliseconds()
    run_id = workspace.submit(workspace.single(gate.source))
    gate.await_begun()
    began = milliseconds()
    running = workspace.get(run_id)
    ended = milliseconds()
    gate.open()
    run = workspace.ended(run_id)

    assert running["end_time"] == 0
    assert before <= run["start_time"] <= began <= ended <= run["end_time"] <= milliseconds()
    assert ended - began <= run["execution_duration"] <= milliseconds() - before
    task = run["tasks"][0]
    assert task["end_time"] - task["start_time"] == task["setup_duration"] + task["execution_duration"]


def test_logs_keep_their_last_five_megabytes(workspace: Any) -> None:
    output = workspace.output(workspace.ran(workspace.single("print('x' * 6_000_000); print('end')")))

    assert output["logs_truncated"] is True
    assert len(output["logs"]) == 5 * 1024 * 1024
    assert output["logs"].endswith("end\n")


def test_a_missing_script_ends_the_run_before_it_starts(workspace: Any) -> None:
    request = workspace.single("")
    request["spark_python_task"]["python_file"] = "s3://bucket/absent.py"

    run = workspace.ran(request)

    assert run["state"]["life_cycle_state"] == "INTERNAL_ERROR"
    assert run["state"]["result_state"] == "FAILED"
    assert run["state"]["state_message"].startswith("Cannot read the python file s3://bucket/absent.py.")


@pytest.mark.parametrize(
    "place",
    [
        "dbfs:/Volumes/main/code/it.py",
        "/Volumes/main/code/it.py",
        "dbfs:/code/it.py",
        "/Workspace/code/it.py",
    ],
)
def test_files_of_the_workspace_are_in_its_folder(workspace: Any, place: str) -> None:
    """Volumes, DBFS and workspace files each in a folder of their own."""
    folders = {"dbfs:/Volumes": "volumes", "/Volumes": "volumes", "dbfs:": "dbfs", "/Workspace": "workspace"}
    start = next(start for start in folders if place.startswith(start))
    file = workspace.folder / folders[start] / place.removeprefix(start).lstrip("/")
    file.parent.mkdir(parents=True)
    file.write_text("print('found')")
    request = workspace.single("")
    request["spark_python_task"]["python_file"] = place

    assert workspace.output(workspace.ran(request))["logs"] == "found\n"


def test_a_path_that_leads_out_of_the_workspace_finds_nothing(workspace: Any) -> None:
    outside = workspace.folder.parent / "outside.py"
    outside.write_text("print('reached')")
    request = workspace.single("")
    request["spark_python_task"]["python_file"] = "/Volumes/../../outside.py"

    assert workspace.ran(request)["state"]["life_cycle_state"] == "INTERNAL_ERROR"


def test_wheels_are_installed_unpacked(workspace: Any) -> None:
    """A file beside the code is a file, and no entry of an archive."""
    wheel = workspace.wheel(
        "code_of_team-1.0-py3-none-any.whl",
        code_of_team="import pathlib; VERSION = pathlib.Path(__file__).is_file()",
    )

    run = workspace.ran(workspace.single(SAYS_ITS_VERSION, libraries=[{"whl": wheel}]))

    assert workspace.output(run)["logs"] == "True\n"


def test_a_missing_wheel_is_an_installation_error(workspace: Any) -> None:
    """The script does not start."""
    wheel = "s3://bucket/absent-1.0-py3-none-any.whl"

    run = workspace.ran(workspace.single("print('started')", libraries=[{"whl": wheel}]))

    assert run["state"]["life_cycle_state"] == "INTERNAL_ERROR"
    assert run["state"]["result_state"] == "FAILED"
    assert run["state"]["state_message"].startswith(
        f'Library installation failed for library due to user error for whl: "{wheel}"\n Error messages:\n'
    )
    assert run["status"]["termination_details"]["code"] == "LIBRARY_INSTALLATION_ERROR"
    assert "logs" not in workspace.output(run)


def test_a_file_that_is_no_wheel_is_an_installation_error(workspace: Any) -> None:
    (workspace.bucket / "bad-1.0-py3-none-any.whl").write_text("no archive")

    run = workspace.ran(workspace.single("", libraries=[{"whl": "s3://bucket/bad-1.0-py3-none-any.whl"}]))

    assert "is invalid" in run["state"]["state_message"]


def test_libraries_of_an_existing_cluster_stay_and_the_first_version_wins(workspace: Any) -> None:
    """They are shared by all that runs there; another cluster knows nothing of them."""
    old = workspace.wheel("code_of_team-1.0-py3-none-any.whl", code_of_team="VERSION = 1")
    new = workspace.wheel("code_of_team-2.0-py3-none-any.whl", code_of_team="VERSION = 2")

    def says(cluster: str, *wheels: str) -> str:
        libraries = [{"whl": wheel} for wheel in wheels]
        request = workspace.single(SAYS_ITS_VERSION, existing_cluster_id=cluster, libraries=libraries)
        return str(workspace.output(workspace.ran(request))["logs"]).splitlines()[-1]

    assert says("shared", old) == "1"
    assert says("shared", new) == "1"
    assert says("shared") == "1"
    assert says("other", new) == "2"
    assert "ModuleNotFoundError" in says("third")


def test_libraries_of_a_new_cluster_go_with_it(workspace: Any) -> None:
    wheel = workspace.wheel("code_of_team-1.0-py3-none-any.whl", code_of_team="VERSION = 1")

    workspace.ran(workspace.single(SAYS_ITS_VERSION, libraries=[{"whl": wheel}]))

    assert list((workspace.folder / "clusters").iterdir()) == []


def test_a_serverless_task_takes_wheels_from_its_environment(workspace: Any) -> None:
    wheel = workspace.wheel("code_of_team-3.0-py3-none-any.whl", code_of_team="VERSION = 3")
    task = {
        "task_key": "main",
        "environment_key": "default",
        "spark_python_task": {"python_file": workspace.script(SAYS_ITS_VERSION)},
    }
    environment = {"environment_key": "default", "spec": {"client": "2", "dependencies": [wheel]}}

    run = workspace.ran({"tasks": [task], "environments": [environment]})

    assert workspace.output(run)["logs"] == "3\n"
    assert "cluster_instance" not in run["tasks"][0]


def test_an_existing_cluster_that_does_not_exist_ends_the_run(workspaces: Any) -> None:
    workspace = workspaces.start(clusters=["1121-000000-known"])

    known = workspace.ran(workspace.single("", existing_cluster_id="1121-000000-known"))
    unknown = workspace.ran(workspace.single("", existing_cluster_id="1121-000000-gone"))

    assert known["state"]["result_state"] == "SUCCESS"
    assert unknown["state"]["life_cycle_state"] == "INTERNAL_ERROR"
    assert unknown["state"]["state_message"] == (
        "Run executed on existing cluster ID 1121-000000-gone failed since the cluster does not exist."
    )


@pytest.mark.spark
def test_a_wheel_and_a_script_run_on_spark(workspace: Any) -> None:
    """Although the cluster names a Python that is not here; workers import the wheel, too."""
    wheel = workspace.wheel("code_of_team-1.0-py3-none-any.whl", code_of_team="def twice(x): return 2 * x")
    cluster = {
        "spark_version": "15.4.x-scala2.12",
        "num_workers": 1,
        "spark_env_vars": {"PYSPARK_PYTHON": "/databricks/python3/bin/python3"},
    }
    source = """
        from pyspark.sql import SparkSession
        from pyspark.sql.functions import udf
        from code_of_team import twice

        spark = SparkSession.builder.getOrCreate()
        rows = spark.range(4).select(udf(twice, "long")("id").alias("doubled")).collect()
        print("sum", sum(row.doubled for row in rows))
    """

    run = workspace.ran(workspace.single(source, new_cluster=cluster, libraries=[{"whl": wheel}]))

    output = workspace.output(run)
    assert output["logs"].startswith("sum 12\n"), output
