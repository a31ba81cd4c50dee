"""Schedules and assets as JSON Schemas: each form that `schedule` reads, with its keys."""

from __future__ import annotations

from typing import Any, Final

from airflow_jobkit.fields import ARGUMENTS, DURATION_TEXT, TYPE, TYPED_TIMEDELTA
from airflow_jobkit.spec.cron import PRESETS, REMEDY
from airflow_jobkit.spec.typed import ALL, ANY, ASSET_CLASSES, TIMETABLE_CLASSES
from airflow_jobkit.spec.values import any_case

Schema = dict[str, Any]

_NAMES = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun|l|r|h|w"
_FIELD = rf"([0-9*/,#?()-]|{any_case(_NAMES)})+"
_NONE: Schema = {"type": "string", "pattern": rf"^\s*{any_case('none')}\s*$"}
_CRON_TEXT: Schema = {
    "type": "string",
    "pattern": rf"^\s*{_FIELD}(\s+{_FIELD}){{4}}\s*$",
    "patternErrorMessage": f"Not a schedule: {REMEDY}",
}
_PRESETS: Schema = {"enum": [*PRESETS]}
_SPACED_PRESET: Schema = {"type": "string", "pattern": rf"^\s*({'|'.join(PRESETS)})\s*$"}

CRON: Final[Schema] = {
    "title": "cron",
    "anyOf": [_CRON_TEXT, _PRESETS, _SPACED_PRESET, _NONE, {"type": "null"}],
    "examples": ["0 6 * * *", "@daily"],
}

ASSET: Final[Schema] = {
    "title": "asset",
    "anyOf": [
        {"type": "string", "pattern": r"\S"},
        {
            "type": "object",
            "anyOf": [{"required": [key]} for key in ("uri", "name", ARGUMENTS)],
            "properties": {
                "uri": {"type": ["string", "null"], "description": "Its URI."},
                "name": {"type": ["string", "null"], "description": "Its name; default: its URI."},
                "group": {"type": ["string", "null"], "description": "The group that it is in."},
                "extra": {"type": ["object", "null"], "description": "What else is known of it."},
                TYPE: {
                    "type": ["string", "null"],
                    "pattern": rf"(^|\.)({'|'.join(ASSET_CLASSES)})$",
                    "description": "The class, where it is written out.",
                },
                ARGUMENTS: {"type": "array", "description": "What the class is given without a name."},
            },
            "additionalProperties": False,
        },
    ],
    "examples": ["s3://bucket/flights", {"uri": "s3://bucket/flights", "name": "flights"}],
}
ASSETS: Final[Schema] = {
    "title": "assets",
    "anyOf": [*ASSET["anyOf"], {"type": "array", "items": ASSET}, {"type": "null"}],
    "examples": [["s3://bucket/flights"]],
}

_SOME_ASSETS: Schema = {"type": ["string", "object", "array"]}
_CONDITION: Schema = {
    "type": "object",
    "anyOf": [{"required": [ALL]}, {"required": [ANY]}],
    "properties": {
        ALL: {"type": "array", "items": _SOME_ASSETS, "description": "All of these have been updated."},
        ANY: {"type": "array", "items": _SOME_ASSETS, "description": "Any of these has been updated."},
    },
}
_TIMETABLE: Schema = {
    "type": "object",
    "required": [TYPE],
    "properties": {
        TYPE: {
            "enum": [*TIMETABLE_CLASSES],
            "description": "The timetable's class; further keys are its arguments.",
        }
    },
}
_BESIDE: Schema = {
    "type": "object",
    "anyOf": [{"required": [name]} for name in ("assets", "datasets", "timetable")],
    "properties": {
        "assets": {
            **_SOME_ASSETS,
            "description": 'The assets: one, a list, a condition, or a text such as "(a | b) & c".',
        },
        "datasets": {**_SOME_ASSETS, "description": "The same, in the word of Airflow 2."},
        "timetable": {
            "type": ["string", "object", "null"],
            "description": "When it runs besides: cron, or a timetable.",
        },
    },
}
SCHEDULE: Final[Schema] = {
    "title": "schedule",
    "anyOf": [
        *CRON["anyOf"],
        DURATION_TEXT,
        {"type": "array", "items": ASSET, "minItems": 1},
        TYPED_TIMEDELTA,
        ASSET["anyOf"][1],
        _CONDITION,
        _TIMETABLE,
        _BESIDE,
    ],
    "examples": ["0 6 * * *", *PRESETS, "6h", ["s3://bucket/flights"]],
}
