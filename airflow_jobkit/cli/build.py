"""`jobkit validate --build`: what building the DAGs of all Environments shows, and how far it is."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from airflow_jobkit.loading.dags import Loaded
from airflow_jobkit.loading.folder import display_name
from airflow_jobkit.local.build_process import Progress, airflow_version, build_dags
from airflow_jobkit.problems import Problem


class Builds:
    """Builds DAGs, Environment by Environment, and gathers what that shows.

    Args:
        seconds: How long one DAG may take.

    Raises:
        JobkitError: There is no Airflow here.
    """

    def __init__(self, seconds: float) -> None:
        self.airflow = airflow_version()
        self.problems: set[Problem] = set()
        self._seconds = seconds
        self._taken: dict[Problem, bool] = {}

    def build(self, folder: Path, environment: str, files: Sequence[Path], loaded: Loaded) -> set[str]:
        """Build the good DAGs of an Environment; the ids of those that Airflow takes.

        Raises:
            JobkitError: Airflow does not start.
        """
        with _shown(f"building DAGs for {environment} with Airflow {self.airflow}") as progress:
            outcome = build_dags(folder, environment, files, loaded.dags, self._seconds, progress)
        self.problems.update(outcome.problems)
        for warning, is_taken in outcome.defaults.items():
            self._taken[warning] = self._taken.get(warning, False) or is_taken
        return outcome.good

    def warnings(self, files: Iterable[Path], problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """The defaults that no task takes: no Problems, since Airflow takes such a DAG.

        Only those of good DAG files: what a folder or the project sets is for DAGs of many kinds, and a DAG
        that is not built may have the task that takes one.

        Args:
            files: The DAG files.
            problems: What is wrong with them.
        """
        good = {display_name(file) for file in files} - {problem.file for problem in problems}
        unused = (warning for warning, is_taken in self._taken.items() if not is_taken)
        return tuple(sorted(warning for warning in unused if warning.file in good))


@contextmanager
def _shown(what: str) -> Iterator[Progress | None]:
    """Show on standard error how many DAGs are built, where a person sees it."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status(what, spinner="dots") as status:
        yield lambda done, of: status.update(f"{what}: {done:,} of {of:,}")
