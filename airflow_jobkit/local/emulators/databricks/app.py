"""The workspace's HTTP interface."""

from __future__ import annotations

import hmac
import json
import re
import threading
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Request, Response

from airflow_jobkit.local.emulators.databricks.endpoints import Call, Endpoints
from airflow_jobkit.local.emulators.databricks.execution import Execution
from airflow_jobkit.local.emulators.databricks.fields import Document
from airflow_jobkit.local.emulators.databricks.ledger import Ledger
from airflow_jobkit.local.emulators.databricks.refused import RefusedError, malformed
from airflow_jobkit.local.emulators.databricks.simulated import SimulatedRuns
from airflow_jobkit.local.emulators.scripts import ScriptRunner
from airflow_jobkit.local.emulators.simulation.simulation import Simulation
from airflow_jobkit.local.emulators.wsgi import Environ, StartResponse

_CALLS = "/_jobkit/calls"
_API = re.compile(r"/api/2\.([12]/|0/(?=clusters/))")  # older providers ask 2.0 for clusters


def databricks_app(
    runner: ScriptRunner,
    folder: Path,
    *,
    token: str | None = None,
    clusters: Collection[str] | None = None,
    cluster_start_seconds: float = 0.0,
    simulation: Simulation | None = None,
) -> DatabricksApp:
    """A workspace that really runs what is submitted.

    Args:
        runner: Runs the scripts.
        folder: Where runs are kept; its folders `volumes`, `workspace` and `dbfs` are those file systems.
        token: What requests must bear; None: anything, or nothing.
        clusters: The ids of the existing clusters; None: whichever is named exists.
        cluster_start_seconds: How long a new cluster takes to be there.
        simulation: Says which runs only seem to run; None: all are real.
    """
    ledger = Ledger(folder)
    simulated = SimulatedRuns(ledger, simulation or Simulation())
    execution = Execution(
        runner, ledger, folder, simulated, clusters=clusters, cluster_start_seconds=cluster_start_seconds
    )
    return DatabricksApp(Endpoints(ledger, execution, simulated), token)


class DatabricksApp:
    """A WSGI application.

    `GET /_jobkit/calls` lists the calls so far, each with its method, path and parameters; `DELETE` forgets
    them.
    """

    def __init__(self, endpoints: Endpoints, token: str | None) -> None:
        self._endpoints = endpoints
        self._token = token
        self._lock = threading.Lock()
        self._calls: list[dict[str, Any]] = []

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        request = Request(environ)
        if request.path == _CALLS:
            return _json(200, self._calls_so_far(request.method))(environ, start_response)
        try:
            response = _json(200, self._answer(request))
        except RefusedError as refused:
            answer = {"error_code": refused.error_code, "message": refused.message}
            response = _json(refused.status, answer)
        return response(environ, start_response)

    def _answer(self, request: Request) -> dict[str, Any]:
        parameters = _parameters(request)
        with self._lock:
            call = {"method": request.method, "path": request.path, "parameters": parameters}
            self._calls.append(call)
        self._authenticate(request.headers.get("Authorization", ""))
        endpoint = self._endpoints.table.get((request.method, _API.sub("", request.path, count=1)))
        if endpoint is None:
            path = re.sub(r"^/api/\d\.\d", "", request.path)
            raise RefusedError(404, "ENDPOINT_NOT_FOUND", f"No API found for '{request.method} {path}'")
        return endpoint(Call(parameters, request.host_url))

    def _authenticate(self, header: str) -> None:
        if self._token is None:
            return
        kind, _, token = header.partition(" ")
        if kind != "Bearer" or not token:
            message = "Credential was not sent or was of an unsupported type for this API."
            raise RefusedError(401, 401, message)
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            raise RefusedError(403, 403, "Invalid access token.")

    def _calls_so_far(self, method: str) -> list[dict[str, Any]]:
        with self._lock:
            calls = list(self._calls)
            if method == "DELETE":
                self._calls.clear()
            return calls


def _parameters(request: Request) -> Document:
    """The parameters of a call: its query, or the JSON in its body; the service reads both for any method."""
    if not request.get_data():
        return request.args.to_dict()
    try:
        parameters = request.get_json(force=True)
    except BadRequest:
        raise malformed("Invalid JSON given in the body of the request - failed to parse") from None
    if not isinstance(parameters, dict):
        raise malformed("Invalid JSON given in the body of the request - expected a map")
    return parameters


def _json(status: int, answer: Any) -> Response:
    return Response(json.dumps(answer), status=status, content_type="application/json")
