"""The methods by name. Adding one: a folder beside this file and one line in :data:`METHODS`."""

from __future__ import annotations

import ctypes
import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from pydantic import BaseModel, ValidationError

from analogon.errors import ModelError, OptionError
from analogon.methods.ablation import Ablation
from analogon.methods.base import Method

#: What a method may take besides the layout: the fields of :class:`~analogon.rendering.Wishes`, and exemplars with
#: pixels that must not be used. Each with the option that users type, and what a method without it cannot do.
WISHES: Mapping[str, tuple[str, str]] = {
    "keep": ("--keep", "be told which pixels to keep"),
    "tile": ("--tile", "make tiles"),
    "preview": ("--preview", "make a quick preview"),
    "guides": ("--guide", "follow guides"),
    "places": ("--places", "be told where pixels come from"),
    "mask": ("--mask and --also", "leave out parts of a source or take from several"),
}


@dataclass(frozen=True)
class Entry:
    """One method: where it lives and what can be said of it without importing its engine.

    Attributes:
        name: what users type.
        summary: one line.
        package: module that holds ``config.py`` (``Config``, ``RECIPES``) and ``method.py`` (``METHOD``).
        neural: needs torch.
        takes: what it can do besides following the layout, of :data:`WISHES`.
        polish: its results are polished with pieces of the source unless a render asks otherwise; None: they are so
            already.
        learns: a fit is training: it has steps and a budget, can be resumed, and is worth keeping.
        provenance: its results are made of pixels of the source, and say which.
        accelerated: computes on other devices than the CPU too, which takes torch.
        many: can learn several exemplars at once (:class:`~analogon.methods.base.ManyMethod`).
        sets: can learn a data set (:class:`~analogon.methods.base.SetMethod`).
        exports: its models can be exported (see :class:`~analogon.methods.base.Exportable`).
        jobs: names of the jobs it can do besides new layouts, of :data:`~analogon.jobs.JOBS`
            (see :class:`~analogon.methods.base.Performer`).
    """

    name: str
    summary: str
    package: str
    neural: bool
    takes: frozenset[str] = frozenset()
    polish: bool | None = False
    learns: bool = True
    provenance: bool = False
    accelerated: bool = False
    many: bool = False
    sets: bool = False
    exports: bool = False
    jobs: frozenset[str] = frozenset()

    @property
    def recipes(self) -> Mapping[str, Mapping[str, Any]]:
        """Named changes to the defaults, the default recipe first."""
        recipes: Mapping[str, Mapping[str, Any]] = import_module(f"{self.package}.config").RECIPES
        return recipes

    @property
    def ablations(self) -> Mapping[str, Ablation]:
        """The method with one part left out, by name; empty for a method that says nothing of its parts."""
        known: Mapping[str, Ablation] = getattr(import_module(f"{self.package}.config"), "ABLATIONS", {})
        return known

    def ablations_of(self, recipe: str | None) -> Mapping[str, Ablation]:
        """Those of :attr:`ablations` that change a recipe (None: the default one): it has the part.

        Raises:
            OptionError: there is no such recipe.
        """
        whole = self.configure(recipe, {})
        return {name: one for name, one in self.ablations.items() if self.configure(recipe, one.settings) != whole}

    @property
    def job_recipes(self) -> Mapping[str, str]:
        """The recipe that a job takes where none is named, by job; jobs that are not in it take the default one."""
        known: Mapping[str, str] = getattr(import_module(f"{self.package}.config"), "JOB_RECIPES", {})
        return known

    def recipe_for(self, job: str) -> str:
        """The recipe that a job takes where none is named."""
        return self.job_recipes.get(job, next(iter(self.recipes)))

    @property
    def config_type(self) -> type[BaseModel]:
        """The pydantic model of the method's hyperparameters."""
        kind: type[BaseModel] = import_module(f"{self.package}.config").Config
        return kind

    def load(self) -> Method:
        """Import the method itself.

        Raises:
            OptionError: it needs torch and there is none.
        """
        if self.neural and find_spec("torch") is None:
            raise OptionError(f"Method '{self.name}' needs PyTorch; install it with: pip install 'analogon[neural]'.")
        method: Method = import_module(f"{self.package}.method").METHOD
        return method

    def machine(self, device: str) -> tuple[str, int]:
        """The device that computes when ``device`` is asked for, and the number of threads on the CPU.

        Raises:
            OptionError: there is no such device here.
        """
        if not self.neural:
            if device not in ("auto", "cpu") and not self.accelerated:
                raise OptionError(f"Method '{self.name}' computes on the CPU, not on '{device}': leave out --device.")
            from analogon.ops.parallel import threads as cores

            if device == "cpu" or (device == "auto" and not (self.accelerated and _cuda_seems_usable())):
                return "cpu", cores()
            if find_spec("torch") is None:
                raise OptionError(
                    f"Device '{device}' is not available without PyTorch: install it with pip install "
                    "'analogon[neural]', or leave out --device."
                )
            from analogon.training.device import pick as picked

            return str(picked(device)), cores()
        from analogon.training.device import pick, threads

        return str(pick(device)), threads()

    def check_takes(self, asked: Iterable[str]) -> None:
        """Refuse what the method cannot do.

        Args:
            asked: keys of :data:`WISHES`.

        Raises:
            OptionError: one of them is not in ``takes``.
        """
        for wish in asked:
            if wish not in self.takes:
                option, what = WISHES[wish]
                able = next((entry.name for entry in METHODS.values() if wish in entry.takes), None)
                other = f", or use --method {able}" if able else ""
                raise OptionError(f"Method '{self.name}' cannot {what}: leave out {option}{other}.")

    def polishes(self, polish: bool | None, *, preview: bool) -> bool:
        """Whether a render is polished: if that is asked for, or else if it is the method's way (no preview is).

        Raises:
            OptionError: it is asked for, and the method's results are polished already.
        """
        if polish and self.polish is None:
            raise OptionError(f"Method '{self.name}' joins pieces of the source already: leave out --polish.")
        return bool(self.polish) and not preview if polish is None else polish

    def check_learns(self, asked: Mapping[str, str]) -> None:
        """Refuse what is only of use for training, if the method does not learn.

        Args:
            asked: options as users type them, with what each of them is for.

        Raises:
            OptionError: the method does not learn, and there is such an option.
        """
        if not self.learns:
            for option, what in asked.items():
                raise OptionError(f"Method '{self.name}' learns nothing, so there is {what}: leave out {option}.")

    def check_many(self) -> None:
        """Refuse to learn several exemplars at once, with an OptionError, if the method cannot."""
        if not self.many:
            able = next(entry.name for entry in METHODS.values() if entry.many)
            raise OptionError(f"Method '{self.name}' learns one picture at a time: fit each, or use method '{able}'.")

    def check_sets(self) -> None:
        """Refuse to learn a data set, with an OptionError, if the method cannot."""
        if not self.sets:
            able = ", ".join(entry.name for entry in METHODS.values() if entry.sets)
            raise OptionError(f"Method '{self.name}' learns one picture: use analogon fit, or train one of {able}.")

    def check_does(self, job: str) -> None:
        """Refuse a job of :data:`~analogon.jobs.JOBS` that is not in ``jobs``.

        Raises:
            OptionError: the method cannot do it.
        """
        if job not in self.jobs:
            able = ", ".join(entry.name for entry in METHODS.values() if job in entry.jobs)
            instead = f"use --method with one of {able}" if able else "nor can any other yet"
            raise OptionError(f"Method '{self.name}' cannot {job}: {instead}.")

    def check_exports(self) -> None:
        """Refuse to export models, with an OptionError, if the method cannot or what that takes is not installed."""
        if not self.exports:
            able = ", ".join(entry.name for entry in METHODS.values() if entry.exports)
            raise OptionError(f"Models of method '{self.name}' cannot be exported: fit one with --method {able}.")
        if find_spec("onnx") is None or find_spec("onnxscript") is None:
            raise OptionError("Exporting needs ONNX; install it with: pip install 'analogon[onnx]'.")

    def configure(self, recipe: str | None, options: Mapping[str, Any]) -> BaseModel:
        """The configuration of a recipe (None: the default one) with some fields changed.

        Raises:
            OptionError: unknown recipe or field, or a value that the field does not take.
        """
        if recipe is None:
            recipe = next(iter(self.recipes))
        if recipe not in self.recipes:
            raise OptionError(f"Recipe '{recipe}' of method '{self.name}' does not exist{_hint(recipe, self.recipes)}.")
        known = self.config_type.model_fields
        for name in options:
            if name not in known:
                raise OptionError(f"Field '{name}' of method '{self.name}' does not exist{_hint(name, known)}.")
        try:
            config = self.config_type.model_validate({**self.recipes[recipe], **options})
        except ValidationError as problem:
            first = problem.errors()[0]
            if not first["loc"]:  # each can be, but not with the others
                reason = str(first["ctx"]["error"])
                raise OptionError(f"These settings of method '{self.name}' do not go together: {reason}.") from problem
            field, reason = str(first["loc"][0]), first["msg"].lower()
            value = options.get(field, first["input"])  # the whole of a tuple, not its first wrong element
            raise OptionError(f"Field '{field}' of method '{self.name}' cannot be {value!r}: {reason}.") from problem
        for name in options:
            value = getattr(config, name)
            parts = value if isinstance(value, tuple) else (value,)
            if not all(math.isfinite(part) for part in parts if isinstance(part, float)):
                raise OptionError(f"Field '{name}' of method '{self.name}' cannot be {value}: give a finite number.")
        return config

    def configure_exactly(self, values: Mapping[str, Any]) -> BaseModel:
        """The configuration that a model was saved with.

        Raises:
            ModelError: it does not fit this version of the method.
        """
        try:
            return self.config_type.model_validate(values)
        except ValidationError as problem:
            field = ".".join(map(str, problem.errors()[0]["loc"]))
            raise ModelError(
                f"The model's configuration does not fit this version of method '{self.name}' "
                f"(field '{field}'); fit it again."
            ) from problem


def _learner(name: str, summary: str) -> Entry:
    """A method that learns data sets, and one picture as if it were one."""
    return Entry(name, summary, f"analogon.methods.{name}", neural=True, sets=True)


METHODS: dict[str, Entry] = {
    e.name: e
    for e in (
        Entry(
            "patch",
            "pieces of the picture, joined coarse to fine: seconds, nothing to train",
            "analogon.methods.patch",
            neural=False,
            takes=frozenset(WISHES),
            polish=None,
            learns=False,
            provenance=True,
            accelerated=True,
            jobs=frozenset({"vary", "retarget", "paint", "edit", "harmonize", "upscale", "animate"}),
        ),
        Entry(
            "collage",
            "pieces of the picture, chosen by a network that learned it in minutes",
            "analogon.methods.collage",
            neural=True,
            takes=frozenset({"keep", "mask", "preview"}),
            polish=True,
            provenance=True,
            many=True,
            exports=True,
        ),
        Entry("semia", "conditional single-image GAN (Li et al., ACM MM 2020)", "analogon.methods.semia", neural=True),
        Entry(
            "singan",
            "a pyramid of small GANs (Shaham et al., ICCV 2019; concurrent stages: Hinz et al., WACV 2021)",
            "analogon.methods.singan",
            neural=True,
            jobs=frozenset({"vary", "retarget", "paint", "edit", "harmonize", "upscale", "animate"}),
        ),
        Entry(
            "ingan",
            "one picture remapped to any size and outline by a network (Shocher et al., ICCV 2019)",
            "analogon.methods.ingan",
            neural=True,
            jobs=frozenset({"retarget", "reshape"}),
        ),
        _learner("spade", "layouts modulate the norms of a generator that learns a data set (Park et al., CVPR 2019)"),
        _learner("groupdnet", "each class of a layout has a look of its own, as in a data set (Zhu et al., CVPR 2020)"),
        _learner("msca", "the look of one scene for the layout of another, as in a data set (arXiv 2004.10024)"),
        Entry(
            "image-analogies",
            "pixel by pixel in scan order, guided by the layout (Hertzmann et al., SIGGRAPH 2001)",
            "analogon.methods.image_analogies",
            neural=False,
            takes=frozenset({"guides", "mask"}),
            learns=False,
            provenance=True,
        ),
        Entry(
            "gpnn",
            "nearest patches of a crude edit, averaged (Granot et al., CVPR 2022)",
            "analogon.methods.gpnn",
            neural=False,
            learns=False,
            jobs=frozenset({"vary", "retarget", "paint", "edit"}),
        ),
        Entry(
            "patch-diffusion",
            "noise turned into pieces of the picture, step by step: seconds, and another picture for each seed",
            "analogon.methods.patch_diffusion",
            neural=False,
            takes=frozenset({"keep", "preview", "guides", "mask"}),
            polish=None,
            learns=False,
            provenance=True,
            accelerated=True,
            jobs=frozenset({"vary", "retarget", "paint", "edit", "harmonize"}),
        ),
        Entry(
            "gpdm",
            "pixels moved until their patches are distributed as the picture's (Elnekave and Weiss, ECCV 2022)",
            "analogon.methods.gpdm",
            neural=True,
            learns=False,
        ),
        Entry(
            "deep-image-analogy",
            "two-way nearest patches of features, coarse to fine (Liao et al., SIGGRAPH 2017)",
            "analogon.methods.deep_image_analogy",
            neural=True,
            learns=False,
            provenance=True,
        ),
    )
}
#: The method where none is named: the first.
DEFAULT_METHOD = next(iter(METHODS))


def get(name: str) -> Entry:
    """The entry of a method.

    Raises:
        OptionError: there is none of that name.
    """
    if name not in METHODS:
        raise OptionError(f"Method '{name}' does not exist{_hint(name, METHODS)}.")
    return METHODS[name]


def able(job: str, name: str | None = None) -> Entry:
    """The method that does a job of :data:`~analogon.jobs.JOBS`: the named one, or else the first that can.

    Raises:
        OptionError: there is none of that name, or it cannot.
    """
    first = next((entry for entry in METHODS.values() if job in entry.jobs), None)
    entry = first if name is None and first is not None else get(name or DEFAULT_METHOD)
    entry.check_does(job)
    return entry


def _cuda_seems_usable() -> bool:
    """Whether there is torch, and a driver for CUDA: known without the seconds that importing torch takes."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return find_spec("torch") is not None


def _hint(name: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(name, known, n=1)
    if close:
        return f"; did you mean '{close[0]}'"
    return f"; the known ones are {', '.join(known)}"
