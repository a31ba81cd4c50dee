"""Every exception of airflow-jobkit.

    JobkitError
    ├── ProblemsError (ValueError)              mistakes in a user's files (in `problems`)
    ├── EnvironmentNotFoundError (LookupError)  no environment of that name in jobkit.yaml
    ├── UnknownNotifierError (LookupError)      no notifier of that name is built in or configured
    ├── ReleaseError
    │   ├── ReleaseNotFoundError (LookupError)  no such version or channel at the code root
    │   ├── ReleaseConflictError (FileExistsError)  a published version holds other bytes
    │   ├── ReleaseDamagedError (ValueError)    a file is not the one its manifest describes
    │   └── ReleaseBuildError (RuntimeError)    the wheels could not be built
    ├── ContractError (ValueError)              an Envelope, Result or record of an unknown form
    ├── EngineOptionsError (ValueError)         the options of an engine lack one, or contradict each other
    ├── StockArgumentError (TypeError)          an argument of a stock operator that has no effect here
    ├── JobFailedError (RuntimeError)           the job itself raised, or failed a check
    └── EngineError (RuntimeError)              the engine ended the run, or could not start it
        ├── RunOverdueError (TimeoutError)      the run took longer than the task may
        ├── EngineRefusedError                  its service refused, and would refuse the same again
        │   └── RunGoneError (LookupError)      its service knows no such run
        ├── RunChangedError                     a run of other code, arguments or options goes on
        └── EngineUnavailableError              its service does not answer now, and may do so later
            ├── EngineBusyError                 it turned a request away, since there are too many
            └── UnansweredError                 nobody knows whether a run has started

Each also inherits the builtin that a caller would expect. A message says what, where and what to do; never
a secret. `final` says that trying the same again cannot mend it.
"""

from __future__ import annotations

from typing import Any, ClassVar


class JobkitError(Exception):
    """The root of everything that airflow-jobkit raises.

    Attributes:
        final: Whether trying the same again cannot mend it.
        failure: What is known of the failure (`operators.failure.Failure`), once it has left an operator.
    """

    final: ClassVar[bool] = False
    failure: Any = None


class EnvironmentNotFoundError(JobkitError, LookupError):
    """The project has no environment of the name that was asked for."""

    final: ClassVar[bool] = True


class UnknownNotifierError(JobkitError, LookupError):
    """No notifier of this name is built in, and the project configures none."""

    final: ClassVar[bool] = True


class ReleaseError(JobkitError):
    """Something about a Release."""


class ReleaseNotFoundError(ReleaseError, LookupError):
    """No Release of this version, or no channel of this name, stands at the code root."""

    final: ClassVar[bool] = True


class ReleaseConflictError(ReleaseError, FileExistsError):
    """The version is published already, with other bytes."""

    final: ClassVar[bool] = True


class ReleaseDamagedError(ReleaseError, ValueError):
    """A file of a Release is missing or is not the one its manifest describes."""

    final: ClassVar[bool] = True


class ReleaseBuildError(ReleaseError, RuntimeError):
    """The wheels of a Release could not be built."""


class ContractError(JobkitError, ValueError):
    """A document that travels between the operator and the job has an unknown form."""

    final: ClassVar[bool] = True


class EngineOptionsError(JobkitError, ValueError):
    """The options of an Engine, all layers together, lack one or contradict each other."""

    final: ClassVar[bool] = True


class StockArgumentError(JobkitError, TypeError):
    """An argument of a provider's stock operator is set that would have no effect."""

    final: ClassVar[bool] = True


class JobFailedError(JobkitError, RuntimeError):
    """The job itself failed: it raised, or one of its checks did not hold."""


class EngineError(JobkitError, RuntimeError):
    """The engine could not start the job, or ended it."""


class RunOverdueError(EngineError, TimeoutError):
    """The run took longer than its task may take, or than its own time-out allows, and is stopped."""


class EngineRefusedError(EngineError):
    """The engine's service refused, for a reason that trying again does not mend: a right, a wrong option."""

    final: ClassVar[bool] = True


class RunGoneError(EngineRefusedError, LookupError):
    """The engine's service knows no such run: it has forgotten it, or the connection leads elsewhere."""


class RunChangedError(EngineError):
    """The run to take over was started from other code, arguments or options, and is left alone."""

    final: ClassVar[bool] = True


class EngineUnavailableError(EngineError):
    """The engine's service does not answer now: it is down, throttles, or cannot be reached."""


class EngineBusyError(EngineUnavailableError):
    """The engine's service turned a request away unread: there are too many at a time."""


class UnansweredError(EngineUnavailableError):
    """A request to start a run was sent and not answered, so nobody knows whether one has started."""
