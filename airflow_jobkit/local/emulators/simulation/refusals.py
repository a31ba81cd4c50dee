"""The answers of a service that refuses, in its own words."""

from __future__ import annotations

import json
from dataclasses import dataclass

from airflow_jobkit.local.emulators.simulation.calls import Call, Service

_ACCOUNT = "123456789012"
_WHO = f"arn:aws:sts::{_ACCOUNT}:assumed-role/airflow-execution-role/AmazonMWAA-airflow"

_DATABRICKS = {
    "throttle": (429, "REQUEST_LIMIT_EXCEEDED", "Current request rate exceeds the limit. Please try later."),
    "error": (503, "TEMPORARILY_UNAVAILABLE", "The service at /api/2.2 is temporarily unavailable."),
    "deny": (403, "PERMISSION_DENIED", "User airflow does not have the permission for this action."),
}
_S3 = {
    "throttle": (503, "SlowDown", "Please reduce your request rate."),
    "error": (500, "InternalError", "We encountered an internal error. Please try again."),
    "deny": (403, "AccessDenied", "Access Denied"),
}


@dataclass(frozen=True)
class Refusal:
    """An answer: its status line, headers and body."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def refusal(call: Call, kind: str) -> Refusal:
    """How a service refuses a call; `kind` is `throttle`, `error` or `deny`."""
    if call.service is Service.DATABRICKS:
        status, code, message = _DATABRICKS[kind]
        body = json.dumps({"error_code": code, "message": message})
        return _refusal(status, "application/json", body)
    if call.service is Service.S3:
        status, code, message = _S3[kind]
        text = (
            f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>simulated</RequestId></Error>"
        )
        return _refusal(status, "application/xml", "" if call.name == "S3:HEAD" else text)
    status, code, message = _aws(call, kind)
    if call.service is Service.OTHER_XML:
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        return _refusal(status, "text/xml", f"<ErrorResponse>{error}</ErrorResponse>")
    body = json.dumps({"__type": code, "Message": message, "message": message})
    return _refusal(status, "application/x-amz-json-1.1", body, ("x-amzn-ErrorType", code))


def _aws(call: Call, kind: str) -> tuple[int, str, str]:
    if kind == "throttle":
        return 400, "ThrottlingException", "Rate exceeded"
    if kind == "error":
        code = "ServiceUnavailableException" if call.service is Service.LOGS else "InternalServiceException"
        return 500, code, "An internal service error occurred."
    service = call.service.value if call.service in (Service.GLUE, Service.LOGS) else "aws"
    action = f"{service}:{call.name}"
    message = (
        f"User: {_WHO} is not authorized to perform: {action} on resource: "
        f"arn:aws:{service}:us-east-1:{_ACCOUNT}:* because no identity-based policy allows "
        f"the {action} action"
    )
    return 400, "AccessDeniedException", message


def _refusal(status: int, content_type: str, body: str, *headers: tuple[str, str]) -> Refusal:
    content = body.encode()
    length = ("Content-Length", str(len(content)))
    return Refusal(f"{status} Simulated", [("Content-Type", content_type), length, *headers], content)
