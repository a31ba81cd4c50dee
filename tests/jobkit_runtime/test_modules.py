from __future__ import annotations

import pytest

from jobkit_runtime import JobDefinitionError, ModuleNameError
from jobkit_runtime.factory import JobFactory, MainFactory
from jobkit_runtime.modules import resolve

JOB = """
from dataclasses import dataclass
from jobkit_runtime import AbstractJob, AbstractJobFactory

@dataclass(frozen=True)
class Params:
    month: int = 1

class Base(AbstractJob[Params]):
    '''Abstract, so it does not count.'''

class One(Base):
    def execute(self, ctx): return None
"""
FACTORY = """
from jobkit_runtime import AbstractJobFactory
from team.jobs import One, Params

class OneFactory(AbstractJobFactory[Params]):
    def create(self, params): return One()
"""
TWO = JOB + "\nclass Two(Base):\n    def execute(self, ctx): return None\n"


@pytest.fixture(autouse=True)
def team(team_package):
    team_package(
        jobs=JOB,
        factories=FACTORY,
        several=TWO,
        script="def main(**kwargs): return kwargs",
        borrowed="from team.script import main\nfrom team.jobs import One\n",
        broken="import nowhere_to_be_found",
    )


@pytest.mark.parametrize(
    ("module_name", "owner"),
    [
        ("team.factories", "team.factories.OneFactory"),
        ("team.jobs:One", "team.jobs.One"),
        ("team.factories:OneFactory", "team.factories.OneFactory"),
        ("team.factories:One", "team.jobs.One"),
        ("team.jobs", "team.jobs.One"),
        ("team.several:Two", "team.several.Two"),
        ("team.script", "team.script.main"),
    ],
    ids=[
        "a module with one factory",
        "a job class",
        "a factory class",
        "an imported class, when named",
        "a module with one job",
        "one of several jobs",
        "a module with main",
    ],
)
def test_a_module_name_may_lead_to(module_name, owner):
    factory = resolve(module_name)
    assert factory.owner() == owner
    if not isinstance(factory, MainFactory):
        assert factory.params({"month": "3"}).month == 3
        assert type(factory.create(factory.params({}))).__name__ in {"One", "Two"}


@pytest.mark.parametrize(
    ("module_name", "message"),
    [
        ("team.job", r"no module team\.job; did you mean jobs\? \(team holds borrowed, broken, factories"),
        ("teem.jobs", "no module teem; did you mean team.*is its wheel on sys.path"),
        ("team.jobs.One", r"team\.jobs is no package; for a class write team\.jobs:One"),
        ("team.jobs:Onne", r"no Onne; did you mean One\? \(it holds One\)"),
        ("team.jobs:Base", "neither an AbstractJob nor an AbstractJobFactory that can be built"),
        ("team.several", r"defines 2 jobs; name one: team\.several:One, team\.several:Two"),
        ("team.borrowed", "holds no job.*found none.*imports does not count"),
        ("team/jobs.py", "not the name of a module"),
    ],
    ids=[
        "a misspelt module",
        "a missing package",
        "a class with a dot",
        "a misspelt class",
        "an abstract class",
        "several jobs",
        "imported classes only",
        "a path",
    ],
)
def test_the_error_says_what_was_found_and_what_to_do_for(module_name, message):
    with pytest.raises(ModuleNameError, match=message):
        resolve(module_name)


def test_an_import_error_inside_the_module_surfaces_as_itself():
    with pytest.raises(ModuleNotFoundError, match="nowhere_to_be_found"):
        resolve("team.broken")


def test_the_default_factory_passes_the_params_to_a_constructor_that_asks_for_them(team_package):
    source = JOB + "    def __init__(self, params: Params, retries: int = 3): self.params = params\n"
    team_package(building=source)
    factory = resolve("team.building")
    assert isinstance(factory, JobFactory)
    assert factory.create(factory.params({"month": "5"})).params.month == 5


def test_a_constructor_that_asks_for_more_needs_a_factory_of_its_own(team_package):
    team_package(building=JOB + "    def __init__(self, client): self.client = client\n")
    factory = resolve("team.building")
    with pytest.raises(JobDefinitionError, match="needs 'client' to be built: write an AbstractJobFactory"):
        factory.create(factory.params({}))


def test_the_params_type_is_found_through_a_generic_base_class(team_package):
    team_package(
        generic="""
from dataclasses import dataclass
from typing import Generic, TypeVar
from jobkit_runtime import AbstractJob
P = TypeVar("P")

@dataclass(frozen=True)
class Params:
    month: int

class Base(AbstractJob[P], Generic[P]):
    pass

class Job(Base[Params]):
    def execute(self, ctx): return None
"""
    )
    assert resolve("team.generic").params({"month": "2"}).month == 2
