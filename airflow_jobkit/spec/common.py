"""The keys that all tasks can have, and those of them that a DAG or a group can set for all its tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from airflow_jobkit.fields import Delay, Duration
from airflow_jobkit.spec.callables import Callbacks
from airflow_jobkit.spec.model import ByName, Spec, TextOrTexts, Texts
from airflow_jobkit.spec.schedule import Assets
from airflow_jobkit.spec.values import Backoff, Moment, Name, TriggerRule, WeightRule

# As Airflow's database holds them; one value beyond would keep it from storing any DAG of the folder.
LARGEST = 2**31 - 1
Count = Annotated[int, Field(ge=0, le=LARGEST)]
PositiveCount = Annotated[int, Field(ge=1, le=LARGEST)]
ShortText = Annotated[str, Field(max_length=256)]
PoolName = Annotated[str, Field(min_length=1, max_length=256)]
Title = Annotated[str, Field(max_length=2000)]


class AirflowKeys(Spec):
    """What Airflow lets every task have; the names are Airflow's, but for `timeout`.

    Attributes:
        timeout: How long a try may take (Airflow's execution_timeout); a sensor takes it as its own time-out,
            for all its looks together.
        execution_timeout: The same, in Airflow's word.
        retries: How often a failed task is tried again.
        retry_delay: The time before each retry.
        retry_exponential_backoff: Whether the time doubles from retry to retry, or by which factor it grows.
        max_retry_delay: The longest time between two tries.
        trigger_rule: When the task runs, going by the ends of those it waits for.
        pool: The pool whose slots it takes.
        pool_slots: How many slots it takes.
        queue: The queue whose workers run it.
        priority_weight: What goes first where there is not room for all.
        weight_rule: How the weights of tasks after it add to its own.
        owner: Whose it is, as the UI shows it.
        email: Who gets mails.
        email_on_failure: Whether a failure sends one.
        email_on_retry: Whether a retry sends one.
        depends_on_past: Whether it waits for its success in the DAG run before.
        wait_for_downstream: Whether it waits for those after it in the DAG run before.
        ignore_first_depends_on_past: Whether the first DAG run need not wait.
        start_date: The first day that it runs for.
        end_date: The last day that it runs for.
        do_xcom_push: Whether what it returns is kept.
        executor: Which executor runs it.
        executor_config: What that executor is told.
        max_active_tis_per_dag: How many of it may run at a time, over all DAG runs.
        max_active_tis_per_dagrun: How many of it may run at a time in one DAG run.
        run_as_user: The user of the operating system.
        inlets: The assets that it reads.
        outlets: The assets that it writes; their DAGs run when it has succeeded.
        on_execute_callback: Called right before it runs; a function or a notifier by its import path.
        on_success_callback: Called when it has succeeded.
        on_failure_callback: Called when it has failed for good.
        on_retry_callback: Called when it is going to be tried again.
        on_skipped_callback: Called when it is skipped.
    """

    timeout: Duration | None = None
    execution_timeout: Duration | None = None
    retries: Count | None = None
    retry_delay: Delay | None = None
    retry_exponential_backoff: Backoff | None = None
    max_retry_delay: Duration | None = None
    trigger_rule: TriggerRule | None = None
    pool: PoolName | None = None
    pool_slots: PositiveCount | None = None
    queue: ShortText | None = None
    priority_weight: int | None = None
    weight_rule: WeightRule | None = None
    owner: Annotated[str, Field(max_length=500)] | None = None
    email: TextOrTexts = None
    email_on_failure: bool | None = None
    email_on_retry: bool | None = None
    depends_on_past: bool | None = None
    wait_for_downstream: bool | None = None
    ignore_first_depends_on_past: bool | None = None
    start_date: Moment | None = None
    end_date: Moment | None = None
    do_xcom_push: bool | None = None
    executor: str | None = None
    executor_config: Mapping[str, Any] | None = None
    max_active_tis_per_dag: PositiveCount | None = None
    max_active_tis_per_dagrun: PositiveCount | None = None
    run_as_user: str | None = None
    inlets: Assets = ()
    outlets: Assets = ()
    on_execute_callback: Callbacks = ()
    on_success_callback: Callbacks = ()
    on_failure_callback: Callbacks = ()
    on_retry_callback: Callbacks = ()
    on_skipped_callback: Callbacks = ()


class TaskKeys(AirflowKeys):
    """What every task can set beside what it runs.

    Attributes:
        dependencies: The tasks and groups that it waits for.
        expand: Arguments that it is mapped over: a list, a mapping, or `+task` for what a task returns.
        partial: Arguments that are the same for all its instances.
        map_index_template: How the UI names an instance of a mapped task.
        params: Params of the task alone.
        doc: What it does, as plain text.
        doc_md: What it does, in Markdown.
        task_display_name: How the UI names it.
    """

    dependencies: Texts = Field(default=(), examples=[["clean_flights"]])
    expand: Mapping[Name, Any] = Field(
        default_factory=dict, examples=[{"job_args": [{"month": 1}, {"month": 2}]}]
    )
    partial: Mapping[Name, Any] = Field(default_factory=dict)
    map_index_template: str | None = None
    params: ByName = Field(default_factory=dict)
    doc: str | None = None
    doc_md: str | None = None
    task_display_name: Title | None = None


class GroupKeys(Spec):
    """A group of tasks.

    Attributes:
        dependencies: The tasks and groups that all its tasks wait for.
        tooltip: What the UI shows over it.
        group_display_name: How the UI names it.
        prefix_group_id: Whether its id stands in front of its tasks' ids.
        ui_color: Its colour.
        ui_fgcolor: The colour of its text.
        default_args: Defaults of its tasks.
        expand: What the whole group is mapped over; a task in it writes `+<group>.<name>` for the value.
        partial: Values that are the same for all its instances.
    """

    elsewhere: ClassVar[Mapping[object, tuple[str, str]]] = {
        "add_suffix_on_collision": (
            "`add_suffix_on_collision` is not known here",
            "take it out; no two groups have the same id here",
        )
    }

    dependencies: Texts = ()
    tooltip: str | None = None
    group_display_name: str | None = None
    prefix_group_id: bool = True
    ui_color: str | None = None
    ui_fgcolor: str | None = None
    default_args: Mapping[str, Any] = Field(default_factory=dict)
    expand: Mapping[Name, Any] = Field(default_factory=dict)
    partial: Mapping[Name, Any] = Field(default_factory=dict)
