"""What is written down about a task's submissions, beside its Results."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from airflow_jobkit.contracts.run_key import RunIdentity
from airflow_jobkit.engines.states import Phase
from airflow_jobkit.engines.submission import Known, Submission
from airflow_jobkit.errors import ContractError, ReleaseError
from airflow_jobkit.release import Store

_NAME = re.compile(r"(?P<run_key>[0-9a-f]{32})/submission-(?P<number>\d+)\.(?P<kind>json|succeeded|failed)")
_ENDS = {"failed": Phase.FAILED, "succeeded": Phase.SUCCEEDED}
"""The first counts where both are there: a run that its service calls a success, and its job a failure."""


@dataclass(frozen=True)
class History:
    """The submissions of a task instance that still matter, and the number of the next one."""

    known: Sequence[Known]
    next_number: int


@dataclass(frozen=True)
class Records:
    """The records of one task instance, of all its generations.

    `<map_index>/<run key>/submission-<number>.json` is written before a request that starts a run is sent,
    and once more with the run's id. An empty `.succeeded` or `.failed` beside it says, in the name alone, how
    the run ended: so that one listing tells most of what a retry or a clear needs.

    Attributes:
        runs: The Store of the runs root.
        identity: The task instance in its present generation.
        warn: A logger's `warning`.
    """

    runs: Store
    identity: RunIdentity
    warn: Callable[..., object]

    def create(self, submission: Submission) -> bool:
        """Write a new one down; False where its number is taken.

        Raises:
            ReleaseError: It cannot be written.
        """
        return self.runs.create(self._key(submission.number, "json"), _bytes(submission))

    def renew(self, submission: Submission) -> None:
        """Write down that its request is sent again now.

        Raises:
            ReleaseError: It cannot be written.
        """
        self.runs.replace(self._key(submission.number, "json"), _bytes(submission))

    def confirm(self, submission: Submission) -> None:
        """Write its run's id down; where that cannot be done, the run is found again by its key."""
        try:
            self.runs.replace(self._key(submission.number, "json"), _bytes(submission))
        except (ReleaseError, OSError) as error:
            self.warn("the run's id cannot be written down, and is looked up if it is needed: %s", error)

    def finish(self, submission: Submission, end: Phase) -> None:
        """Write down how the run of any generation ended; without it a later try asks the service."""
        kind = next(name for name, phase in _ENDS.items() if phase is end)
        folder = f"{self.identity.instance_folder}/{submission.run_key}"
        try:
            self.runs.replace(f"{folder}/submission-{submission.number}.{kind}", b"")
        except (ReleaseError, OSError) as error:
            self.warn("how the run ended cannot be written down: %s", error)

    def location(self, submission: Submission) -> str:
        """Where a submission of any generation is written down."""
        folder = f"{self.identity.instance_folder}/{submission.run_key}"
        return self.runs.location(f"{folder}/submission-{submission.number}.json")

    def load(self) -> History:
        """What was submitted before, in one listing and as few reads as possible.

        Raises:
            ReleaseError: It cannot be read, so nobody knows whether a run goes on.
            ContractError: A record is of a form that is not known.
        """
        folder = self.identity.instance_folder
        found: dict[tuple[str, int], dict[str, str]] = {}
        for key in self.runs.list(f"{folder}/"):
            name = _NAME.fullmatch(key[len(folder) + 1 :])
            if name is not None:
                found.setdefault((name["run_key"], int(name["number"])), {})[name["kind"]] = key
        own = [number for run_key, number in found if run_key == self.identity.key]
        newest = (self.identity.key, max(own, default=-1))
        known = []
        for place, keys in sorted(found.items()):
            ended = next((phase for kind, phase in _ENDS.items() if kind in keys), None)
            # One that succeeded may have to be adopted; one that failed never.
            if "json" in keys and (ended is None or (place == newest and ended is Phase.SUCCEEDED)):
                known.append(Known(self._read(keys["json"]), ended=ended))
        return History(known, newest[1] + 1)

    def _read(self, key: str) -> Submission:
        location = self.runs.location(key)
        try:
            document = json.loads(self.runs.read(key) or b"")
        except ValueError as error:
            raise ContractError(
                f"{location} is not the record of a submission: {error}; see what runs in the service, then "
                "delete it"
            ) from error
        return Submission.of(document, location)

    def _key(self, number: int, kind: str) -> str:
        return f"{self.identity.folder}/submission-{number}.{kind}"


def _bytes(submission: Submission) -> bytes:
    return json.dumps(submission.document(), indent=1, sort_keys=True).encode()
