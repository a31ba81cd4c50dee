"""The Release of a task: chosen once per DAG run, recorded beside its Results, and looked up."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from airflow_jobkit.contracts.run_key import RunIdentity
from airflow_jobkit.contracts.version_record import (
    RECORD_NAME,
    Choice,
    Source,
    VersionRecord,
    choose_for_run,
    follows_run,
    place_record_name,
)
from airflow_jobkit.errors import (
    ContractError,
    ReleaseConflictError,
    ReleaseDamagedError,
    ReleaseNotFoundError,
)
from airflow_jobkit.release import CodeSource, CodeVersion, Store
from airflow_jobkit.spec.versions import is_channel

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wishes:
    """The versions or channels that are asked for, by whom.

    Attributes:
        form: What the DAG run's conf names, whether or not it is the default; None if it names none.
        chosen: The same, but only where it is not the default, so that a person chose it.
        pin: What the task names for itself.
        default: What its DAG, Environment or project names.
    """

    form: str | None
    chosen: str | None
    pin: str | None
    default: str | None


@dataclass(frozen=True)
class Sources:
    """Where code is found.

    Attributes:
        task: Where this task's is.
        dag: Where its DAG's is, which has the channels that the form and the default mean: what they name
            must not depend on which task asks first.
    """

    task: CodeSource
    dag: CodeSource


def resolve_release(
    code: Sources, runs: Store, identity: RunIdentity, wishes: Wishes
) -> tuple[CodeVersion, VersionRecord]:
    """The code that this task runs, intact, and the record that says so.

    The first task of a DAG run decides and records for all of them; later tasks, retries and clears follow
    the record, also when a default has changed since, or a channel names another version.

    Args:
        code: Where this task's code is, and its DAG's.
        runs: Where records are.
        identity: The task's submission.
        wishes: The versions that are asked for.

    Raises:
        ReleaseNotFoundError: Nobody names a version, the version is not published, or there is no such
            channel.
        ReleaseConflictError: The record is of an earlier DAG run of the same id, at another version.
        ReleaseDamagedError: A file is not the one that was published, or the code is not the one that this
            DAG run began with, or that the channel was set to.
        ContractError: A channel, a Manifest or a record cannot be read.
    """
    record = _run_record(code, runs, identity, wishes)
    if not follows_run(record, wishes.pin):
        key = f"{identity.task_folder}/{RECORD_NAME}"
        pinned = Choice(wishes.pin or "", Source.TASK)
        record = _read(runs, key) or _record(pinned, code.task, runs, identity, key)
    if record is None:
        raise ReleaseNotFoundError(
            "no code version for this task; set code.version in dags/jobkit.yaml, or code_version in the DAG"
        )
    if not record.holds_at(code.task.location):
        key = f"{identity.dag_run_folder}/{place_record_name(record.version, code.task.location)}"
        exact = Choice(record.version, record.source)
        elsewhere = _read(runs, key) or _record(exact, code.task, runs, identity, key)
        record = replace(elsewhere, channel=record.channel)
    release = code.task.get(record.version)
    if release.digest != record.digest:
        raise ReleaseDamagedError(
            f"release {record.version} at {code.task.location} has the digest {release.digest[:12]}, but "
            f"this DAG run began with {record.digest[:12]}; publish changed code as a new version, and "
            "start a new DAG run for it"
        )
    release.verify()
    return release, record


def _run_record(code: Sources, runs: Store, identity: RunIdentity, wishes: Wishes) -> VersionRecord | None:
    """The DAG run's record, written now if this task is the first."""
    key = f"{identity.dag_run_folder}/{RECORD_NAME}"
    record = _read(runs, key)
    if record is None:
        choice = choose_for_run(wishes.chosen, wishes.default)
        if choice is None:
            return None
        source = code.dag if is_channel(choice.version) else code.task
        try:
            return _record(choice, source, runs, identity, key)
        except (ReleaseNotFoundError, ReleaseDamagedError, ContractError) as error:
            if follows_run(VersionRecord(choice.version, "", choice.source), wishes.pin):
                raise
            # The task pins another version, so a default that is not to be had is not its matter.
            _log.warning("the default of this DAG run, %s, cannot be run: %s", choice.version, error)
            return None
    if wishes.form is not None and not record.answers(wishes.form):
        raise ReleaseConflictError(
            f"this DAG run asks for code version {wishes.form}, but an earlier one of the same id ran "
            f"{record.version}, says {runs.location(key)}; trigger it under another run id"
        )
    return record


def _record(choice: Choice, code: CodeSource, runs: Store, identity: RunIdentity, key: str) -> VersionRecord:
    """Write the choice down, unless a task of the same run was quicker; return what stands there."""
    if is_channel(choice.version):
        record = replace(_named_by(choice, code, runs, identity), source=choice.source)
    else:
        release = code.get(choice.version)
        record = VersionRecord(release.version, release.digest, choice.source, code.location)
    return _kept(record, runs, key)


def _named_by(choice: Choice, code: CodeSource, runs: Store, identity: RunIdentity) -> VersionRecord:
    """What a channel means for a DAG run: what it named when the first task asked, whichever task that was.

    It has a record of its own, because several tasks may pin the channel, while it is set to another version.
    """
    key = f"{identity.dag_run_folder}/{place_record_name(choice.version, code.location)}"
    record = _read(runs, key)
    if record is not None:
        return record
    release = code.named_by(choice.version)
    record = VersionRecord(release.version, release.digest, choice.source, code.location, choice.version)
    return _kept(record, runs, key)


def _kept(record: VersionRecord, runs: Store, key: str) -> VersionRecord:
    """The record that stands there: this one, unless a task of the same run was quicker."""
    return record if runs.create(key, record.to_bytes()) else _read(runs, key) or record


def _read(runs: Store, key: str) -> VersionRecord | None:
    data = runs.read(key)
    return VersionRecord.from_bytes(data, runs.location(key)) if data is not None else None
