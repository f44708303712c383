"""Edit a picture by editing its label map: semantic image analogies from one example.

>>> import analogon
>>> exemplar = analogon.load_exemplar("img.png", "label.png")  # doctest: +SKIP
>>> model = analogon.fit(exemplar)  # doctest: +SKIP
>>> model.render("target.png").save("new.png")  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from analogon._version import __version__

if TYPE_CHECKING:
    from analogon import augment, datasets, jobs, layout
    from analogon.animation import Animation
    from analogon.api import Model, fit, fit_many, load
    from analogon.batching import Fitted, fit_each
    from analogon.catalogue import FieldInfo, MethodInfo, describe_method, list_methods
    from analogon.checking import check_jobs, check_render, check_save
    from analogon.comparing import bench, compare
    from analogon.data import Exemplar, LabelClass, LabelMap, Palette
    from analogon.errors import (
        AnalogonError,
        InputError,
        LabelError,
        ModelError,
        OptionError,
        ServiceError,
        TrainingError,
    )
    from analogon.evaluating import Evaluation, evaluate
    from analogon.io import (
        check_animation,
        find_case,
        read_image,
        read_labels,
        read_map,
        read_mask,
        read_target,
        write_image,
        write_labels,
    )
    from analogon.layout import History, Layout
    from analogon.loading import load_exemplar, load_guide, load_target, load_targets
    from analogon.metrics import (
        CLASS_METRICS,
        METRICS,
        Assessment,
        ClassChange,
        ClassControl,
        Metric,
        Scorer,
        Scores,
        assess,
        class_changes,
        class_control,
        class_diversity,
        colour_distance,
        diversity,
        oracle_figures,
    )
    from analogon.metrics.learned import Weights, fid, kid
    from analogon.performing import (
        animate,
        edit,
        harmonize,
        paint,
        prepare,
        reshape,
        retarget,
        retarget_through,
        upscale,
        vary,
    )
    from analogon.provenance import Provenance
    from analogon.removing import remove
    from analogon.rendering import Attention, Guide, Style
    from analogon.report import SheetRow, attention_sheet, contact_sheet, picture_sheet, thumbnail
    from analogon.report.values import Case, Comparison, Contender, Trial
    from analogon.result import Result
    from analogon.run import Progress
    from analogon.segment import first_labels
    from analogon.service import Client, serve
    from analogon.streaming import Stream
    from analogon.studio import serve_studio
    from analogon.study import make_study, serve_study, study_results
    from analogon.trained import TrainedModel, is_trained, leads, load_trained, train

#: Public names by the module that has them. They are imported on first use: the package starts at once.
_HOMES = {
    "analogon.animation": ("Animation",),
    "analogon.api": ("Model", "fit", "fit_many", "load"),
    "analogon.batching": ("Fitted", "fit_each"),
    "analogon.catalogue": ("FieldInfo", "MethodInfo", "describe_method", "list_methods"),
    "analogon.checking": ("check_jobs", "check_render", "check_save"),
    "analogon.comparing": ("bench", "compare"),
    "analogon.data": ("Exemplar", "LabelClass", "LabelMap", "Palette"),
    "analogon.errors": (
        "AnalogonError", "InputError", "LabelError", "ModelError", "OptionError", "ServiceError",
        "TrainingError",
    ),
    "analogon.evaluating": ("Evaluation", "evaluate"),
    "analogon.io": (
        "check_animation", "find_case", "read_image", "read_labels", "read_map", "read_mask", "read_target",
        "write_image", "write_labels",
    ),
    "analogon.layout": ("History", "Layout"),
    "analogon.loading": ("load_exemplar", "load_guide", "load_target", "load_targets"),
    "analogon.metrics": (
        "CLASS_METRICS", "METRICS", "Assessment", "ClassChange", "ClassControl", "Metric", "Scorer", "Scores", "assess",
        "class_changes", "class_control", "class_diversity", "colour_distance", "diversity", "oracle_figures",
    ),
    "analogon.metrics.learned": ("Weights", "fid", "kid"),
    "analogon.performing": (
        "animate", "edit", "harmonize", "paint", "prepare", "reshape", "retarget", "retarget_through", "upscale",
        "vary",
    ),
    "analogon.provenance": ("Provenance",),
    "analogon.rendering": ("Attention", "Guide", "Style"),
    "analogon.removing": ("remove",),
    "analogon.report": ("SheetRow", "attention_sheet", "contact_sheet", "picture_sheet", "thumbnail"),
    "analogon.report.values": ("Case", "Comparison", "Contender", "Trial"),
    "analogon.result": ("Result",),
    "analogon.run": ("Progress",),
    "analogon.segment": ("first_labels",),
    "analogon.service": ("Client", "serve"),
    "analogon.streaming": ("Stream",),
    "analogon.studio": ("serve_studio",),
    "analogon.study": ("make_study", "serve_study", "study_results"),
    "analogon.trained": ("TrainedModel", "is_trained", "leads", "load_trained", "train"),
}  # fmt: skip
#: Public modules, with names of their own.
_ROOMS = ("augment", "datasets", "jobs", "layout")
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "CLASS_METRICS",
    "METRICS",
    "AnalogonError",
    "Animation",
    "Assessment",
    "Attention",
    "Case",
    "ClassChange",
    "ClassControl",
    "Client",
    "Comparison",
    "Contender",
    "Evaluation",
    "Exemplar",
    "FieldInfo",
    "Fitted",
    "Guide",
    "History",
    "InputError",
    "LabelClass",
    "LabelError",
    "LabelMap",
    "Layout",
    "MethodInfo",
    "Metric",
    "Model",
    "ModelError",
    "OptionError",
    "Palette",
    "Progress",
    "Provenance",
    "Result",
    "Scorer",
    "Scores",
    "ServiceError",
    "SheetRow",
    "Stream",
    "Style",
    "TrainedModel",
    "TrainingError",
    "Trial",
    "Weights",
    "__version__",
    "animate",
    "assess",
    "attention_sheet",
    "augment",
    "bench",
    "check_animation",
    "check_jobs",
    "check_render",
    "check_save",
    "class_changes",
    "class_control",
    "class_diversity",
    "colour_distance",
    "compare",
    "contact_sheet",
    "datasets",
    "describe_method",
    "diversity",
    "edit",
    "evaluate",
    "fid",
    "find_case",
    "first_labels",
    "fit",
    "fit_each",
    "fit_many",
    "harmonize",
    "is_trained",
    "jobs",
    "kid",
    "layout",
    "leads",
    "list_methods",
    "load",
    "load_exemplar",
    "load_guide",
    "load_target",
    "load_targets",
    "load_trained",
    "make_study",
    "oracle_figures",
    "paint",
    "picture_sheet",
    "prepare",
    "read_image",
    "read_labels",
    "read_map",
    "read_mask",
    "read_target",
    "remove",
    "reshape",
    "retarget",
    "retarget_through",
    "serve",
    "serve_studio",
    "serve_study",
    "study_results",
    "thumbnail",
    "train",
    "upscale",
    "vary",
    "write_image",
    "write_labels",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"analogon.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'analogon' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
