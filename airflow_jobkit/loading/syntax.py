"""What a parser's errors mean to the person who wrote the file."""

from __future__ import annotations

import re

import yaml

from airflow_jobkit.problems import Problem

_GENERAL = "check indentation, colons and quotes here and above"
_CODE = "yaml-syntax"

# What the parser says, what it means, and what to do.
_MEANINGS = (
    (r"found another document", "a second document starts here", "put it into a file of its own"),
    (
        r"for the tag 'tag:yaml.org,2002:(python/name:.+)'",
        r"the tag !!\1 is not known here",
        "write the import path alone, as text",
    ),
    (r"for the tag 'tag:yaml.org,2002:(.+)'", r"the tag !!\1 is not known here", "write a plain value"),
    (r"for the tag '(.+)'", r"the tag \1 is not known here", "write a plain value"),
    (
        r"mapping values are not allowed",
        "a colon cannot stand here",
        "put a value that holds a colon in quotes, or end the line above with one",
    ),
    (r"did not find expected key", "a `key: value` line should stand here", _GENERAL),
    (r"did not find expected '-' indicator", "a `- item` line should stand here", _GENERAL),
    (r"holds itself", "this value holds itself, through its own alias", "take the alias out"),
    (
        r"unknown escape character",
        "a backslash between double quotes starts an escape, and this is none",
        "write \\\\ for a backslash, or put the value in single quotes",
    ),
    (r"found undefined alias", "no anchor of this name stands above", "write `&name` at what it repeats"),
    (r"found unhashable key", "a key is one word, not a list or a mapping", "name the key in one word"),
    (r"scanning an alias", "a value that starts with * is an alias to YAML", "put the value in quotes"),
    (
        r"expected the node content, but found|character that cannot start any token",
        "this character cannot start a value",
        "put the value in quotes",
    ),
)
# A template where a value starts, and a value in quotes with more after it.
_TEMPLATE = re.compile(r"(?:^|[:,\[{-])\s*\{\{")
_QUOTED = re.compile(r"""[:,\[{-]\s*(?:"(?:[^"\\]|\\.)*"|'[^']*')\s*[^\s,\]}]$""")
_UNCLOSED = {
    "while parsing a flow sequence": "the bracket that opens here is not closed",
    "while parsing a flow mapping": "the brace that opens here is not closed",
    "while scanning a quoted scalar": "the quote that opens here is not closed",
}


def syntax_problem(file: str, text: str, error: yaml.MarkedYAMLError) -> Problem:
    """The Problem that a parser's error is."""
    lines = text.splitlines()
    mark = error.problem_mark or error.context_mark
    opening = _opening(error)
    if opening is not None:
        mark, message, remedy = opening, _UNCLOSED[str(error.context)], "close it"
    elif mark is not None and _line(lines, mark.line)[: mark.column + 1].strip(" ").startswith("\t"):
        message, remedy = "a tab cannot indent", "indent with spaces"
    else:
        upto = _line(lines, mark.line)[: mark.column + 1] if mark is not None else ""
        message, remedy = _unquoted(upto, error) or _meaning(error)
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if line > max(1, len(lines)):  # the end of the text, which the parser takes for a line of its own
        line, column = max(1, len(lines)), len(_line(lines, len(lines) - 1)) + 1
    return Problem(file, line, column, "", f"not YAML: {message}", remedy, _CODE, _line(lines, line - 1))


def unreadable_problem(file: str, text: str, error: Exception) -> Problem:
    """The Problem of a text that the parser refuses as a whole: a character that YAML does not allow."""
    if isinstance(error, yaml.reader.ReaderError):
        found = yaml.reader.Reader.NON_PRINTABLE.search(text)
        start = found.start() if found else 0
        line, column = text.count("\n", 0, start) + 1, start - (text.rfind("\n", 0, start) + 1) + 1
        source = _line(text.split("\n"), line - 1)
        source = yaml.reader.Reader.NON_PRINTABLE.sub("\N{REPLACEMENT CHARACTER}", source)
        message = f"not YAML: the character U+{ord(text[start]):04X} is not allowed"
        return Problem(file, line, column, "", message, "take it out", _CODE, source)
    first_line = (str(error).splitlines() or [type(error).__name__])[0]
    return Problem(file, 1, 1, "", f"not YAML: {first_line}", _GENERAL, _CODE)


def _opening(error: yaml.MarkedYAMLError) -> yaml.Mark | None:
    """Where the bracket or the quote opens that the parser missed the end of, in a later line."""
    start, end = error.context_mark, error.problem_mark
    if error.context in _UNCLOSED and start is not None and end is not None and start.line < end.line:
        return start
    return None


def _unquoted(upto: str, error: yaml.MarkedYAMLError) -> tuple[str, str] | None:
    """What it means where a value should have been in quotes, told from the line up to the mark."""
    said = str(error.problem)
    if not ("did not find expected" in said or "unhashable" in said):
        return None
    if _TEMPLATE.search(upto):
        return (
            "a value that starts with {{ is a mapping to YAML",
            'put all of the value in quotes: "{{ ... }}"',
        )
    if upto.endswith("${"):
        return "the { ends this value, between braces or brackets", 'put it in quotes: "${...}"'
    if _QUOTED.search(upto):
        remedy = "put all of it in quotes, with a quote inside written as '' between '...'"
        return "the value ends with the quote before this", remedy
    return None


def _meaning(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    said = " ".join(part for part in (error.problem, error.context) if part)
    for pattern, message, remedy in _MEANINGS:
        match = re.search(pattern, said)
        if match:
            return match.expand(message), remedy
    return said, _GENERAL


def _line(lines: list[str], index: int) -> str:
    return lines[index] if 0 <= index < len(lines) else ""
