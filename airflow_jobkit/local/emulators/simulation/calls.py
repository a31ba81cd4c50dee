"""What a request is: the call that it makes, of which service, and what it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from urllib.parse import parse_qs

from airflow_jobkit.local.emulators.objects import is_for_s3
from airflow_jobkit.local.emulators.wsgi import Environ, whole_body

_DATABRICKS = re.compile(r"^/api/\d\.\d/(jobs/)?")
_RUN_IDS = re.compile(r"jr_[0-9a-f]{64}|(?<!\d)\d{15}(?!\d)")
"""The ids of runs, as the emulated Glue and the emulated Databricks make them."""


class Service(Enum):
    """Whose call it is, which says how an error is worded."""

    DATABRICKS = "databricks"
    GLUE = "glue"
    LOGS = "logs"
    S3 = "s3"
    OTHER_JSON = "json"
    OTHER_XML = "xml"


_TARGETS = {"AWSGlue": Service.GLUE, "Logs_20140328": Service.LOGS}


@dataclass(frozen=True)
class Call:
    """A request.

    Attributes:
        service: Whose it is.
        name: What plans call it.
        path: Its path and query.
        text: All that it says: path, query and body.
    """

    service: Service
    name: str
    path: str
    text: str

    @property
    def run_ids(self) -> list[str]:
        """The ids of runs in it, or what looks like one."""
        return _RUN_IDS.findall(self.text)


def call_of(environ: Environ) -> Call:
    """Read a request; its body can be read again."""
    body = whole_body(environ).decode("utf-8", "replace")
    raw = environ.get("REQUEST_URI", "")
    query = environ.get("QUERY_STRING", "")
    # WSGI hands on the bytes of a path as Latin-1.
    plain = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
    path = f"{plain}?{query}" if query else plain
    service, name = _named(environ, plain, body)
    return Call(service, name, path, f"{path}\n{raw}\n{body}")


def _named(environ: Environ, path: str, body: str) -> tuple[Service, str]:
    if _DATABRICKS.match(path):
        return Service.DATABRICKS, _DATABRICKS.sub("", path)
    target, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
    if operation:
        return _TARGETS.get(target, Service.OTHER_JSON), operation
    method = environ["REQUEST_METHOD"]
    if is_for_s3(environ):
        key = path.removeprefix("/").partition("/")[2]
        return Service.S3, f"S3:{'LIST' if method == 'GET' and not key else method}"
    action = parse_qs(body).get("Action", [method])
    return Service.OTHER_XML, action[0]
