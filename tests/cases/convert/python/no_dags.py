"""A module of functions beside the DAGs."""


def clean(table: str) -> str:
    return table.strip()
