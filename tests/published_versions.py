"""Versions of a probe that tell which one runs, and what somebody can do to them behind our back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow_jobkit.release import Manifest, ManifestFile

VERSION = """
    import probe

    def main(**kwargs):
        return {"version": probe.VERSION, **kwargs}
"""


def version_of(summary: Mapping[str, Any]) -> str:
    """The version that the job itself saw, which is the one that the operator tells."""
    assert summary["metrics"]["version"] == summary["code_version"]
    return str(summary["code_version"])


def replace_release(release: Path) -> None:
    """Change a script, and the manifest with it, as somebody with access to the bucket could."""
    script = release / "scripts/local/generic_entry.py"
    script.write_text(script.read_text() + "# changed\n")
    file = release / "manifest.json"
    manifest = Manifest.from_bytes(file.read_bytes(), str(file))
    changed = ManifestFile.of("scripts/local/generic_entry.py", script.read_bytes())
    files = tuple(changed if entry.path == changed.path else entry for entry in manifest.files)
    file.write_bytes(manifest.model_copy(update={"files": files}).to_bytes())
