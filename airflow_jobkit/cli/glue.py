"""`jobkit glue prune`: remove the Glue job definitions that nobody uses any more."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from airflow_jobkit.cli.project import dags_folder_of
from airflow_jobkit.engines.glue.client import GlueClient
from airflow_jobkit.engines.glue.options import Options
from airflow_jobkit.engines.glue.payload import definition_name, is_definition_name
from airflow_jobkit.engines.glue.states import run_state
from airflow_jobkit.engines.states import Phase
from airflow_jobkit.loading.dags import load_files
from airflow_jobkit.loading.folder import load_project, project_environments
from airflow_jobkit.loading.listing import dag_files
from airflow_jobkit.problems import ProblemsError, counted
from airflow_jobkit.spec.settings import Settings


@dataclass(frozen=True)
class Definition:
    """A definition in the account, and what speaks for keeping it.

    Attributes:
        name: Its name.
        needed_by: A task that comes to it, such as `flights_daily.clean_flights (prod)`; None if none does.
        active: Whether a run of it has not ended.
        last_used: The start of its newest run, or when it was made; None where Glue does not say.
    """

    name: str
    needed_by: str | None
    active: bool
    last_used: dt.datetime | None

    def kept_for(self, since: dt.datetime) -> str | None:
        """Why it stays; None for one that can go.

        Args:
            since: A definition that was used since then stays.
        """
        if self.needed_by is not None:
            return f"{self.needed_by} needs it"
        if self.active:
            return "a run has not ended"
        if self.last_used is None:
            return "Glue does not say when it was used"
        return f"used since {since:%Y-%m-%d}" if self.last_used >= since else None


def prune(arguments: argparse.Namespace) -> int:
    """List the project's definitions, and remove those that nobody uses.

    Raises:
        ProblemsError: A file is wrong, so that what its DAGs need is not known.
        EngineError: Glue refuses a call.
    """
    project, needed = needed_definitions(dags_folder_of(arguments.dags))
    glue = GlueClient.of_machine()
    since = dt.datetime.now(dt.timezone.utc) - dt.timedelta(days=arguments.days)
    found = sorted(existing_definitions(glue, project, needed), key=lambda definition: definition.name)
    removable = [definition for definition in found if definition.kept_for(since) is None]
    for line in table(found, since):
        print(line)
    where = f"in {glue.region} for the project {project}"
    if not removable:
        print(f"nothing to remove: {counted(len(found), 'definition')} {where}")
        return 0
    if not arguments.yes and not _agreed(len(removable)):
        return 0
    for definition in removable:
        glue.delete(definition.name)
    print(f"removed {counted(len(removable), 'definition')} {where}")
    return 0


def needed_definitions(folder: Path) -> tuple[str, dict[str, str]]:
    """The project's name, and the definitions that its DAGs come to, each with one task that needs it.

    Every Environment counts: those of one account may share it, and a definition does not say whose it is.

    Args:
        folder: The DAGs folder.

    Raises:
        ProblemsError: A file is wrong.
    """
    needed: dict[str, str] = {}
    name = ""
    for chosen in project_environments(folder):
        project = load_project(folder, chosen)
        if project.settings is None or project.problems:
            raise ProblemsError(project.problems)
        name = project.settings.project
        needed |= _needed_in(folder, project.settings)
    return name, needed


def _needed_in(folder: Path, settings: Settings) -> dict[str, str]:
    loaded = load_files(dag_files(folder), settings)
    if loaded.problems:
        raise ProblemsError(loaded.problems)
    return {
        definition_name(task.options, settings.project): f"{dag.spec.dag_id}.{task.task_id} "
        f"({settings.environment})"
        for dag in loaded.dags
        for task in dag.spec.spark_tasks
        if isinstance(task.options, Options) and task.options.existing_job is None
    }


def existing_definitions(glue: GlueClient, project: str, needed: Mapping[str, str]) -> Iterator[Definition]:
    """The definitions that carry the project's tag.

    Args:
        glue: The account and region.
        project: The project's name.
        needed: Who needs a definition, by its name.
    """
    for name in glue.definitions(project):
        if not is_definition_name(name):
            continue
        runs = glue.newest_runs(name)
        active = any(run_state(run.state, run.run_id).phase is Phase.ACTIVE for run in runs)
        last_used = runs[0].started_on if runs else glue.created_on(name)
        yield Definition(name, needed.get(name), active, last_used)


def table(definitions: Sequence[Definition], since: dt.datetime) -> list[str]:
    """One line per definition: its name, when it was used last, and what becomes of it and why."""
    width = max((len(definition.name) for definition in definitions), default=0)
    lines = []
    for definition in definitions:
        used = f"{definition.last_used:%Y-%m-%d}" if definition.last_used is not None else "unknown   "
        kept = definition.kept_for(since)
        verdict = "removable: no DAG needs it" if kept is None else f"kept: {kept}"
        lines.append(f"{definition.name:<{width}}  last used {used}  {verdict}")
    return lines


def _agreed(number: int) -> bool:
    """Whether a person at the terminal says yes; without a terminal nobody can."""
    if not sys.stdin.isatty():
        print(f"{counted(number, 'definition')} can be removed; `--yes` does it")
        return False
    agreed = input(f"remove {counted(number, 'definition')}? [y/N] ").strip().lower() in ("y", "yes")
    if not agreed:
        print("nothing removed")
    return agreed
