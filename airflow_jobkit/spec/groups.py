"""A group of tasks, as YAML describes it."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_jobkit.problems import Issue
from airflow_jobkit.spec.common import GroupKeys
from airflow_jobkit.spec.defaults import DefaultArgs, parse_default_args
from airflow_jobkit.spec.membership import Member
from airflow_jobkit.spec.model import parse_model
from airflow_jobkit.spec.settings import Settings


@dataclass(frozen=True)
class Group:
    """A group: its id with those around it, its own name, the group around it, its keys."""

    group_id: str
    name: str
    parent: str | None
    keys: GroupKeys
    default_args: DefaultArgs


def parse_group(member: Member, settings: Settings) -> tuple[Group | None, list[Issue]]:
    """Make a Group from what YAML gave, or say everything that is wrong with it; paths start at it.

    Args:
        member: The group.
        settings: The Environment's Settings.
    """
    keys = parse_model(GroupKeys, member.data, also_known=("tasks", "task_groups", "parent_group_name"))
    if isinstance(keys, list):
        return None, keys
    defaults, issues = parse_default_args(keys.default_args, settings)
    if keys.partial and not keys.expand:
        message, remedy = "`partial` without `expand`", "add `expand: {...}`"
        issues.append(Issue(("partial",), message, remedy, "contradiction", at="key"))
    if keys.default_args:
        keys = keys.model_copy(update={"default_args": {}})  # they stand beside the keys
    return Group(member.id, member.name, member.group, keys, defaults), issues
