"""Calls into a WSGI application from inside its own process."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

REGION = "us-east-1"
"""The region of the emulated AWS."""

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


def call(
    app: Application,
    method: str,
    path: str,
    service: str,
    *,
    query: str = "",
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Send a request, as a signed one of an AWS service; its status and body."""
    from werkzeug.test import Client

    scope = f"AKIA/20260101/{REGION}/{service}/aws4_request"
    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
    response = Client(app).open(
        path,
        base_url="http://127.0.0.1/",
        method=method,
        query_string=query,
        data=body,
        headers={**signed, **(headers or {})},
    )
    return response.status_code, response.get_data()


def call_json(app: Application, service: str, target: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Call an operation of a service that speaks JSON; its answer, with `__type` for an error."""
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    _, answer = call(app, "POST", "/", service, body=json.dumps(request).encode(), headers=headers)
    found: dict[str, Any] = json.loads(answer or b"{}")
    return found


def whole_body(environ: Environ) -> bytes:
    """The body of a request, which can be read again afterwards."""
    from werkzeug.wsgi import get_input_stream

    body: bytes = get_input_stream(environ).read()
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    return body
