"""What a module_name leads to: the factory of a job.

The forms, in this order:

1. a module that defines exactly one AbstractJobFactory;
2. `package.module:Class`, an AbstractJob or an AbstractJobFactory;
3. a module that defines exactly one AbstractJob, which gets the default factory;
4. a module with a function `main(**kwargs)`.

Only what a module defines itself counts, not what it imports.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
from types import ModuleType
from typing import Any, TypeVar

from jobkit_runtime.errors import ModuleNameError
from jobkit_runtime.factory import AbstractJobFactory, JobFactory, MainFactory
from jobkit_runtime.job import AbstractJob
from jobkit_runtime.wording import did_you_mean, listed

T = TypeVar("T")
AnyFactory = AbstractJobFactory[Any]


def resolve(module_name: str) -> AnyFactory:
    """The factory that `module_name` leads to.

    Raises:
        ModuleNameError: says what was looked for, what was found and what to do. An ImportError inside the
            module is not one of these: it surfaces as itself.
    """
    path, colon, class_name = module_name.partition(":")
    module = _imported(path)
    if colon:
        return _from_class(module, class_name)
    factory = factory_in(module)
    if factory is None:
        raise ModuleNameError(
            f"{path} holds no job: looked for one AbstractJobFactory, one AbstractJob or a function main; "
            f"found {listed(_own_names(module))}. What a module imports does not count: name the module that "
            "defines the job"
        )
    return factory


def factory_in(module: ModuleType) -> AnyFactory | None:
    """The factory of a module by the forms 1, 3 and 4; None when it holds no job.

    Raises:
        ModuleNameError: it holds more than one, so that the class must be named.
    """
    factories: list[type[AnyFactory]] = _defined(module, AbstractJobFactory)  # type: ignore[type-abstract]
    if factories:
        return _the_one(module, "factories", factories)()
    jobs: list[type[AbstractJob[Any]]] = _defined(module, AbstractJob)  # type: ignore[type-abstract]
    if jobs:
        return JobFactory(_the_one(module, "jobs", jobs))
    main = getattr(module, "main", None)
    if inspect.isfunction(main) and main.__module__ == module.__name__:
        return MainFactory(main)
    return None


def _imported(path: str) -> ModuleType:
    """Import a module, telling apart "there is none" and "it fails while being imported"."""
    missing = _missing_part(path)
    if missing is not None:
        raise ModuleNameError(missing)
    return importlib.import_module(path)


def _missing_part(path: str) -> str | None:
    parent = ""
    for part in path.split("."):
        if not part.isidentifier():
            return f"{path!r} is not the name of a module: write package.module or package.module:Class"
        name = f"{parent}.{part}" if parent else part
        package = importlib.import_module(parent) if parent else None
        if package is not None and not hasattr(package, "__path__"):
            return f"there is no module {name}: {parent} is no package; for a class write {parent}:{part}"
        if importlib.util.find_spec(name) is None:
            siblings = [info.name for info in pkgutil.iter_modules(getattr(package, "__path__", None))]
            what = f"{parent} holds {listed(siblings)}" if parent else "is its wheel on sys.path?"
            return f"there is no module {name}{did_you_mean(part, siblings)} ({what})"
        parent = name
    return None


def _from_class(module: ModuleType, class_name: str) -> AnyFactory:
    found = getattr(module, class_name, None)
    classes = [name for name, value in vars(module).items() if _is_job_or_factory(value)]
    if found is None:
        hint = did_you_mean(class_name, classes)
        raise ModuleNameError(f"{module.__name__} has no {class_name}{hint} (it holds {listed(classes)})")
    if not _is_job_or_factory(found):
        raise ModuleNameError(
            f"{module.__name__}:{class_name} is neither an AbstractJob nor an AbstractJobFactory that can be "
            f"built (the module holds {listed(classes)})"
        )
    factory: AnyFactory = found() if issubclass(found, AbstractJobFactory) else JobFactory(found)
    return factory


def _is_job_or_factory(value: object) -> bool:
    return (
        isinstance(value, type)
        and issubclass(value, (AbstractJob, AbstractJobFactory))
        and not inspect.isabstract(value)
    )


def _defined(module: ModuleType, base: type[T]) -> list[type[T]]:
    return [
        value
        for value in dict.fromkeys(item for item in vars(module).values() if isinstance(item, type))
        if issubclass(value, base) and not inspect.isabstract(value) and value.__module__ == module.__name__
    ]


def _the_one(module: ModuleType, what: str, classes: list[type[T]]) -> type[T]:
    if len(classes) > 1:
        choices = listed(f"{module.__name__}:{cls.__name__}" for cls in classes)
        raise ModuleNameError(f"{module.__name__} defines {len(classes)} {what}; name one: {choices}")
    return classes[0]


def _own_names(module: ModuleType) -> list[str]:
    return [
        name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__
    ]
