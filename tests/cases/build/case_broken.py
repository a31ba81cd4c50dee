"""Cannot be imported."""

LIMIT = 1 / 0
