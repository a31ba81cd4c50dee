"""Answers by which the service refuses a request."""

from __future__ import annotations


class RefusedError(Exception):
    """A request that is refused.

    Attributes:
        status: The HTTP status.
        error_code: The service's own code; a number where nobody could be authenticated.
        message: What the service says.
    """

    def __init__(self, status: int, error_code: str | int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = error_code
        self.message = message


def invalid(message: str) -> RefusedError:
    """A value that the service does not take."""
    return RefusedError(400, "INVALID_PARAMETER_VALUE", message)


def malformed(message: str) -> RefusedError:
    """A request of the wrong form."""
    return RefusedError(400, "MALFORMED_REQUEST", message)


def no_such_run(run_id: int | str) -> RefusedError:
    """A run id that nothing is known of; the service calls it an invalid value, not a missing resource."""
    return invalid(f"Run {run_id} does not exist.")
