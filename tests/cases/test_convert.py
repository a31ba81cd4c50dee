"""Golden cases of `jobkit convert`: the YAML that files come to, and what is said of the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_jobkit.cli import main

CASES = Path(__file__).parent / "convert"
PYTHON, YAML = CASES / "python", CASES / "yaml"

pytestmark = pytest.mark.usefixtures("no_environment")


def inputs(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix in (".py", ".yaml", ".yml") and ".converted" not in path.name
    )


def named(path: Path) -> str:
    return path.stem.replace("-", " ").replace("_", " ")


@pytest.mark.parametrize("file", [*inputs(PYTHON), *inputs(YAML)], ids=named)
def test_convert_writes_yaml_and_says_what_it_could_not_carry(
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    golden: Callable[[Path, str], None],
) -> None:
    monkeypatch.chdir(file.parent)
    code = main(["convert", file.name])
    said = capsys.readouterr()
    golden(file.with_suffix(".converted.yaml"), said.out)
    golden(file.with_suffix(".said"), f"{said.err}exit code {code}\n")


@pytest.mark.parametrize("file", sorted(CASES.rglob("*.said")), ids=named)
def test_every_golden_file_belongs_to_an_input(file: Path) -> None:
    assert any(file.with_suffix(suffix).exists() for suffix in (".py", ".yaml", ".yml"))
