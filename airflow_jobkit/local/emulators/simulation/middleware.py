"""Stands before a service, and lets its callers meet what the plans say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from airflow_jobkit.local.emulators.simulation.callers import caller, hang_up, kill
from airflow_jobkit.local.emulators.simulation.calls import Call, Service, call_of
from airflow_jobkit.local.emulators.simulation.parsing import PlanError
from airflow_jobkit.local.emulators.simulation.plans import CARRIED_OUT, KILLS
from airflow_jobkit.local.emulators.simulation.refusals import Refusal, refusal
from airflow_jobkit.local.emulators.simulation.simulation import Book, Simulation
from airflow_jobkit.local.emulators.wsgi import Application, Environ, StartResponse, whole_body

_PLANS = "/_jobkit/plans"
_LOST = ("lost", "dropped", *KILLS)


class SimulatedService:
    """WSGI middleware.

    `POST /_jobkit/plans` adds plans, `GET` tells what became of them, `DELETE` forgets them.

    Args:
        app: The service.
        simulation: The plans.
    """

    def __init__(self, app: Application, simulation: Simulation) -> None:
        self._app = app
        self._simulation = simulation

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or do to it what is planned."""
        if environ.get("PATH_INFO") == _PLANS:
            return _send(self._steered(environ), start_response)
        if self._simulation.idle:
            return self._app(environ, start_response)
        call = call_of(environ)
        book = self._simulation.book_of(call)
        if book is None:
            return self._app(environ, start_response)
        with self._simulation.answering(book):
            return self._met(book, call, environ, start_response)

    def _met(
        self, book: Book, call: Call, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        with book.pace:
            hit = self._simulation.hit(book, call)
            if hit is None:
                return self._unharmed(call, environ, start_response)
            # While it certainly waits for an answer.
            pid = caller(environ)
            self._simulation.fired(book, hit, pid)
            answer = _answer(self._app, environ) if hit.fault.do in CARRIED_OUT else None
        if hit.fault.do in KILLS:
            kill(pid)
        if hit.fault.do in _LOST:
            hang_up(environ)
        if hit.fault.do == "delay" and answer is not None:
            self._simulation.clock.wait(hit.fault.seconds)
            return answer.sent(start_response)
        return _send(refusal(call, hit.fault.do.removesuffix("_after")), start_response)

    def _unharmed(self, call: Call, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if call.service is Service.LOGS and any(run.plan.log_denied for run in self._simulation.named(call)):
            return _send(refusal(call, "deny"), start_response)
        return self._app(environ, start_response)

    def _steered(self, environ: Environ) -> Refusal:
        method = environ["REQUEST_METHOD"]
        if method == "POST":
            try:
                return _json(200, {"plans": self._simulation.add(_parsed(whole_body(environ)))})
            except PlanError as error:
                return _json(400, {"error": str(error)})
        if method == "DELETE":
            self._simulation.forget()
            return _json(200, {})
        return _json(200, self._simulation.document())


@dataclass(frozen=True)
class _Answer:
    """What a service answered."""

    started: tuple[Any, ...]
    body: list[bytes]

    def sent(self, start_response: StartResponse) -> list[bytes]:
        """Send it."""
        start_response(*self.started)
        return self.body


def _answer(app: Application, environ: Environ) -> _Answer:
    """Let a service answer, without sending that to anybody."""
    started: list[tuple[Any, ...]] = []
    found = app(environ, lambda *details: started.append(details))
    try:
        body = list(found)
    finally:
        close = getattr(found, "close", None)
        if close is not None:
            close()
    return _Answer(started[-1], body)


def _send(answer: Refusal, start_response: StartResponse) -> list[bytes]:
    start_response(answer.status, answer.headers)
    return [answer.body]


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body or b"null")
    except ValueError as error:
        raise PlanError(f"the body is no JSON: {error}") from None


def _json(status: int, document: Any) -> Refusal:
    body = json.dumps(document).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    return Refusal(f"{status} {'OK' if status == 200 else 'Bad Request'}", headers, body)
