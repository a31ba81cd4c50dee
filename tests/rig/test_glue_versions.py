"""Many versions on one Glue definition, all at once."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from emulators import RunningEmulators
from executing import Executing
from rig.conftest import BUCKET
from rig.engines import GlueEngine
from rig.test_behaviours import MEETS
from task_context import TaskContext

pytestmark = [pytest.mark.engines]

VERSIONS = [f"1.{minor}.0" for minor in range(5)]


def test_20_tasks_at_5_versions_run_each_its_own_code_and_change_no_definition(
    emulators: RunningEmulators, tmp_path: Path
) -> None:
    glue = GlueEngine(f"s3://{BUCKET}/{uuid4().hex}", emulators)
    for version in VERSIONS:
        glue.publish(version, meets=MEETS)
    # A name of its own, since the emulators serve other tests too.
    options = {"job_name": f"versions-{uuid4().hex[:8]}"}
    job_args = {"place": str(tmp_path / "met"), "others": 20}
    contexts = [
        TaskContext(
            glue.task(
                "meets", task_id=f"task_{n}", version=VERSIONS[n % 5], options=options, job_args=job_args
            )
        )
        for n in range(20)
    ]
    emulators.forget_calls()
    executing = [Executing(context) for context in contexts]
    assert [each.ended(150)["metrics"]["said"] for each in executing] == VERSIONS * 4
    (job_name,) = {context.xcoms["glue_job_name"] for context in contexts}
    client = emulators.client("glue")
    for n, context in enumerate(contexts):
        run = client.get_job_run(JobName=job_name, RunId=context.xcoms["glue_job_run_id"])["JobRun"]
        assert f"/releases/{VERSIONS[n % 5]}/scripts/" in run["Arguments"]["--scriptLocation"]
    calls = [call["call"] for call in emulators.calls()]
    assert calls.count("StartJobRun") == 20
    assert "UpdateJob" not in calls
