"""A Spark task's operator gets the code that holds for it: the project's, its DAG's or its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from releases import publish_release_of

from airflow_jobkit.release import open_store, write_release_index
from airflow_jobkit.spec.code import CodeLayout, CodeRoot

Write = Callable[[str, str], Path]
Load = Callable[[], dict[str, Any]]

SPARK = """
    spark:
      {code}
      tasks:
        plain: {{spark_job: probe.report}}
        own:
          spark_job: probe.report
          code: {{wheels: ["own-{{code_version}}.whl"], entry_point: /srv/entry.py}}
"""


def test_the_code_of_the_project_and_of_a_task(dags: Path, write: Write, load: Load) -> None:
    write("one.yaml", SPARK.format(code="description: nothing of its own"))
    dag = load()["spark"]
    assert dag.get_task("plain").settings.code == CodeRoot(f"{dags.parent}/.jobkit/code")
    own = CodeLayout("/srv/entry.py", (f"{dags.parent}/own-{{code_version}}.whl",))
    assert dag.get_task("own").settings.code == own
    # The channels of the DAG's version are those of its code root.
    assert dag.get_task("own").settings.dag_code == CodeRoot(f"{dags.parent}/.jobkit/code")
    assert dag.get_task("plain").settings.dag_code is None


def test_the_code_of_a_dag(write: Write, load: Load) -> None:
    write("one.yaml", SPARK.format(code="code: {root: s3://team/code}"))
    dag = load()["spark"]
    assert dag.get_task("plain").settings.code == CodeRoot("s3://team/code")
    assert dag.get_task("own").settings.code_root is None
    assert dag.get_task("own").settings.dag_code == CodeRoot("s3://team/code")


def test_the_connection_for_s3_is_the_projects(dags: Path, write: Write, load: Load) -> None:
    project = dags / "jobkit.yaml"
    project.write_text(f"{project.read_text()}aws_conn_id: aws_team\n")
    write("one.yaml", SPARK.format(code="code: {root: s3://team/code}"))
    assert load()["spark"].get_task("plain").settings.aws_conn_id == "aws_team"


def test_a_dag_with_code_of_its_own_suggests_no_versions_of_the_projects(
    dags: Path, write: Write, load: Load
) -> None:
    root = str(dags.parent / ".jobkit" / "code")
    publish_release_of({"report": "def main(): pass\n"}, "1.0.0", Path(root))
    write_release_index(open_store(root), root, dags / ".jobkit" / "releases.json")
    write("one.yaml", SPARK.format(code=f"code: {{root: {root}}}"))
    write("two.yaml", SPARK.format(code="code: {root: s3://team/code}").replace("spark:", "other:", 1))
    loaded = load()
    shown = {name: loaded[name].params.get_param("code_version").schema for name in ("spark", "other")}
    assert shown["spark"]["examples"] == ["1.0.0"]
    assert "examples" not in shown["other"]
