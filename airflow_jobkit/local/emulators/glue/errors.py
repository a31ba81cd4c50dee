"""The errors that the emulated Glue answers with."""

from __future__ import annotations


class GlueError(Exception):
    """An error answer of the service: its code, such as `EntityNotFoundException`, and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def not_found(message: str) -> GlueError:
    """What was named does not exist."""
    return GlueError("EntityNotFoundException", message)


def invalid(message: str) -> GlueError:
    """The request's values do not go together."""
    return GlueError("InvalidInputException", message)
