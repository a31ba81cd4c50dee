"""Orphans: runs that go on though their tasks have ended, and how they are told from all the others.

A task that is marked failed while it is deferred (before Airflow 3.3), or whose worker is lost on its last
try, leaves a run that nobody waits for and that nobody would stop. Everything here is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from airflow_jobkit.contracts.envelope import Envelope, decode
from airflow_jobkit.contracts.run_key import RunIdentity
from airflow_jobkit.engines.invocation import ENVELOPE, RUN_KEY
from airflow_jobkit.engines.service import RunRef, RunService
from airflow_jobkit.errors import ContractError

ENDED = frozenset({"success", "failed", "skipped", "removed", "upstream_failed"})
"""Airflow's states of task instances that wait for nothing any more."""


@dataclass(frozen=True, order=True)
class Instance:
    """A task instance, as Airflow knows it: in whatever generation it is now."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int

    @classmethod
    def of(cls, identity: RunIdentity) -> Instance:
        """That of a run."""
        return cls(identity.dag_id, identity.run_id, identity.task_id, identity.map_index)

    def __str__(self) -> str:
        """As a log names it."""
        mapped = f" [{self.map_index}]" if self.map_index >= 0 else ""
        return f"{self.dag_id}.{self.task_id}{mapped} of {self.run_id}"


@dataclass(frozen=True)
class ActiveRun:
    """A run that goes on and that nobody has asked to end, with what it was started with.

    Attributes:
        ref: The run.
        arguments: The values by argument, such as `--jobkit_run_key`.
    """

    ref: RunRef
    arguments: Mapping[str, str]


@dataclass(frozen=True)
class Place:
    """Where a project's runs may be: a service, as one connection reaches it.

    Attributes:
        name: It in words, for a log.
        look: Opens the service and lists the active runs; raises EngineError, or what a connection raises.
    """

    name: str
    look: Callable[[], tuple[RunService, list[ActiveRun]]]


class Verdict(Enum):
    """What becomes of an active run."""

    ORPHAN = "orphan"
    WAITED_FOR = "waited for"
    UNKNOWN = "unknown"


def verdict(instance: Instance, states: Mapping[Instance, str | None]) -> Verdict:
    """Whether anybody waits for the run of a task instance, or still will.

    Args:
        instance: The task instance.
        states: The states that Airflow tells. An instance without a state waits for its turn, and then adopts
            or stops the run; one that is missing is not known to this Airflow: its DAG run was deleted, or it
            is another Airflow's.
    """
    if instance not in states:
        return Verdict.UNKNOWN
    return Verdict.ORPHAN if states[instance] in ENDED else Verdict.WAITED_FOR


def envelope_of(arguments: Mapping[str, str], read: Callable[[str], bytes | None]) -> Envelope | None:
    """The Envelope of a run; None where it has none, or one out of reach, which is somebody else's.

    Args:
        arguments: The values by argument.
        read: The bytes at a location; None where it is not below our runs root.

    Raises:
        ContractError: It cannot be read, or is of a form that is not known.
    """
    text = arguments.get(f"--{ENVELOPE}")
    if text is None or f"--{RUN_KEY}" not in arguments:
        return None
    if text.startswith("@"):
        data = read(text[1:])
        if data is None:
            return None
        try:
            text = data.decode("ascii").strip()
        except UnicodeDecodeError as error:
            raise ContractError(f"not an Envelope: {error}") from error
    return decode(text)


def is_ours(
    envelope: Envelope, arguments: Mapping[str, str], environment: str, place: Callable[[str], str]
) -> bool:
    """Whether an operator of this project started a run in this Environment.

    Args:
        envelope: The run's Envelope.
        arguments: The run's arguments.
        environment: The Environment's name.
        place: The location of a key below our runs root.
    """
    identity = envelope.identity
    return (
        envelope.environment == environment
        and envelope.result == place(identity.result_key)
        and arguments[f"--{RUN_KEY}"].startswith(f"{identity.key}.")
    )
