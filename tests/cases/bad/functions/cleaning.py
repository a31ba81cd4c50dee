"""Functions that the cases name by file."""


def clean_flights() -> None:
    """Stands here to be named."""
