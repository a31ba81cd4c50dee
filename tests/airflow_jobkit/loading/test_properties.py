"""Any mutation of a valid file either loads or gives a Problem inside that file; nothing is ever raised."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from airflow_jobkit.loading.dags import DagLoader
from airflow_jobkit.loading.folder import load_project
from airflow_jobkit.spec.settings import Settings

GOOD = Path(__file__).resolve().parents[2] / "cases" / "good"
TEXTS = [
    path.read_text(encoding="utf-8")
    for path in sorted(GOOD.glob("*.yaml"))
    if path.name != "jobkit.yaml" and ".render" not in path.name
]
TOKENS = (
    *(
        "[",
        "]",
        "{",
        "}",
        ":",
        ": ",
        "- ",
        "&a ",
        "*a",
        "<<: *a",
        "!!str ",
        "!x",
        "|",
        ">",
        "#",
        "'",
        '"',
        "\t",
    ),
    *(
        "null",
        "true",
        "on",
        "010",
        "12:30",
        "1e999",
        "2026-13-45",
        "~",
        "\n",
        "\n  ",
        "---\n",
        "{{ x }}",
        "+x",
    ),
    *("${env:X}", "${jobkit:x}", "$HOME", "__type__", "extends", "for_each", "task_groups", "\x00", "\ufeff"),
)


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """A good file with some of its lines and characters changed."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        lines = text.split("\n")
        place = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(("drop", "double", "swap", "indent", "insert", "replace", "cut"))):
            case "drop":
                del lines[place]
            case "double":
                lines.insert(place, lines[place])
            case "swap":
                other = draw(st.integers(0, len(lines) - 1))
                lines[place], lines[other] = lines[other], lines[place]
            case "indent":
                lines[place] = " " * draw(st.integers(0, 12)) + lines[place].lstrip()
            case "insert":
                column = draw(st.integers(0, len(lines[place])))
                token = draw(st.sampled_from(TOKENS))
                lines[place] = lines[place][:column] + token + lines[place][column:]
            case "replace":
                key, colon, _ = lines[place].partition(": ")
                lines[place] = f"{key}{colon}{draw(st.sampled_from(TOKENS))}"
            case _:
                lines[place] = lines[place][: draw(st.integers(0, len(lines[place])))]
        text = "\n".join(lines) or "\n"
    return text


@pytest.fixture(scope="module")
def good_settings() -> Settings:
    found = load_project(GOOD, "local", {}).settings
    assert found is not None
    return found


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=mutations())
@example(text="")
@example(text="a:\n  tasks: {b: &x {spark_job: *x}}\n")
def test_a_mutated_file_loads_or_has_problems_inside_it(
    text: str, tmp_path: Path, good_settings: Settings
) -> None:
    file = tmp_path / "mutated.yaml"
    file.write_bytes(text.encode())
    loaded = DagLoader(good_settings, tmp_path, {}).load([file])
    assert loaded.dags or loaded.problems or "tasks" not in text
    lines = text.count("\n") + 1
    for problem in loaded.problems:
        assert problem.file.endswith("mutated.yaml")
        assert 1 <= problem.line <= lines
        assert problem.column >= 1
        assert problem.message
        assert problem.code != "unforeseen"
        assert problem.text().startswith(problem.headline())
