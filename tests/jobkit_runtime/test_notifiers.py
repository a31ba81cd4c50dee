from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta, timezone

import pytest

from jobkit_runtime import Notification, RunInfo
from jobkit_runtime.envelope import NotifierSettings
from jobkit_runtime.notifiers import notify, subject
from jobkit_runtime.outcome import DatasetReport, ErrorReport, Outcome
from jobkit_runtime.result import Result

START = datetime(2026, 1, 2, tzinfo=timezone.utc)
RUN = RunInfo("k", "local", dag_id="flights", run_id="r", task_id="t", code_version="0.1.0")


def event(error: ErrorReport | None = None) -> Notification:
    outcome = Outcome(
        status="failed" if error else "success",
        started_at=START,
        finished_at=START + timedelta(seconds=18.5),
        datasets=(DatasetReport("clean", "output", "/d", "parquet", 327346),),
        error=error,
    )
    return Notification(Result(RUN, "dwh.clean", "0.1.0", outcome))


def test_noop_tells_nobody_whatever_the_settings(caplog):
    assert notify("NOOP", NotifierSettings(None, {"topic_arn": "x"}), event()) is None
    assert caplog.text == ""


def test_log_writes_one_line(caplog):
    caplog.set_level(logging.INFO)
    assert notify("LOG", NotifierSettings(), event()) is None
    assert caplog.messages == ["notification: dwh.clean 0.1.0: success in 18.5 s, clean 327,346 rows"]


@pytest.mark.parametrize(
    ("service_type", "settings", "warning"),
    [
        (
            "SMS",
            NotifierSettings(),
            "NotifierError: there is no notifier 'SMS'; did you mean SNS? (LOG, NOOP, SNS",
        ),
        ("SNS", NotifierSettings(), "NotifierError: the settings do not fit the notifier SNS: "),
        ("X", NotifierSettings("nowhere.at:All"), "ModuleNotFoundError: No module named 'nowhere'"),
        ("X", NotifierSettings("json:dumps"), "NotifierError: json:dumps is no notifier"),
    ],
    ids=["an unknown type", "a missing setting", "a missing module", "something that is no class"],
)
def test_the_warning_says_what_is_wrong_with(service_type, settings, warning):
    assert (notify(service_type, settings, event()) or "").startswith(
        f"notification {service_type} failed: {warning}"
    )


def test_a_subject_is_one_ascii_line_of_at_most_100_characters():
    assert subject("größe\nzwei") == "gr??e zwei"
    assert len(subject("x" * 300)) == 100


def test_sns_publishes_through_real_http_to_a_subscribed_queue(monkeypatch):
    server_module = pytest.importorskip("moto.server")
    boto3 = pytest.importorskip("boto3")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        sns, sqs = boto3.client("sns"), boto3.client("sqs")
        topic = sns.create_topic(Name="jobs")["TopicArn"]
        queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        error = ErrorReport("execute", "ValueError", "month 13 is not a month", "")
        assert notify("SNS", NotifierSettings(None, {"topic_arn": topic}), event(error)) is None
        (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    finally:
        server.stop()
    body = json.loads(message["Body"])
    document = json.loads(body["Message"])
    assert body["Subject"] == "dwh.clean 0.1.0: failed in 18.5 s: ValueError in execute"
    assert document["error"] == "ValueError: month 13 is not a month"
    assert (document["dag_id"], document["rows"]) == ("flights", {"clean": 327346})
