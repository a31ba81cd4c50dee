"""`jobkit schema`: JSON Schemas for editors, and the reference of all keys."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from airflow_jobkit.cli.reference import reference
from airflow_jobkit.spec.json_schema import dag_file_schema, defaults_schema, project_schema

_SCHEMAS = {"dags": dag_file_schema, "defaults": defaults_schema, "project": project_schema}


def run(arguments: argparse.Namespace) -> int:
    """Print, or write, what is asked for."""
    if arguments.what == "reference":
        text = reference()
    else:
        text = json.dumps(_SCHEMAS[arguments.what](), indent=2, ensure_ascii=False) + "\n"
    if arguments.out is None:
        print(text, end="")
        return 0
    out: Path = arguments.out
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    print(f"wrote {out}")
    return 0
