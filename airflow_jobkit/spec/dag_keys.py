"""The keys of a DAG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from airflow_jobkit.fields import Duration, describe, mistake
from airflow_jobkit.problems import Issue
from airflow_jobkit.spec.callables import Callbacks
from airflow_jobkit.spec.code import OwnCodeSpec
from airflow_jobkit.spec.common import AirflowKeys, Count, PositiveCount, Title
from airflow_jobkit.spec.model import ByName, Spec, TextOrTexts, Texts
from airflow_jobkit.spec.schedule import ScheduleField
from airflow_jobkit.spec.values import EngineName, Moment, Name
from airflow_jobkit.spec.versions import CodeVersion
from airflow_jobkit.spec.zones import Timezone

# What other factories have beside what is known here, and what to write instead.
_ELSEWHERE: Mapping[str, str] = {
    "schedule_interval": "write `schedule: ...`",
    "timetable": "write `schedule: {__type__: <timetable>, ...}`",
    **dict.fromkeys(
        ("doc_md_python_callable_file", "doc_md_python_callable_name", "doc_md_python_arguments"),
        "write the text below `doc_md: |`, or into a file that `doc_md_file_path` names",
    ),
    "dagrun_timeout_sec": "write `dagrun_timeout: 2h`",
    **dict.fromkeys(
        ("sla_miss_callback", "sla_miss_callback_file", "sla_miss_callback_name"),
        "take it out; Airflow 3 has no SLAs",
    ),
}


def parse_members(value: Any) -> Mapping[Any, Any] | list[Any]:
    """Read tasks or groups: a mapping of ids, or a list; what is in it is read by `members_of`."""
    if value is None:
        return {}
    if not isinstance(value, Mapping | list):
        raise mistake(
            f"expected a mapping of keys, got {describe(value)}", "write `key: value` lines", "type"
        )
    return value


MembersField = Annotated[Any, BeforeValidator(parse_members)]


class DagKeys(Spec):
    """What a DAG can set beside its tasks; the names are Airflow's.

    Attributes:
        dag_id: Its id, once more; it stands in front of these keys.
        tasks: The tasks, by id or as a list.
        task_groups: Groups of tasks, by name or as a list; a group holds tasks and groups of its own.
        description: What it does, in a line.
        dag_display_name: How the UI names it.
        doc_md: Its documentation, in Markdown.
        doc_md_file_path: A file of the DAGs folder with its documentation.
        timezone: The time zone of its dates, of those of its tasks and `default_args`, and of cron;
            default: UTC. A date with an offset keeps that.
        schedule: When it runs: cron, a preset, an interval, a timetable, or assets.
        start_date: The first day to run for.
        end_date: The last day to run for.
        catchup: Whether runs of the past are made up for.
        tags: Words to find it by.
        params: A default, or a JSON Schema with a default, by name; the trigger form shows them.
        max_active_runs: How many of its runs go on at a time.
        max_active_tasks: How many of its tasks run at a time.
        concurrency: The older word for max_active_tasks.
        max_consecutive_failed_dag_runs: After how many failed runs in a row it is paused.
        dagrun_timeout: How long a run may take.
        fail_fast: Whether the first failure ends the run.
        is_paused_upon_creation: Whether it waits to be switched on.
        render_template_as_native_obj: Whether templates become Python values instead of text.
        template_searchpath: Folders to look for template files in.
        user_defined_macros: What its templates can use besides: functions by import path, and values.
        user_defined_filters: Filters of its templates: functions by import path.
        owner_links: Where the names of owners lead.
        access_control: Who may do what, by role.
        default_view: What the UI of Airflow 2 shows first.
        orientation: Which way its graph runs, in Airflow 2.
        on_success_callback: Called when a run has succeeded.
        on_failure_callback: Called when a run has failed.
        default_args: Defaults of all its tasks.
        engine: The Engine of its jobs; default: the Environment's, the project's.
        code: Where its code is, instead of the project's.
        code_version: The version of its jobs, or a channel; default: the Environment's, the project's. The
            trigger form goes before.
        notification_service_type: The notifier of its jobs; default: the Environment's, the project's. The
            trigger form goes before.
    """

    dag_id: str | None = None
    tasks: MembersField = Field(default_factory=dict)
    task_groups: MembersField = Field(default_factory=dict)
    description: str | None = None
    dag_display_name: Title | None = None
    doc_md: str | None = None
    doc_md_file_path: str | None = None
    timezone: Timezone | None = None
    schedule: ScheduleField = None
    start_date: Moment | None = None
    end_date: Moment | None = None
    catchup: bool = False
    tags: Texts = Field(default=(), examples=[["flights", "daily"]])
    params: ByName = Field(
        default_factory=dict, examples=[{"month": {"type": "integer", "minimum": 1, "default": 1}}]
    )
    max_active_runs: PositiveCount | None = None
    max_active_tasks: PositiveCount | None = None
    concurrency: PositiveCount | None = None
    max_consecutive_failed_dag_runs: Count | None = None
    dagrun_timeout: Duration | None = None
    fail_fast: bool | None = None
    is_paused_upon_creation: bool | None = None
    render_template_as_native_obj: bool | None = None
    template_searchpath: TextOrTexts = None
    user_defined_macros: ByName = Field(default_factory=dict)
    user_defined_filters: ByName = Field(default_factory=dict)
    owner_links: Mapping[str, str] | None = None
    access_control: Mapping[str, Any] | None = None
    default_view: str | None = None
    orientation: str | None = None
    on_success_callback: Callbacks = ()
    on_failure_callback: Callbacks = ()
    default_args: Mapping[Name, Any] = Field(default_factory=dict)
    engine: EngineName | None = None
    code: OwnCodeSpec = OwnCodeSpec()
    code_version: CodeVersion | None = None
    notification_service_type: str | None = None


def as_elsewhere(issue: Issue) -> Issue:
    """The Issue of a key that another factory knows, with what to write here."""
    if issue.code != "unknown-key" or len(issue.path) != 1:
        return issue
    key = str(issue.path[0])
    remedy = _ELSEWHERE.get(key)
    if remedy is None and key.removesuffix("_file").removesuffix("_name") in AirflowKeys.model_fields:
        remedy = "write it below `default_args:`, for all tasks, or in a task"
    if remedy is None:
        return issue
    return replace(issue, message=f"`{key}` is no key of a DAG", remedy=remedy, code="elsewhere")
