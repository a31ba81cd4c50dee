"""What all tests share: golden files, and a process that knows of no Airflow and no environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

# The fixtures `spark`, `s3` and `bucket`; pytest allows this line here alone.
pytest_plugins = ["spark_session", "s3_service"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the golden files anew instead of comparing with them; read what changed",
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compare a text with a golden file: `golden(path, text)`."""
    update = request.config.getoption("--update-golden")

    def compare(file: Path, text: str) -> None:
        if update:
            file.write_text(text, encoding="utf-8")
        assert file.is_file(), f"there is no {file.name}; `pytest --update-golden` writes it"
        assert text == file.read_text(encoding="utf-8")

    return compare


@pytest.fixture
def no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing outside the test names an environment: no variable, no airflow.cfg."""
    for name in ("JOBKIT_ENV", "AIRFLOW__JOBKIT__ENVIRONMENT", "AIRFLOW_ENV_NAME", "AIRFLOW_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow-home"))
