"""What the UI shows of a DAG: its own documentation, and the YAML that it came from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from airflow_jobkit.factory.source import MOST_CHARACTERS

Load = Callable[[], dict[str, Any]]
Write = Callable[[str, str], Path]


def test_the_yaml_of_the_dag_alone_stands_below_its_own_documentation(write: Write, load: Load) -> None:
    write(
        "one.yaml",
        """
        # of the first
        first:
          doc_md: "# What it does"
          tasks: {a: {spark_job: probe.first}}

        "second":
          tasks: {a: {spark_job: probe.second}}
        """,
    )
    loaded = load()
    shown = loaded["first"].doc_md
    assert shown.startswith("# What it does\n\n#### From dags/one.yaml\n\n```yaml\nfirst:\n")
    assert "probe.first" in shown
    assert "probe.second" not in shown
    assert "probe.first" not in loaded["second"].doc_md


def test_a_file_with_one_dag_is_shown_whole_with_its_comments(write: Write, load: Load) -> None:
    write("one.yaml", "# why\none:\n  tasks: {a: {spark_job: probe.a}}\n")
    assert "```yaml\n# why\none:" in load()["one"].doc_md


def test_the_files_with_its_defaults_are_named(dags: Path, write: Write, load: Load) -> None:
    (dags / "defaults.yaml").write_text("tags: [ours]\n")
    write("one.yaml", "one:\n  tasks: {a: {spark_job: probe.a}}\n")
    assert "#### From dags/one.yaml, with defaults of dags/defaults.yaml\n" in load()["one"].doc_md


def test_a_fence_in_the_yaml_does_not_end_what_is_shown(write: Write, load: Load) -> None:
    write("one.yaml", "one:\n  doc_md: |\n    ````\n    code\n    ````\n  tasks: {a: {spark_job: probe.a}}\n")
    shown = load()["one"].doc_md
    assert "`````yaml\n" in shown
    assert shown.endswith("\n`````\n")


def test_a_long_file_is_cut_off(write: Write, load: Load) -> None:
    tasks = "".join(f"    t{n}: {{spark_job: probe.a}}\n" for n in range(1000))
    write("one.yaml", f"one:\n  tasks:\n{tasks}")
    shown = load()["one"].doc_md
    assert len(shown) < MOST_CHARACTERS + 200
    assert "# ... (cut off here)" in shown
