"""What the corpus names by file and name."""

from typing import Any


def clean(**context: Any) -> int:
    """A function of a PythonOperator."""
    return 1


def shout(word: str = "") -> str:
    """A TaskFlow function."""
    return word.upper()


def tell(context: Any) -> None:
    """A callback."""


def describe(topic: str) -> str:
    """Documentation, as code."""
    return f"About {topic}"


def check(value: Any) -> bool:
    """What a sensor asks of a value."""
    return bool(value)
