"""Which fault a call meets."""

from __future__ import annotations

from airflow_jobkit.local.emulators.simulation.faults import Faults
from airflow_jobkit.local.emulators.simulation.plans import Fault


def met(faults: Faults, *calls: str) -> list[str | None]:
    hits = [faults.next(call) for call in calls]
    return [hit.fault.do if hit else None for hit in hits]


def test_a_fault_hits_the_nth_call_of_its_name_as_often_as_it_says() -> None:
    faults = Faults((Fault("GetJobRun", "throttle", nth=2, times=2),))

    found = met(faults, "GetJobRun", "GetJob", "GetJobRun", "GetJobRun", "GetJobRun")

    assert found == [None, None, "throttle", "throttle", None]
    assert faults.calls == {"GetJobRun": 4, "GetJob": 1}


def test_a_fault_without_an_end_hits_for_ever() -> None:
    faults = Faults((Fault("runs/get", "error", nth=2, times=0),))

    assert met(faults, *["runs/get"] * 4) == [None, "error", "error", "error"]


def test_of_two_faults_at_one_call_the_first_is_met_and_both_count_it() -> None:
    faults = Faults((Fault("S3:PUT", "lost"), Fault("S3:PUT", "deny", nth=2)))

    assert met(faults, "S3:PUT", "S3:PUT", "S3:PUT") == ["lost", "deny", None]


def test_a_fault_with_a_path_counts_the_calls_of_that_path_alone() -> None:
    faults = Faults((Fault("S3:PUT", "lost", path="intent"),))

    assert faults.next("S3:PUT", "/code/result.json") is None
    hit = faults.next("S3:PUT", "/code/intent.json")

    assert hit is not None
    assert hit.number == 1


def test_a_fault_with_a_state_waits_for_calls_about_a_run_in_that_state() -> None:
    faults = Faults((Fault("runs/get", "kill_before", state="TERMINATED"),))

    assert faults.next("runs/get") is None
    assert faults.next("runs/get", states=["RUNNING"]) is None
    assert faults.next("runs/get", states=["TERMINATED/SUCCESS"]) is not None
