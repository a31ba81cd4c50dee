"""Which Environment this process is in."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from airflow_jobkit.errors import EnvironmentNotFoundError
from airflow_jobkit.problems import choices_remedy
from airflow_jobkit.spec.project import ProjectSpec

FALLBACK = "local"

_OWN_SECTION = re.compile(r"^\[jobkit\].*\n?(?:(?!\[).*\n?)*", re.MULTILINE)


@dataclass(frozen=True)
class Signal:
    """A name that somebody set, and where: the command line, `JOBKIT_ENV` or airflow.cfg."""

    name: str
    origin: str


def choose_environment(project: ProjectSpec, asked: str | None, variables: Mapping[str, str]) -> str:
    """The name of the Environment to use.

    The first that is set wins: the name asked for, `JOBKIT_ENV`, `[jobkit] environment` of Airflow's
    configuration, the Environment whose `mwaa:` lists `AIRFLOW_ENV_NAME`. Only where none of these is set
    is it `local`; a name that matches nothing is an error, never a silent `local`.

    Args:
        project: The project file.
        asked: A name given on the command line.
        variables: The process's environment variables.

    Raises:
        EnvironmentNotFoundError: A name was set, and the project has no such Environment.
    """
    signal = _named(asked, variables)
    if signal is not None:
        return _existing(project, signal)
    mwaa = variables.get("AIRFLOW_ENV_NAME")
    if mwaa:
        matching = [name for name, environment in project.environments.items() if mwaa in environment.mwaa]
        if not matching:
            raise EnvironmentNotFoundError(
                f"no environment in jobkit.yaml lists the MWAA environment {mwaa!r} (AIRFLOW_ENV_NAME); "
                f"add it to the `mwaa:` of one of {', '.join(project.environment_names)}"
            )
        return matching[0]
    return _existing(project, Signal(FALLBACK, "nothing names another"))


def _named(asked: str | None, variables: Mapping[str, str]) -> Signal | None:
    candidates = {
        "--env": asked,
        "JOBKIT_ENV": variables.get("JOBKIT_ENV"),
        "AIRFLOW__JOBKIT__ENVIRONMENT": variables.get("AIRFLOW__JOBKIT__ENVIRONMENT"),
    }
    for origin, name in candidates.items():
        if name:
            return Signal(name, origin)
    configured = _configured(variables)
    return Signal(configured, "[jobkit] environment in airflow.cfg") if configured else None


def _existing(project: ProjectSpec, signal: Signal) -> str:
    if signal.name not in project.environment_names:
        raise EnvironmentNotFoundError(
            f"no environment {signal.name!r} in jobkit.yaml ({signal.origin}); "
            f"{choices_remedy(signal.name, project.environment_names)}"
        )
    return signal.name


def airflow_config(variables: Mapping[str, str]) -> Path:
    """Where airflow.cfg is, if it is."""
    home = variables.get("AIRFLOW_HOME") or str(Path(variables.get("HOME", "~")).expanduser() / "airflow")
    return Path(variables.get("AIRFLOW_CONFIG") or Path(home) / "airflow.cfg")


def _configured(variables: Mapping[str, str]) -> str | None:
    """`[jobkit] environment`, read from the file itself, since validation does not import Airflow."""
    try:
        text = airflow_config(variables).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None  # Airflow itself reports a configuration that cannot be read
    # Only our own sections are parsed: there are thousands of lines of Airflow's.
    own = "".join(_OWN_SECTION.findall(text))
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(own)
    except configparser.Error:
        return None
    return parser.get("jobkit", "environment", fallback="").strip() or None
