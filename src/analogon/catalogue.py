"""What can be known of the methods without running one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from analogon.jobs import JOBS
from analogon.methods import registry


@dataclass(frozen=True)
class FieldInfo:
    """One hyperparameter: its type, its default (in the default recipe) and its value in every recipe, as text.

    ``doc`` says what it means.
    """

    name: str
    type: str
    default: str
    doc: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class MethodInfo:
    """What can be known of a method without running it.

    Attributes:
        name, summary: what users type, and one line.
        recipes: named sets of settings, the default one first.
        neural: needs PyTorch.
        fields: its settings.
        takes: what it can do besides following a layout: "keep", "tile", "preview", "guides" (see
            :meth:`Model.render`) and "mask" (see :func:`load_exemplar`).
        polish: its results are polished unless a render asks otherwise.
        learns: a fit is training, which takes its time; else it is over at once.
        provenance: its results say where in the source each pixel comes from.
        many: can learn several exemplars at once (see :func:`fit_many`).
        sets: can learn a data set (see :func:`train`).
        exports: its models can be exported as ONNX (see :meth:`Model.export`).
        jobs: what it can do besides layouts (names of :data:`analogon.jobs.JOBS`), with the recipe for each that is
            taken where none is named.
    """

    name: str
    summary: str
    recipes: tuple[str, ...]
    neural: bool
    fields: tuple[FieldInfo, ...]
    takes: frozenset[str]
    polish: bool
    learns: bool
    provenance: bool
    many: bool
    sets: bool
    exports: bool
    jobs: Mapping[str, str]


def list_methods() -> tuple[MethodInfo, ...]:
    """All methods; the first is the one that is used where none is named."""
    return tuple(describe_method(name) for name in registry.METHODS)


def describe_method(name: str | None = None, *, job: str | None = None) -> MethodInfo:
    """One method; where none is named, the one that is used then.

    Args:
        job: one of :data:`analogon.jobs.JOBS` that the method has to do.

    Raises:
        OptionError: there is none of that name, or it cannot do the job.
    """
    entry = registry.get(name or registry.DEFAULT_METHOD) if job is None else registry.able(job, name)
    configs = {recipe: entry.configure(recipe, {}) for recipe in entry.recipes}
    fields = []
    for field, info in entry.config_type.model_fields.items():
        values = {recipe: _as_typed(getattr(config, field)) for recipe, config in configs.items()}
        default = next(iter(values.values()))
        fields.append(FieldInfo(field, _type_name(info.annotation), default, info.description or "", values))
    return MethodInfo(
        name=entry.name,
        summary=entry.summary,
        recipes=tuple(entry.recipes),
        neural=entry.neural,
        fields=tuple(fields),
        takes=entry.takes,
        polish=bool(entry.polish),
        learns=entry.learns,
        provenance=entry.provenance,
        many=entry.many,
        sets=entry.sets,
        exports=entry.exports,
        jobs={job: entry.recipe_for(job) for job in JOBS if job in entry.jobs},
    )


def _as_typed(value: Any) -> str:
    """A value as one types it after ``--set NAME=``."""
    return value if isinstance(value, str) else json.dumps(value)


def _type_name(annotation: Any) -> str:
    if getattr(annotation, "__name__", "") and not getattr(annotation, "__args__", ()):
        return str(annotation.__name__)
    if get_origin(annotation) is Literal:
        return " | ".join(map(str, annotation.__args__))
    if get_origin(annotation) is tuple:
        return "[" + ", ".join("..." if part is ... else _type_name(part) for part in get_args(annotation)) + "]"
    if get_origin(annotation) is Annotated:
        return _type_name(annotation.__origin__)
    return str(annotation)
