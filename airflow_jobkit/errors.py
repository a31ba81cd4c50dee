"""Every exception of airflow-jobkit.

    JobkitError
    ├── ProblemsError (ValueError)              mistakes in a user's files (in `problems`)
    ├── EnvironmentNotFoundError (LookupError)  no environment of that name in jobkit.yaml
    ├── UnknownNotifierError (LookupError)      no notifier of that name is built in or configured
    ├── ReleaseError
    │   ├── ReleaseNotFoundError (LookupError)  no such version at the code root
    │   ├── ReleaseConflictError (FileExistsError)  a published version holds other bytes
    │   ├── ReleaseDamagedError (ValueError)    a file is not the one its manifest describes
    │   └── ReleaseBuildError (RuntimeError)    the wheels could not be built
    ├── ContractError (ValueError)              an Envelope, Result or record of an unknown form
    ├── EngineOptionsError (ValueError)         the options of an engine lack one, or contradict each other
    ├── StockArgumentError (TypeError)          an argument of a stock operator that has no effect here
    ├── JobFailedError (RuntimeError)           the job itself raised, or failed a check
    └── EngineError (RuntimeError)              the engine ended the run, or could not start it
        └── EngineUnavailableError              its service does not answer now, and may do so later

Each also inherits the builtin that a caller would expect. A message says what, where and what to do; never
a secret.
"""

from __future__ import annotations


class JobkitError(Exception):
    """The root of everything that airflow-jobkit raises."""


class EnvironmentNotFoundError(JobkitError, LookupError):
    """The project has no environment of the name that was asked for."""


class UnknownNotifierError(JobkitError, LookupError):
    """No notifier of this name is built in, and the project configures none."""


class ReleaseError(JobkitError):
    """Something about a Release."""


class ReleaseNotFoundError(ReleaseError, LookupError):
    """No Release of this version stands at the code root."""


class ReleaseConflictError(ReleaseError, FileExistsError):
    """The version is published already, with other bytes."""


class ReleaseDamagedError(ReleaseError, ValueError):
    """A file of a Release is missing or is not the one its manifest describes."""


class ReleaseBuildError(ReleaseError, RuntimeError):
    """The wheels of a Release could not be built."""


class ContractError(JobkitError, ValueError):
    """A document that travels between the operator and the job has an unknown form."""


class EngineOptionsError(JobkitError, ValueError):
    """The options of an Engine, all layers together, lack one or contradict each other."""


class StockArgumentError(JobkitError, TypeError):
    """An argument of a provider's stock operator is set that would have no effect."""


class JobFailedError(JobkitError, RuntimeError):
    """The job itself failed: it raised, or one of its checks did not hold."""


class EngineError(JobkitError, RuntimeError):
    """The engine could not start the job, or ended it."""


class EngineUnavailableError(EngineError):
    """The engine's service does not answer now: it is down, throttles, or cannot be reached."""
