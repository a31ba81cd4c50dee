"""Many versions on one Glue definition, all at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from emulators import RunningEmulators
from rig.conftest import BUCKET
from rig.engines import GlueEngine
from rig.test_behaviours import SAYS
from task_context import TaskContext

pytestmark = [pytest.mark.engines]

VERSIONS = [f"1.{minor}.0" for minor in range(5)]


def test_20_tasks_at_5_versions_run_each_its_own_code_and_change_no_definition(
    emulators: RunningEmulators,
) -> None:
    glue = GlueEngine(f"s3://{BUCKET}/{uuid4().hex}", emulators)
    for version in VERSIONS:
        glue.publish(version, says=SAYS)
    # A name of its own, since the emulators serve other tests too.
    options = {"job_name": f"versions-{uuid4().hex[:8]}"}
    contexts = [
        TaskContext(glue.task("says", task_id=f"task_{n}", version=VERSIONS[n % 5], options=options))
        for n in range(20)
    ]
    emulators.forget_calls()
    with ThreadPoolExecutor(20) as threads:
        summaries = list(threads.map(TaskContext.execute, contexts))
    assert [summary["metrics"]["said"] for summary in summaries] == VERSIONS * 4
    assert len({context.xcoms["glue_job_name"] for context in contexts}) == 1
    assert len({context.xcoms["glue_job_run_id"] for context in contexts}) == 20
    calls = [call["call"] for call in emulators.calls()]
    assert calls.count("StartJobRun") == 20
    assert "UpdateJob" not in calls
