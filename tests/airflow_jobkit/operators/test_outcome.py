"""What comes back from a job: its summary, or an error that says what the job itself said."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from task_context import ProbeProject, TaskContext

from airflow_jobkit.contracts.result import Result, parse_result
from airflow_jobkit.engines.states import Stage
from airflow_jobkit.errors import EngineError, JobFailedError
from airflow_jobkit.operators.local import run_end
from airflow_jobkit.operators.outcome import XCOM_LIMIT, RunEnd, RunLabel, Written, conclude

GOLDEN = Path(__file__).resolve().parents[2] / "contracts"
LABEL = RunLabel("probe.job", "1.0.0", "d" * 64, 1, "/runs/result.json")
WRITTEN = Written(1, None)
SUCCEEDED = RunEnd(True, "exit code 0", WRITTEN)


def golden_result(name: str, **changes: Any) -> Result:
    """A Result of the contract's golden files, but for these fields."""
    document = {**json.loads((GOLDEN / name).read_text()), **changes}
    return parse_result(json.dumps(document).encode(), "/runs/result.json")


def run(project: ProbeProject, source: str, **arguments: Any) -> Any:
    """Publish one module and run it once."""
    project.publish("1.0.0", job=source)
    return TaskContext(project.task("job", **arguments)).run()


def leaving(action: str, exit_code: int) -> str:
    """A job that does something with `result`, the path of its Result, and leaves at once."""
    return f"""
        import base64, json, os, pathlib, sys, zlib

        def main():
            text = sys.argv[sys.argv.index("--jobkit_envelope") + 1]
            packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            result = pathlib.Path(json.loads(zlib.decompress(packed))["result"])
            result.parent.mkdir(parents=True, exist_ok=True)
            {action}
            os._exit({exit_code})
    """


class TestSuccess:
    def test_the_summary_tells_status_version_digest_metrics_and_where_the_result_is(
        self, project: ProbeProject
    ) -> None:
        digest = project.publish("1.0.0", job="def main(**kwargs):\n    return {'seen': 3}\n").digest
        summary = TaskContext(project.task("job")).run()
        assert (summary["status"], summary["code_version"], summary["code_digest"]) == (
            "success",
            "1.0.0",
            digest,
        )
        assert summary["metrics"] == {"seen": 3}
        assert (summary["rows_in"], summary["rows_out"], summary["datasets"]) == (None, None, [])
        assert json.loads(Path(summary["result"]).read_text())["code_digest"] == digest
        assert "execute" in summary["timings"]

    def test_what_the_engine_said_of_the_end_is_in_the_log(
        self, project: ProbeProject, task_log: Any
    ) -> None:
        run(project, "def main(): pass\n")
        assert "exit code 0" in task_log()

    def test_the_summary_holds_rows_in_and_out_of_all_datasets(self) -> None:
        result = golden_result("result-v1-success.json")
        summary = conclude(SUCCEEDED, result, LABEL)
        assert (summary["rows_in"], summary["rows_out"]) == (result.rows("input"), result.rows("output"))
        assert isinstance(summary["rows_out"], int)
        assert [dataset["name"] for dataset in summary["datasets"]] == [d.name for d in result.datasets]
        assert json.loads(json.dumps(summary)) == summary

    def test_rows_are_unknown_where_one_dataset_was_not_counted(self) -> None:
        dataset = {"name": "a", "role": "output", "path": "/a", "format": "parquet"}
        counted, uncounted = {**dataset, "rows": 3}, {**dataset, "rows": None}
        result = golden_result("result-v1-success.json", datasets=[counted, uncounted])
        assert conclude(SUCCEEDED, result, LABEL)["rows_out"] is None

    def test_warnings_of_the_runtime_reach_the_log_and_the_summary(
        self, project: ProbeProject, task_log: Any
    ) -> None:
        summary = run(project, "def main(**kwargs):\n    return 3\n")
        assert summary["warnings"] == ["execute returned a int, not a mapping: no metrics"]
        warned = [line for line in task_log().splitlines() if summary["warnings"][0] in line]
        assert len(warned) == 2  # once by the job as it happened, once by the task
        assert re.search(r"\[warning|WARNING - execute", warned[1])

    def test_what_the_job_prints_reaches_the_log_with_any_bytes(
        self, project: ProbeProject, task_log: Any
    ) -> None:
        source = """
            import os, sys

            def main(**kwargs):
                os.write(1, b"one\\r\\ntwo \\xff \\xe2\\x86\\x92\\n")
                os.write(2, b"x" * 200_000 + b" the end of a long line\\n")
                os.write(1, "no newline → at the end".encode())
        """
        run(project, source)
        log = task_log()
        assert "two \ufffd →" in log
        assert "x the end of a long line" in log
        assert "no newline → at the end" in log


class TestLargeSummary:
    def test_the_longest_parts_of_a_summary_that_is_too_large_are_left_out_and_named(self) -> None:
        result = golden_result("result-v1-success.json", metrics={"text": "x" * XCOM_LIMIT})
        summary = conclude(SUCCEEDED, result, LABEL)
        assert summary["left_out"] == ["metrics"]
        assert "metrics" not in summary
        assert summary["rows_out"] == result.rows("output")
        assert len(json.dumps(summary)) < XCOM_LIMIT

    def test_status_version_and_place_are_never_left_out(self) -> None:
        many = {f"metric_{number}": "x" * 100 for number in range(1000)}
        warnings = ["y" * 1000 for _ in range(100)]
        result = golden_result("result-v1-success.json", metrics=many, warnings=warnings)
        summary = conclude(SUCCEEDED, result, LABEL)
        assert set(summary["left_out"]) == {"metrics", "warnings"}
        assert {"status", "code_version", "code_digest", "result"} <= summary.keys()

    def test_an_ordinary_summary_is_whole(self) -> None:
        assert "left_out" not in conclude(SUCCEEDED, golden_result("result-v1-success.json"), LABEL)


class TestFailure:
    RAISES = """
        def main(**kwargs):
            total = add(1, "two")

        def add(left, right):
            raise ValueError(f"cannot add {right!r} to {left}")
    """

    def test_a_job_that_raises_fails_the_task_with_its_own_message_stage_and_version(
        self, project: ProbeProject
    ) -> None:
        with pytest.raises(JobFailedError) as caught:
            run(project, self.RAISES)
        headline, _, details = str(caught.value).partition("\n")
        assert headline == (
            "ValueError: cannot add 'two' to 1 (in execute of probe.job at code version 1.0.0, try 1)"
        )
        assert "stage: job" in details
        assert details.endswith("ValueError: cannot add 'two' to 1")
        failure = caught.value.failure
        assert (failure.stage, failure.error_type, failure.retried) == (Stage.JOB, "ValueError", True)
        assert (failure.code_version, failure.try_number) == ("1.0.0", 1)

    def test_the_trace_of_a_job_that_raises_is_in_the_log(self, project: ProbeProject, task_log: Any) -> None:
        with pytest.raises(JobFailedError):
            run(project, self.RAISES)
        log = task_log()
        said = log.index("the job failed in execute:")
        trace = log[said:]
        assert "Traceback (most recent call last)" in trace
        assert "in add" in trace
        assert "ValueError: cannot add 'two' to 1" in trace

    def test_a_module_that_is_not_in_the_release_is_named(self, project: ProbeProject) -> None:
        project.publish("1.0.0", report="def main(): pass\n")
        with pytest.raises(
            JobFailedError, match=r"ModuleNameError: there is no module probe\.reprot.*report"
        ):
            TaskContext(project.task("reprot")).run()

    def test_an_argument_that_the_job_does_not_have_is_named(self, project: ProbeProject) -> None:
        with pytest.raises(JobFailedError, match=r"(?s)ArgumentError: .*monht is unknown; did you"):
            run(project, "def main(month: int = 1): pass\n", job_args={"monht": 3})

    def test_a_failed_check_is_in_the_message_of_the_contracts_example(self) -> None:
        result = golden_result("result-v1-failed.json")
        assert result.error is not None
        with pytest.raises(JobFailedError) as caught:
            conclude(RunEnd(False, "exit code 1", WRITTEN), result, LABEL)
        assert str(caught.value).startswith(f"{result.error.type}: {result.error.message}")


class TestUnknown:
    def test_success_without_a_result_is_unknown_and_holds_no_counts(
        self, project: ProbeProject, task_log: Any
    ) -> None:
        summary = run(project, "import os\ndef main(): os._exit(0)\n")
        assert summary["status"] == "unknown"
        assert set(summary) == {"status", "code_version", "code_digest", "result"}
        assert "no Result at" in task_log()

    @pytest.mark.parametrize("again", ["a retry", "the same DAG run, deleted and created again"])
    def test_a_result_that_was_there_before_does_not_count(
        self, project: ProbeProject, tmp_path: Path, task_log: Any, again: str
    ) -> None:
        source = """
            import os, pathlib

            def main(flag):
                if pathlib.Path(flag).exists():
                    os._exit(0)
                return {"seen": 3}
        """
        project.publish("1.0.0", job=source)
        first = TaskContext(project.task("job", job_args={"flag": str(tmp_path / "flag")}))
        assert first.run()["metrics"] == {"seen": 3}
        (tmp_path / "flag").touch()
        second = first.retried() if again == "a retry" else first
        assert second.run()["status"] == "unknown"
        assert "no Result at" in task_log()

    def test_a_clear_gets_a_result_of_its_own_and_a_retry_writes_to_the_same_place(
        self, project: ProbeProject
    ) -> None:
        project.publish("1.0.0", job="def main(): pass\n")
        first = TaskContext(project.task("job"))
        assert first.run()["result"] == first.retried().run()["result"] != first.cleared().run()["result"]

    @pytest.mark.parametrize(
        ("source", "said"),
        [
            pytest.param("os._exit(3)", "exit code 3", id="by leaving at once"),
            pytest.param("os.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL", id="by SIGKILL"),
            pytest.param("os.kill(os.getpid(), 40)", "killed by signal 40", id="by a signal without a name"),
        ],
    )
    def test_a_job_that_ends_without_a_word_is_an_error_of_the_engine(
        self, project: ProbeProject, source: str, said: str
    ) -> None:
        with pytest.raises(EngineError) as caught:
            run(project, f"import os, signal\ndef main(): {source}\n")
        assert str(caught.value).startswith(
            f"{said}: probe.job at code version 1.0.0, try 1 ended without saying why; "
        )


UNREADABLE = [
    pytest.param(
        "result.write_text('{\"schema\": 99}')", "schema 99.*upgrade airflow-jobkit", id="newer form"
    ),
    pytest.param("result.write_text('{')", "not a Result", id="half of one"),
    pytest.param("result.symlink_to(result)", "symbolic links", id="a place that gives an error"),
]


class TestUnreadable:
    """The run has ended, so an error that makes Airflow try again might repeat one that has succeeded."""

    @pytest.mark.parametrize(("leaves", "said"), UNREADABLE)
    def test_after_a_success_it_is_unknown_and_the_log_says_why(
        self, project: ProbeProject, task_log: Any, leaves: str, said: str
    ) -> None:
        summary = run(project, leaving(leaves, exit_code=0))
        assert summary["status"] == "unknown"
        assert set(summary) == {"status", "code_version", "code_digest", "result"}
        assert re.search(
            f"(?i)error.*the Result cannot be read, so what the job did is unknown: .*{said}", task_log()
        )

    @pytest.mark.parametrize(("leaves", "said"), UNREADABLE)
    def test_after_a_failure_the_engines_word_comes_first(
        self, project: ProbeProject, leaves: str, said: str
    ) -> None:
        with pytest.raises(EngineError, match=f"^exit code 3: probe.*its Result cannot be read: .*{said}"):
            run(project, leaving(leaves, exit_code=3))

    @pytest.mark.parametrize("exit_code", [0, 3], ids=["a success", "a failure"])
    def test_a_bucket_that_has_gone_hides_neither(
        self,
        project: ProbeProject,
        bucket: str,
        monkeypatch: pytest.MonkeyPatch,
        task_log: Any,
        exit_code: int,
    ) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")
        source = f"""
            import boto3, os

            def main():
                bucket = boto3.resource("s3").Bucket({bucket!r})
                bucket.objects.delete()
                bucket.delete()
                os._exit({exit_code})
        """
        settings = project.settings(runs_root=f"s3://{bucket}/runs")
        if exit_code == 0:
            assert run(project, source, settings=settings)["status"] == "unknown"
            assert "the Result cannot be read" in task_log()
        else:
            with pytest.raises(
                EngineError, match=r"^exit code 3: .*its Result cannot be read: .*NoSuchBucket"
            ):
                run(project, source, settings=settings)


class TestAnotherTry:
    """An orphan of an earlier try may still run, and writes to the same place."""

    GOLDEN_SUCCESS = json.loads((GOLDEN / "result-v1-success.json").read_text())

    def leaves(self, try_number: int | None, exit_code: int) -> str:
        document = json.dumps({**self.GOLDEN_SUCCESS, "try_number": try_number})
        return leaving(f"result.write_text({document!r})", exit_code)

    def test_a_result_of_another_try_does_not_count_and_the_log_names_that_try(
        self, project: ProbeProject, task_log: Any
    ) -> None:
        project.publish("1.0.0", job=self.leaves(1, exit_code=0))
        summary = TaskContext(project.task("job"), try_number=2).run()
        assert summary["status"] == "unknown"
        assert re.search(r"(?i)warning.*is that of try 1: what try 2 did is unknown", task_log())

    def test_a_failure_says_whose_result_it_is(self, project: ProbeProject) -> None:
        project.publish("1.0.0", job=self.leaves(1, exit_code=3))
        with pytest.raises(EngineError, match=r"^exit code 3: .*, try 2 ended .*is that of try 1\)"):
            TaskContext(project.task("job"), try_number=2).run()

    @pytest.mark.parametrize("try_number", [2, None], ids=["of this try", "that names no try"])
    def test_a_result_counts(self, project: ProbeProject, try_number: int | None) -> None:
        project.publish("1.0.0", job=self.leaves(try_number, exit_code=0))
        assert TaskContext(project.task("job"), try_number=2).run()["status"] == "success"


def test_an_exit_code_of_zero_is_a_success_and_any_other_is_none() -> None:
    assert run_end(0, WRITTEN) == RunEnd(True, "exit code 0", WRITTEN)
    assert run_end(1, WRITTEN) == RunEnd(False, "exit code 1", WRITTEN)
    assert run_end(-15, WRITTEN) == RunEnd(False, "killed by SIGTERM", WRITTEN, Stage.PLATFORM)
