"""The Release of a task: chosen once per DAG run, recorded beside its Results, and looked up."""

from __future__ import annotations

from airflow_jobkit.contracts.run_key import RunIdentity
from airflow_jobkit.contracts.version_record import RECORD_NAME, Choice, VersionRecord, choose
from airflow_jobkit.errors import ReleaseDamagedError, ReleaseNotFoundError
from airflow_jobkit.release import Release, Store, get_release, verify_release


def resolve_release(
    *,
    code: Store,
    runs: Store,
    identity: RunIdentity,
    form_choice: str | None,
    task_pin: str | None,
    default: str | None,
) -> tuple[Release, VersionRecord]:
    """The Release that this task runs, intact, and the record that says so.

    The first task of a DAG run decides and records; later tasks, retries and clears follow the record, also
    when a default has changed since.

    Args:
        code: Where Releases are.
        runs: Where records are.
        identity: The task's submission.
        form_choice: The version that somebody chose for this DAG run.
        task_pin: The version that the task names for itself.
        default: The version of its DAG, Environment or project.

    Raises:
        ReleaseNotFoundError: Nobody names a version, or the version is not published.
        ReleaseDamagedError: A file of the Release is not the one that was published, or the Release is not
            the one that this DAG run began with.
    """
    run_key = f"{identity.dag_run_folder}/{RECORD_NAME}"
    task_key = f"{identity.task_folder}/{RECORD_NAME}"
    decided = choose(
        run_record=_read(runs, run_key),
        task_record=_read(runs, task_key),
        form_choice=form_choice,
        task_pin=task_pin,
        default=default,
    )
    if decided is None:
        raise ReleaseNotFoundError(
            "no code version for this task; set code.version in dags/jobkit.yaml, or code_version in the DAG"
        )
    if isinstance(decided, Choice):
        decided = _record(decided, code, runs, task_key if decided.of_task else run_key)
    release = get_release(code, decided.version)
    if release.digest != decided.digest:
        raise ReleaseDamagedError(
            f"release {decided.version} at {code.location('')} has the digest {release.digest[:12]}, but "
            f"this DAG run began with {decided.digest[:12]}; publish changed code as a new version, and "
            "start a new DAG run for it"
        )
    verify_release(code, release)
    return release, decided


def _record(choice: Choice, code: Store, runs: Store, key: str) -> VersionRecord:
    """Write the choice down, unless a task of the same run was quicker; return what stands there."""
    release = get_release(code, choice.version)
    record = VersionRecord(release.version, release.digest, choice.source)
    if runs.create(key, record.to_bytes()):
        return record
    return _read(runs, key) or record


def _read(runs: Store, key: str) -> VersionRecord | None:
    data = runs.read(key)
    return VersionRecord.from_bytes(data, runs.location(key)) if data is not None else None
