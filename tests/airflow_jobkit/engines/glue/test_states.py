"""Every state that Glue has means something to us; one that we do not know is an error."""

from __future__ import annotations

import pytest
from botocore.session import get_session

from airflow_jobkit.engines.glue.states import STATES, run_state
from airflow_jobkit.engines.states import Phase
from airflow_jobkit.errors import EngineError


def test_the_table_holds_exactly_the_states_of_the_services_own_model() -> None:
    assert set(STATES) == set(get_session().get_service_model("glue").shape_for("JobRunState").enum)


def test_only_succeeded_is_a_success() -> None:
    assert [state.name for state in STATES.values() if state.phase is Phase.SUCCEEDED] == ["SUCCEEDED"]


def test_a_run_that_is_queued_or_being_stopped_has_not_ended() -> None:
    active = {state.name for state in STATES.values() if state.phase is Phase.ACTIVE}
    assert active == {"WAITING", "STARTING", "RUNNING", "STOPPING"}


def test_an_unknown_state_is_an_error_that_names_it_and_the_run() -> None:
    with pytest.raises(EngineError, match=r"jr_1 is in the state 'PAUSED', which this version .* not know"):
        run_state("PAUSED", "jr_1")
