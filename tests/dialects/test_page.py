"""docs/dag-factory.md: each feature of dag-factory and how it loads here, made from the corpus.

`pytest tests/dialects --update-golden` writes the page anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from dialects import corpus
from dialects.corpus import Case

PAGE = corpus.TESTS.parent / "docs" / "dag-factory.md"

INTRODUCTION = """\
# Coming from dag-factory or MWAA Serverless

For whoever has YAML files of dag-factory or definitions of MWAA Serverless. Put them into the DAGs folder
with a `jobkit.yaml` that allows the packages which their functions and operators come from
(`operators: {{allow: [team.]}}`), and run `jobkit validate`: they load with the same ids, edges, operator
classes and template fields, or say what to write instead. A key that is not known is told, but for one of
`default_args` that may be meant for another operator.

Each row is a file in `tests/dialects`, which a test holds to dag-factory 1.1.0 itself, on the same Airflow
and the same providers: every argument of every task is compared. {same} of {count} features are the same.

| feature | with dag-factory | here |
|---|---|---|
"""
CONCLUSION = """\

Different on purpose, for all files:

- A cron text becomes a timetable with a data interval, on every Airflow; dag-factory leaves it to Airflow,
  where 3.x has none. The times are the same.
- dag-factory adds the tag `dagfactory`. Here a DAG has its own tags.
- A key of a DAG that nobody knows is a Problem. dag-factory passes over it.
- A file with a mistake leaves the other DAGs of the same file alone.
- The lists of `defaults.yml` files in folders within folders replace each other; dag-factory unites their
  `tags`.

## Functions and documentation by file

`python_callable_file`, `..._callback_file`, `execution_date_fn_file`, `response_check_file`,
`success_check_file`, `failure_check_file` and `doc_md_file_path` name a file of the DAGs folder, by its
absolute path or by one that starts at the folder which holds the DAGs folder: `dags/functions/cleaning.py`.
A Python file there is the team's own code, which Airflow runs like any DAG file, so no more can happen than
could anyway; a file anywhere else, also through a link, is a Problem. Validation reads it and looks for the
function's name, and never runs it. Building a DAG runs it once, as a module under a name of its own, so
that a file `json.py` takes nothing over; a file that fails leaves nothing behind and takes no DAG down but
those that name it.

A file that lists datasets, for `{file: ..., datasets: [...]}`, stands in the DAGs folder, too; with nothing
but `datasets` in it, it is no file of DAGs.

Documentation that a function makes, lambdas in texts and Airflow Variables that are read while files are
parsed stay Problems: they would run code, or ask the database, at every parse.

## MWAA Serverless

Its definitions are the same dialect. They load as documented (`tests/dialects/mwaa_serverless`): `dag_id`
and `task_id` beside the keys that say the same, cron without a `start_date`, whole seconds for
`retry_delay`, classes by `__type__`. What the service ignores means here what it says: `catchup`, `tags`,
`max_active_runs`. Keys of tasks that stand in a DAG, such as `email_on_failure`, are Problems that name the
place where they have an effect, and so is a `dag_id` that is not the key, since it cannot be told which is
meant.
"""


def result(case: Case) -> tuple[str, str]:
    """What dag-factory and jobkit make of a file, in words."""
    first, said, *lines = case.golden.read_text(encoding="utf-8").splitlines()
    theirs = first.removeprefix("dag-factory: ").partition(",")[0]
    kind = said.removeprefix("jobkit: ")
    if kind == "problems":
        return theirs, f"Problem: {' / '.join(_told(lines))}"
    return theirs, case.note if kind == "differs" else kind


def _told(problems: list[str]) -> Iterator[str]:
    """What Problems say, those with the same remedy together; where they stand is left out."""
    by_remedy: dict[str, list[str]] = {}
    for problem in problems:
        message, _, remedy = problem.partition(": ")[2].partition("; ")
        by_remedy.setdefault(remedy, []).append(message)
    for remedy, messages in by_remedy.items():
        yield f"{', '.join(dict.fromkeys(messages))}; {remedy}"


def row(case: Case) -> str:
    theirs, ours = result(case)
    return "| {} | {} | {} |".format(*(text.replace("|", "\\|") for text in (case.feature, theirs, ours)))


def test_the_page_shows_every_feature_of_the_corpus(golden: Callable[[Path, str], None]) -> None:
    cases = corpus.cases()
    same = sum(result(case)[1] == corpus.THE_SAME for case in cases)
    rows = "\n".join(row(case) for case in sorted(cases, key=lambda case: case.name))
    golden(PAGE, INTRODUCTION.format(same=same, count=len(cases)) + rows + "\n" + CONCLUSION)


def test_where_both_differ_the_page_says_how() -> None:
    assert [case.name for case in corpus.cases() if not result(case)[1]] == []


def test_every_problem_says_what_to_write_instead() -> None:
    told = [result(case)[1] for case in corpus.cases()]
    assert [text for text in told if text.startswith("Problem: ") and "; " not in text] == []
