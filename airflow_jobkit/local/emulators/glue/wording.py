"""How the service words the end of a run."""

from __future__ import annotations

from urllib.parse import urlsplit

from airflow_jobkit.local.emulators.scripts import ScriptEnd, ScriptError

_CATEGORIES = {
    "AnalysisException": "QUERY_ERROR",
    "GlueArgumentError": "INVALID_ARGUMENT_ERROR",
    "ImportError": "IMPORT_ERROR",
    "IndentationError": "SYNTAX_ERROR",
    "ModuleNotFoundError": "IMPORT_ERROR",
    "ParseException": "QUERY_ERROR",
    "SyntaxError": "SYNTAX_ERROR",
}


def failure(end: ScriptEnd) -> str:
    """The ErrorMessage of a run whose script failed."""
    if end.error is None:
        code = end.exit_code if end.exit_code >= 0 else 128 - end.exit_code
        return f"Command failed with exit code {code}"
    category = _CATEGORIES.get(end.error.type, "UNCLASSIFIED_ERROR")
    line = f"Failed Line Number: {end.error.line}; " if end.error.line is not None else ""
    return f"Error Category: {category}; {line}{_exception(end.error)}"


def missing(location: str) -> str:
    """The ErrorMessage of a run whose script or wheel is not there."""
    parts = urlsplit(location)
    return (
        f"LAUNCH ERROR | Error downloading from S3 for bucket: {parts.netloc}, key: "
        f"{parts.path.removeprefix('/')}.Not Found (Service: Amazon S3; Status Code: 404; "
        "Error Code: 404 Not Found)Please refer logs for details."
    )


def _exception(error: ScriptError) -> str:
    if error.type == "Py4JJavaError":
        # The call, then the Java exception without its class, then its stack.
        call, _, java = error.message.partition("\n")
        return f"{call} {java.removeprefix(': ').partition(': ')[2].partition(chr(10))[0]}".strip()
    return f"{error.type}: {error.message}"
