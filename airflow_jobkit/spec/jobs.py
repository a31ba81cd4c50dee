"""The jobs that are published, and whether the arguments that a task gives are those that a job takes.

Where Releases stand is known to higher layers; they hand in what they read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from packaging.version import Version

from airflow_jobkit.engines.arguments import plain_name
from airflow_jobkit.fields import describe
from airflow_jobkit.problems import Issue, did_you_mean
from airflow_jobkit.spec.job_types import fits
from airflow_jobkit.spec.versions import is_channel

_SHOWN = 5


class Parameter(Protocol):
    """One argument of a job: its name, its annotation as text, and whether it must be given."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def required(self) -> bool: ...  # noqa: D102


class Job(Protocol):
    """A job of a Release: its module, what it takes, and whether it takes any other argument too."""

    @property
    def module_name(self) -> str: ...  # noqa: D102
    @property
    def parameters(self) -> Sequence[Parameter]: ...  # noqa: D102
    @property
    def accepts_others(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True)
class PublishedJobs:
    """What is known of the Releases of a code root.

    Attributes:
        code_root: The code root.
        releases: The jobs of each version.
        complete: Whether what is known is all that there is. Otherwise others may have been published since,
            and channels set to them. A Release never changes, so what is known of one holds in any case.
        channels: The version that each channel names.
        knows_channels: Whether the channels were looked at when what is known was written down.
    """

    code_root: str
    releases: Mapping[str, Sequence[Job]]
    complete: bool = True
    channels: Mapping[str, str] = field(default_factory=dict)
    knows_channels: bool = True

    @cached_property
    def versions(self) -> tuple[str, ...]:
        """The versions, the newest first."""
        return tuple(sorted(self.releases, key=Version, reverse=True))

    @cached_property
    def jobs(self) -> Mapping[str, Mapping[str, Job]]:
        """The jobs of each version by module name."""
        return {version: {job.module_name: job for job in jobs} for version, jobs in self.releases.items()}

    def version_of(self, code_version: str) -> str | None:
        """The published version that a version or a channel surely stands for; None where there is none."""
        if code_version in self.releases:
            return code_version
        named = self.channels.get(code_version, "") if self.complete else ""
        return named if named in self.releases else None

    def version_issue(self, code_version: str) -> Issue | None:
        """What is wrong with a version or a channel; None: it can be run, or perhaps."""
        if not self.complete or code_version in self.releases:
            return None
        if not is_channel(code_version):
            return self._unpublished(code_version)
        if code_version not in self.channels:
            return self._unknown_channel(code_version)
        version = self.channels[code_version]
        if version in self.releases:
            return None
        message = f"channel {code_version} names version {version}, which is not published"
        remedy = f"promote another with `jobkit release promote VERSION --channel {code_version}`"
        return Issue((), message, remedy, "unknown-version")

    def _unpublished(self, version: str) -> Issue:
        publish = "publish it with `jobkit release publish`"
        same = next((known for known in self.versions if Version(known) == Version(version)), None)
        if same is not None:
            remedy = f"did you mean {same}?"
        elif self.versions:
            remedy = f"{publish}, or write one that is: {_some(self.versions)}"
        else:
            remedy = publish
        return Issue((), f"version {version} is not published", remedy, "unknown-version")

    def _unknown_channel(self, name: str) -> Issue:
        if not self.knows_channels:
            remedy = "write releases.json anew with `jobkit release publish`, for it is older than channels"
            return Issue((), f"there is no channel {name}", remedy, "unknown-channel")
        meant = did_you_mean(name, self.channels)
        remedy = f"make it with `jobkit release promote VERSION --channel {name}`"
        if meant is not None:
            remedy = f"did you mean {meant}?"
        elif known := (*sorted(self.channels), *self.versions):
            remedy += f", or write what there is: {_some(known)}"
        return Issue((), f"there is no channel {name}", remedy, "unknown-channel")

    def job(self, code_version: str, module_name: str) -> Job | Issue | None:
        """The job of a version; an Issue where it has none of this name, None where that cannot be known.

        A Release tells of the modules of the project's package that hold one job. Those that hold several are
        addressed as `package.module:Class`.
        """
        version = self.version_of(code_version)
        if version is None:
            return None
        jobs = self.jobs[version]
        if module_name in jobs:
            return jobs[module_name]
        packages = {name.partition(".")[0] for name in jobs}
        if ":" in module_name or module_name.partition(".")[0] not in packages:
            return None
        elsewhere = next((v for v in self.versions if module_name in self.jobs[v]), None)
        meant = did_you_mean(module_name, jobs)
        if elsewhere is not None:
            remedy = f'version {elsewhere} has it: write `code_version: "{elsewhere}"`'
        elif meant is not None:
            remedy = f"did you mean {meant}?"
        else:
            remedy = f"publish a version that has it, or write one of {_some(sorted(jobs))}"
        named = f", which channel {code_version} names," if version != code_version else ""
        return Issue((), f"version {version}{named} has no job {module_name}", remedy, "unknown-job")


def argument_issues(job: Job, arguments: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[Issue]:
    """What is wrong with the arguments that a job is given; paths start at the arguments.

    Args:
        job: The job.
        arguments: All that are given; None stands for one that is left out.
        known: Those of them whose values are known before the run.
    """
    parameters = {parameter.name: parameter for parameter in job.parameters}
    given = {plain_name(name): name for name, value in arguments.items() if value is not None}
    unknown = [name for plain, name in given.items() if plain not in parameters]
    missing = [one for one in job.parameters if one.required and one.name not in given]
    for name in unknown if not job.accepts_others else ():
        meant = did_you_mean(plain_name(name), [other for other in parameters if other not in given])
        takes = f"it takes {', '.join(parameters)}" if parameters else "it takes none"
        message = f"{job.module_name} has no argument {name}"
        remedy = f"did you mean {meant}?" if meant else takes
        yield Issue((name,), message, remedy, "unknown-argument", at="key")
        # One that is missing because it is misspelt is told already.
        missing = [one for one in missing if one.name != meant]
    for parameter in missing:
        message = f"{job.module_name} needs the argument {parameter.name} ({parameter.type})"
        # One that is given as null is there, and is left out of the run.
        path = next(((name,) for name in arguments if plain_name(name) == parameter.name), ())
        yield Issue(path, message, f"write `{parameter.name}: ...` into `args`", "missing-argument", at="key")
    for name, value in known.items():
        found = parameters.get(plain_name(name))
        if found is not None and not fits(value, found.type):
            message = f"{job.module_name} takes {found.type} here, got {describe(value)}"
            yield Issue((name,), message, "correct the value", "argument-type")


def _some(names: Sequence[str]) -> str:
    """The first names of a list, and how many more there are."""
    more = len(names) - _SHOWN
    return f"{', '.join(names[:_SHOWN])}{f' and {more} more' if more > 0 else ''}"
