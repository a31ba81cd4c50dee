"""The body of an HttpOperator's request: JSON, where its headers say so.

The operator itself sends a mapping as a form, whatever the headers say.
"""

from __future__ import annotations

import json
from typing import Any

from airflow_jobkit._compat import BaseOperator

_MODULE = "airflow.providers.http.operators.http"


def with_json_body(operator: type[BaseOperator], arguments: dict[str, Any]) -> None:
    """Write a mapping as JSON text, which is a template as the mapping would be."""
    data, headers = arguments.get("data"), arguments.get("headers")
    if not isinstance(data, dict) or not isinstance(headers, dict):
        return
    is_json = "application/json" in str(headers.get("Content-Type", "")).lower()
    if is_json and any(made.__module__ == _MODULE for made in operator.__mro__):
        arguments["data"] = json.dumps(data, default=str)
