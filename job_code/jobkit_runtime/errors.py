"""Every exception of jobkit-runtime.

    JobkitRuntimeError
    ├── ArgumentError (ValueError)        an argument is missing, unknown or of the wrong type
    ├── EnvelopeError (ValueError)        the Envelope cannot be read, or is newer than this runtime
    ├── ModuleNameError (LookupError)     module_name leads to no job
    ├── JobDefinitionError (TypeError)    a job class or factory is written in a way that cannot run
    ├── PlatformError (RuntimeError)      Spark, Java or Glue is not there
    ├── StorageError (OSError)            a small file cannot be read or written
    ├── DatasetError (LookupError)        a dataset is not where it should be
    ├── CheckFailedError (ValueError)     what was written breaks a check; nothing was published
    └── NotifierError (LookupError)       no notifier of that name, or it is set up wrongly

Each also inherits the builtin that a caller would expect. A message says what, where and what to do; never
a secret.
"""

from __future__ import annotations


class JobkitRuntimeError(Exception):
    """The root of everything that jobkit-runtime raises."""


class ArgumentError(JobkitRuntimeError, ValueError):
    """An argument is missing, unknown or not convertible; the message lists all such at once."""


class EnvelopeError(JobkitRuntimeError, ValueError):
    """The Envelope is malformed, or of a version that this runtime does not know."""


class ModuleNameError(JobkitRuntimeError, LookupError):
    """The module name leads to no job, or to more than one."""


class JobDefinitionError(JobkitRuntimeError, TypeError):
    """A job, its factory or its parameters are defined in a way that cannot be run."""


class PlatformError(JobkitRuntimeError, RuntimeError):
    """The platform lacks what the job asked for: Spark, Java or a GlueContext."""


class StorageError(JobkitRuntimeError, OSError):
    """A small file (Envelope, pointer, Result) cannot be read or written."""


class DatasetError(JobkitRuntimeError, LookupError):
    """A dataset is not there, or nothing was ever published under its name."""


class CheckFailedError(JobkitRuntimeError, ValueError):
    """At least one check on the written datasets does not hold; nothing was published."""


class NotifierError(JobkitRuntimeError, LookupError):
    """No notifier of that name exists, or its settings do not fit it."""
