"""A sample from its index: invented, rendered, given the grain of its source, measured."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from analogon.api import Model, fit
from analogon.augment.filtering import Refusal, fingerprint, measured, refused, stretched
from analogon.augment.grain import grain_of, matched
from analogon.augment.inventing import Invention, invent
from analogon.augment.inventing.values import Ground
from analogon.augment.predicting import predictor
from analogon.augment.settings import Settings
from analogon.augment.sources import Sources
from analogon.augment.values import Sample, sample_name
from analogon.data import Exemplar
from analogon.errors import OptionError
from analogon.io import to_bytes
from analogon.loading import load_target
from analogon.methods import registry
from analogon.result import Result, versions

#: Versions that are recorded: those that every process knows, whatever it has done before.
VERSIONS = ("analogon", "python", "numpy")
#: What :attr:`Settings.options` may hold besides fields of the method's configuration.
BUDGET = frozenset({"steps", "minutes"})


def make_sample(sources: Sources, settings: Settings, index: int) -> Sample | Refusal:
    """The sample with this index, or why there is none: the same for the same sources, settings and index.

    What is prepared once for all samples is kept with the sources.

    Raises:
        OptionError: the settings do not fit the sources or the method.
    """
    invention = invent(sources, settings, index)
    model = _model(sources, settings, invention.donors, told=_told(invention))
    figures = {"stretch": stretched(invention, model.exemplar)}
    if refused(figures, settings):
        return Refusal(index, "stretch", figures, invention.kind)
    result = _rendered(model, invention)
    image, grain = result.image, dict[int, float]()
    if settings.grain and result.provenance is not None:
        known = sources.held(
            ("grain", invention.donors), lambda: grain_of(model.exemplar.image, model.exemplar.labels.ids)
        )
        image, grain = matched(image, result.provenance.places, model.exemplar, known)
    places = None if result.provenance is None else result.provenance.places
    classifier = partial(
        sources.held,
        ("classifier", invention.donors),
        lambda: predictor([sources.pictures[n].exemplar for n in invention.donors]),
    )
    figures |= measured(image, invention, model.exemplar, places, result.labels, classifier)
    if (reason := refused(figures, settings)) is not None:
        return Refusal(index, reason, figures, invention.kind)
    # as it will be read from its file
    image = to_bytes(image).astype(np.float32) / np.float32(255)
    record: dict[str, Any] = {
        "seed": settings.seed,
        "index": index,
        "layout": {"kind": invention.kind, **invention.recipe},
        "sources": [sources.record()["pictures"][number] for number in invention.donors],
        "method": {"name": model.method, "config": model.config},
        "settings": settings.record(),
        "figures": figures,
        "grain": {
            sources.palette.get(zone // 2).name + (" at borders" if zone % 2 else ""): share
            for zone, share in grain.items()
        },
        "fingerprint": fingerprint(image, invention.labels),
        "versions": {name: number for name, number in versions().items() if name in VERSIONS},
    }
    return Sample(sample_name(index), image, invention.labels, invention.instances, invention.instance_classes, record)


def check(sources: Sources, settings: Settings) -> None:
    """Refuse settings that do not fit the sources or the method, before the work.

    Raises:
        OptionError: see :func:`make_sample`.
    """
    check_size(sources, settings)
    invention = invent(sources, settings, 0)
    entry = registry.get(settings.method)
    entry.configure(settings.recipe, {n: v for n, v in settings.options.items() if n not in BUDGET})
    for name in settings.things:
        if name not in sources.palette.names:
            known = ", ".join(f"'{one}'" for one in sources.palette.names[:12])
            raise OptionError(f"--things names the class '{name}', which there is not: the classes are {known}.")
    if not entry.learns:
        _model(sources, settings, invention.donors, told=_told(invention))


def check_size(sources: Sources, settings: Settings) -> None:
    """Refuse samples so large that one class at least must have grown too much, wherever it lies.

    Raises:
        OptionError: it is so.
    """
    pixels = [source.exemplar.labels.ids.size for source in sources.pictures]
    most = settings.stretch * (sum(pixels) if Ground(sources, settings).joins else max(pixels))
    height, width = settings.size or (0, 0)
    if height * width > most:
        raise OptionError(
            f"--size {width}x{height} has {height * width / most * settings.stretch:.3g} times the pixels of what is "
            f"annotated, and a class may grow {settings.stretch:g} times: make it smaller, or give a larger --stretch."
        )


def _model(sources: Sources, settings: Settings, donors: tuple[int, ...], *, told: str) -> Model:
    """The method fitted to the pictures that a layout is rendered from, once for all samples where that takes long.

    ``told`` is how many pixels the layout says the places of: none, some, all.
    """
    quick = settings.method == registry.DEFAULT_METHOD and settings.recipe is None

    def fitted() -> Model:
        exemplar = Exemplar.join([sources.pictures[number].exemplar for number in donors])
        options = (_quick(sources, settings, donors, told=told) if quick else {}) | dict(settings.options)
        return fit(exemplar, settings.method, recipe=settings.recipe, seed=settings.seed, **options)

    if len(donors) not in (1, len(sources.pictures)) and not registry.get(settings.method).learns:
        return fitted()  # a few milliseconds; of a hundred pictures there are more pairs than memory holds
    key = (
        "model",
        donors,
        told if quick else "",
        settings.method,
        settings.recipe,
        repr(sorted(settings.options.items())),
    )
    return sources.held(key, fitted)


def _told(invention: Invention) -> str:
    if invention.places is None:
        return "none"
    return "all" if (invention.places >= 0).all() else "some"


def _quick(sources: Sources, settings: Settings, donors: tuple[int, ...], *, told: str) -> dict[str, Any]:
    """Settings of the patch method for layouts unlike the sources': there is no whole piece that would fit.

    They take a third of the time, and walls and what lies between them get more contrast.
    """
    if told == "all":
        return {"start": "carried", "rounds": (1,), "tone": False}
    stuff = dict[str, None]()
    for number in donors:
        known = Ground(sources, settings).annotated(number)
        things = known.things if told == "some" else ()
        stuff |= dict.fromkeys(c.name for c in known.labels.palette.classes if c.id not in things)
    if told == "some":
        return {"stuff": tuple(stuff)}
    return {"stuff": tuple(stuff), "start": "carried", "rounds": (8, 3, 2, 2), "depth_weight": 3000.0}


def _rendered(model: Model, invention: Invention) -> Result:
    wishes: dict[str, Any] = {}
    takes = registry.get(model.method).takes
    if "keep" in takes:
        wishes["keep"] = "none"
    if invention.places is not None and "places" in takes and (invention.places >= 0).any():
        wishes["places"] = invention.places
    return model.render(load_target(model.exemplar, invention.labels), **wishes)
