"""What a converted text asks of the project."""

from __future__ import annotations

from pathlib import Path

from airflow_jobkit.converting.ours import said_of


def test_only_variables_that_are_filled_in_have_to_be_allowed(tmp_path: Path) -> None:
    text = """\
flights:
  tasks:
    load:
      operator: team.Load
      place: "${env:REGION}"
      tags: ["${env:TEAM}"]
      more: {"${env:KEY}": "$${env:TEXT}"}
"""
    said = said_of("flights.yaml", text, tmp_path / "flights.yaml")
    assert said.variables == ("REGION", "TEAM")
