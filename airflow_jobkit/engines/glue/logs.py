"""What a run's driver prints, as CloudWatch Logs keeps it: best effort, bounded, never an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

_GROUPS = "/aws-glue/jobs"
"""Where Glue keeps what drivers print, unless the job encrypts it."""

_STREAMS = ("output", "error")
_LINES_PER_LOOK = 1_000
_LINES_PER_RUN = 10_000
_LONGEST_SILENCE = 3
"""After so many calls in a row that did not reach the service, no more are made: each one takes time."""

_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


class DriverLog:
    """Reads a run's streams from where it stopped before, one call per stream and look.

    Args:
        logs: Makes a boto3 client of CloudWatch Logs; None: nothing is read.
        run_id: The run; its streams are named like it.
        warn: Told once why a log cannot be had, and once where the rest of a long one is.
        log_group: How the names of the run's groups begin, as Glue tells; empty: the usual way.
    """

    def __init__(
        self, logs: Callable[[], Any] | None, run_id: str, warn: Callable[..., object], log_group: str = ""
    ) -> None:
        self._logs = logs
        self._run_id = run_id
        self._warn = warn
        self._groups = tuple(f"{(log_group or _GROUPS).rstrip('/')}/{stream}" for stream in _STREAMS)
        self._client: Any = None
        self._tokens: dict[str, str] = {}
        self._left = _LINES_PER_RUN
        self._silence = 0

    def new_lines(self) -> list[str]:
        """The lines since the last call; none once the log cannot be had or has become too long."""
        lines: list[str] = []
        for group in self._groups:
            if self._logs is not None:
                lines += self._read(group, self._logs)
        if len(lines) > self._left:
            self._logs, lines = None, lines[: self._left]
            self._warn(
                "the log of run %s is longer than %s lines; the rest is in the streams of that name in %s",
                self._run_id,
                _LINES_PER_RUN,
                " and ".join(self._groups),
            )
        self._left -= len(lines)
        return lines

    def _read(self, group: str, logs: Callable[[], Any]) -> list[str]:
        """The new lines of one stream. It is there once something was printed, and may not be until then."""
        token = self._tokens.get(group)
        try:
            self._client = self._client or logs()
            answer = self._client.get_log_events(
                logGroupName=group,
                logStreamName=self._run_id,
                startFromHead=True,
                limit=_LINES_PER_LOOK,
                **({"nextToken": token} if token else {}),
            )
            lines = [event["message"].rstrip("\n") for event in answer["events"]]
            self._tokens[group] = answer["nextForwardToken"]
        except ClientError as error:
            self._silence = 0
            if error.response.get("Error", {}).get("Code") in _DENIED:
                self._give_up("allow logs:GetLogEvents to the AWS identity of the connection", error)
            return []
        except BotoCoreError as error:
            self._silence += 1
            if self._silence >= _LONGEST_SILENCE:
                self._give_up("look at the network between here and CloudWatch Logs", error)
            return []
        # Whatever it is: a log never fails a run.
        except Exception as error:  # noqa: BLE001
            self._give_up("look at the AWS connection", error)
            return []
        self._silence = 0
        return lines

    def _give_up(self, remedy: str, error: Exception) -> None:
        self._logs = None
        said = str(error).rstrip(".")
        self._warn("the driver's log of run %s cannot be read: %s; %s", self._run_id, said, remedy)


def client_of_hook(hook: Any) -> Any:
    """A client of CloudWatch Logs by an Airflow AWS hook; it gives up soon, since the run matters more."""
    soon = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1})
    return hook.get_client_type(region_name=hook.region_name, config=hook.config.merge(soon))
