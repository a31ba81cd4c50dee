"""Datasets on real files and a real session: nothing shows before its commit, nothing disturbs a reader."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from jobkit_runtime import (
    AbstractJob,
    CheckFailedError,
    DatasetError,
    not_null,
    publication,
    row_count,
)
from jobkit_runtime.envelope import DatasetBinding
from jobkit_runtime.measurement import Measurement
from jobkit_runtime.platforms import LocalPlatform

pytestmark = pytest.mark.spark


@pytest.fixture(autouse=True)
def _session(spark):
    """Every test here needs the session."""


class Copy(AbstractJob[None]):
    """Writes so many numbers, with a check that may fail or an error afterwards."""

    def __init__(self, rows: int = 3, at_least: int = 0, error: Exception | None = None) -> None:
        self._rows = rows
        self._at_least = at_least
        self._error = error

    def execute(self, ctx):
        ctx.write("numbers", ctx.spark.range(self._rows), checks=[row_count(at_least=self._at_least)])
        if self._error:
            raise self._error


def pointer(tmp_path: Path) -> dict:
    return json.loads((tmp_path / "data" / "numbers" / "_current.json").read_text())


def test_a_dataset_is_published_by_a_pointer_and_read_through_it(file_context, tmp_path):
    outcome = Copy().run(file_context("run1", 2))
    document = pointer(tmp_path)
    assert document.pop("written_at").endswith("+00:00")
    assert document == {
        "schema": 1,
        "path": "run1/try-2",
        "format": "parquet",
        "run_key": "run1",
        "rows": 3,
        "code_version": "0.1.0",
    }
    assert outcome.datasets[0].path == f"{tmp_path}/data/numbers/run1/try-2"
    reader = file_context("run2")
    assert reader.read("numbers").count() == 3
    (report,) = reader.datasets.reports(0)
    assert (report.role, report.path, report.rows) == ("input", outcome.datasets[0].path, 3)


@pytest.mark.parametrize(
    ("job", "stage"),
    [(Copy(at_least=4), "check"), (Copy(error=ValueError("late")), "execute")],
    ids=["a failed check", "an exception after the write"],
)
def test_nothing_is_published_by(job, stage, file_context):
    outcome = job.run(file_context())
    assert outcome.error is not None
    assert outcome.error.stage == stage
    with pytest.raises(DatasetError, match=r"nothing has been published at .* yet"):
        file_context().read("numbers")


def test_a_failed_check_leaves_what_was_published_before(file_context, tmp_path):
    Copy(rows=3).run(file_context("run1"))
    outcome = Copy(rows=2, at_least=3).run(file_context("run2"))
    assert pointer(tmp_path)["run_key"] == "run1"
    assert file_context().read("numbers").count() == 3
    assert isinstance(outcome.exception, CheckFailedError)
    assert str(outcome.exception) == (
        "checks failed, so nothing was published:\n  numbers: row_count(at_least=3), observed 2"
    )


def test_a_retry_after_the_publication_does_not_disturb_a_reader(file_context, tmp_path):
    Copy(rows=3).run(file_context("run1", 1))
    reader = file_context("other").read("numbers")
    first = tmp_path / "data" / "numbers" / "run1" / "try-1"
    before = {path.name: path.stat().st_mtime_ns for path in first.iterdir()}
    Copy(rows=5).run(file_context("run1", 2))
    assert reader.count() == 3
    assert {path.name: path.stat().st_mtime_ns for path in first.iterdir()} == before
    assert file_context("other").read("numbers").count() == 5


def test_a_job_reads_what_it_has_just_written(file_context):
    class Twice(AbstractJob[None]):
        def execute(self, ctx):
            written = ctx.write("numbers", ctx.spark.range(4))
            return {"written": written.rows, "read": ctx.read("numbers").count()}

    outcome = Twice().run(file_context())
    assert outcome.metrics == {"written": 4, "read": 4}
    assert [report.role for report in outcome.datasets] == ["output"]


def test_every_check_is_computed_in_the_pass_of_the_write(spark, file_context):
    class Checked(AbstractJob[None]):
        def execute(self, ctx):
            frame = ctx.spark.createDataFrame([("a", 1), (None, 2), (None, None)], "name string, n int")
            checks = [row_count(at_least=1, at_most=2), not_null("name", "n"), not_null("n")]
            ctx.write("checked", frame, checks=checks)

    outcome = Checked().run(file_context())
    assert [(check.name, check.passed, check.observed) for check in outcome.checks] == [
        ("row_count(at_least=1, at_most=2)", False, 3),
        ("not_null(name)", False, 2),
        ("not_null(n)", False, 1),
        ("not_null(n)", False, 1),
    ]


def test_a_binding_tells_place_format_schema_and_options(file_context, tmp_path):
    raw = tmp_path / "raw.csv"
    raw.write_text("a;b\n1;x\n2;\n")
    binding = DatasetBinding(str(raw), "csv", "a INT, b STRING", {"header": "true", "sep": ";"})
    ctx = file_context(datasets={"raw": binding})
    rows = ctx.read("raw").collect()
    assert [tuple(row) for row in rows] == [(1, "x"), (2, None)]
    (report,) = ctx.datasets.reports(5)
    assert (report.path, report.format, report.rows) == (str(raw), "csv", 2)


def test_a_text_dataset_may_be_joined_with_itself(file_context, tmp_path):
    (tmp_path / "raw.csv").write_text("1\n2\n")
    binding = DatasetBinding(str(tmp_path / "*.csv"), "csv", "a INT", {})
    frame = file_context(datasets={"raw": binding}).read("raw")
    assert frame.alias("x").join(frame.alias("y"), "a").count() == 2


def test_rows_of_a_read_that_never_happened_are_unknown_soon(file_context, tmp_path):
    (tmp_path / "raw.csv").write_text("1\n")
    ctx = file_context(datasets={"raw": DatasetBinding(str(tmp_path / "raw.csv"), "csv", "a INT", {})})
    ctx.read("raw")
    started = time.monotonic()
    assert ctx.datasets.reports(0.2)[0].rows is None
    assert time.monotonic() - started < 2


def test_rows_that_spark_does_not_tell_warn_and_fail_their_check(file_context, monkeypatch):
    monkeypatch.setattr(Measurement, "values", lambda *_: {})
    outcome = Copy(at_least=1).run(file_context())
    assert outcome.warnings == ("dataset numbers: Spark did not tell how many rows were written",)
    assert "observed unknown" in str(outcome.exception)
    assert outcome.checks[0].observed is None


@pytest.mark.parametrize("schema", [None, "id LONG"], ids=["without a schema", "with a schema"])
def test_a_missing_dataset_is_named_with_its_place_and_what_to_do(schema, file_context, tmp_path):
    place = str(tmp_path / "nowhere")
    ctx = file_context(datasets={"flights": DatasetBinding(place, "parquet", schema)})
    with pytest.raises(
        DatasetError, match=f"dataset flights: nothing is at {place}; run the job that writes"
    ):
        ctx.read("flights")


def test_a_damaged_pointer_is_named(file_context, tmp_path):
    Copy().run(file_context())
    (tmp_path / "data" / "numbers" / "_current.json").write_text("{}")
    with pytest.raises(DatasetError, match=r"_current.json is not a pointer to a dataset: KeyError"):
        file_context().read("numbers")


def test_files_that_somebody_else_put_there_are_read_without_a_pointer(spark, file_context, tmp_path):
    spark.range(6).write.parquet(str(tmp_path / "data" / "foreign"))
    assert file_context().read("foreign").count() == 6


def test_a_dataset_is_written_once_per_run(file_context):
    class Twice(AbstractJob[None]):
        def execute(self, ctx):
            ctx.write("numbers", ctx.spark.range(1))
            ctx.write("numbers", ctx.spark.range(1))

    outcome = Twice().run(file_context())
    assert "written already by this run" in str(outcome.exception)


def test_partitions_and_format_are_the_writers(spark, file_context, tmp_path):
    class Partitioned(AbstractJob[None]):
        def execute(self, ctx):
            frame = ctx.spark.createDataFrame([("a", 1), ("b", 2)], "name string, n int")
            return {"rows": ctx.write("parts", frame, partition_by=["name"], format="json").rows}

    outcome = Partitioned().run(file_context())
    folders = sorted(path.name for path in (tmp_path / "data/parts/run1/try-1").glob("name=*"))
    assert (folders, outcome.metrics) == (["name=a", "name=b"], {"rows": 2})


@pytest.mark.parametrize("binding", [DatasetBinding("n", "csv", "id STRING, x INT", {"sep": ";"}), None])
def test_a_dataset_is_read_in_the_format_that_it_was_written_in(binding, file_context):
    class AsJson(AbstractJob[None]):
        def execute(self, ctx):
            ctx.write("numbers", ctx.spark.range(2), format="json")
            return {"read": ctx.read("numbers").count()}

    bindings = {"numbers": binding} if binding else {}
    assert AsJson().run(file_context(datasets=bindings)).metrics == {"read": 2}
    reader = file_context("run2", datasets=bindings)
    frame = reader.read("numbers")
    assert (frame.dtypes, sorted(row.id for row in frame.collect())) == ([("id", "bigint")], [0, 1])
    assert reader.datasets.reports(0)[0].format == "json"


def test_a_pointer_that_tells_no_format_is_read_in_the_bindings(file_context, tmp_path):
    binding = DatasetBinding("numbers", "csv", "id INT", {"header": "true"})
    Copy(rows=2).run(file_context(datasets={"numbers": binding}))
    document = pointer(tmp_path)
    assert document.pop("format") == "csv"
    (tmp_path / "data" / "numbers" / "_current.json").write_text(json.dumps(document))
    frame = file_context(datasets={"numbers": binding}).read("numbers")
    assert (frame.dtypes, frame.count()) == ([("id", "int")], 2)


@pytest.mark.parametrize("root", ["data[1]", "{a,b}?*", "back\\slash"])
def test_the_data_root_is_a_folder_whatever_its_name_and_only_the_rest_may_be_a_pattern(
    root, spark, file_context, tmp_path
):
    folder = tmp_path / root / "data"
    Copy(rows=3).run(file_context("run1", root=folder))
    assert file_context("run2", root=folder).read("numbers").count() == 3
    spark.range(2).write.csv(str(folder / "raw"))
    bound = {"parts": DatasetBinding(f"{folder}/raw/part-*.csv", "csv"), "raw": DatasetBinding("raw", "csv")}
    ctx = file_context("run3", datasets=bound, root=folder)
    assert [ctx.read(name).count() for name in bound] == [2, 2]


def test_a_commit_that_fails_has_published_the_datasets_before_whole_and_none_after(
    file_context, monkeypatch
):
    class Three(AbstractJob[None]):
        def execute(self, ctx):
            for name in ("a", "b", "c"):
                ctx.write(name, ctx.spark.range(2))

    def publish(path: str, content: publication.Publication) -> None:
        if path.endswith("/b"):
            raise OSError("disk full")
        real(path, content)

    real = publication.publish
    monkeypatch.setattr(publication, "publish", publish)
    outcome = Three().run(file_context())
    assert outcome.error is not None
    assert outcome.error.stage == "commit"
    assert file_context().read("a").count() == 2
    for name in ("b", "c"):
        with pytest.raises(DatasetError, match="nothing has been published"):
            file_context().read(name)


def test_pythons_workers_are_the_interpreter_of_the_tests(spark):
    def interpreter(_: int) -> str:
        import sys

        return sys.executable

    assert spark.sparkContext.parallelize([0], 1).map(interpreter).collect() == [sys.executable]


def test_a_failed_write_fails_the_job_in_time(spark, file_context):
    class Broken(AbstractJob[None]):
        def execute(self, ctx):
            ctx.write("broken", ctx.spark.range(3).selectExpr("raise_error('bad row') AS x"))

    started = time.monotonic()
    outcome = Broken().run(file_context())
    assert outcome.error is not None
    assert "bad row" in outcome.error.message + outcome.error.trace
    assert outcome.datasets == ()
    assert time.monotonic() - started < 20


def test_the_local_platform_leaves_a_session_alone_that_was_there_before(spark):
    platform = LocalPlatform()
    assert platform.session() is spark
    platform.close()
    assert spark.range(2).count() == 2
