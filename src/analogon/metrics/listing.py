"""Every figure that there is: what it is called, what it means and which way is better."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from analogon.metrics.learned import LEARNED, OF_SETS
from analogon.metrics.truth import TRUTH, TRUTH_CLASSES
from analogon.metrics.values import SCALES, Metric

#: Copies are looked for at one over these scales: pieces of 15 pixels, and of 60.
COPY_SCALES = (1, 4)


def _scale(number: int) -> str:
    return "" if number == 1 else f", 1/{number}"


_NEAREST = "nearest patches of one class (Simakov et al., Bidirectional Similarity, CVPR 2008), root mean square"

_AGREEMENT = (
    Metric(
        "miou", "mIoU", "higher", 0, 1, "",
        "How far each place looks like the class that the layout asks for there: mean overlap of the classes.",
        "mean intersection over union; extremely randomised trees fitted to the source",
    ),
    Metric(
        "accuracy", "pixel accuracy", "higher", 0, 1, "",
        "Share of the pixels that look like the class that the layout asks for there.",
        "extremely randomised trees (Geurts et al., Machine Learning 2006) fitted to the source",
    ),
)  # fmt: skip
_COHERENCE = tuple(
    Metric(
        f"coherence@{scale}", f"coherence{_scale(scale)}", "lower", 0, 255, "levels",
        f"How far patches of the result, at 1/{scale} of its size, are from anything of their class in the source."
        if scale > 1 else "How far patches of the result are from anything of their class in the source.",
        _NEAREST,
    )
    for scale in SCALES
)  # fmt: skip
_COMPLETENESS = tuple(
    Metric(
        f"completeness@{scale}", f"completeness{_scale(scale)}", "lower", 0, 255, "levels",
        f"How far patches of the source, at 1/{scale} of its size, are from anything of their class in the result."
        if scale > 1 else "How far patches of the source are from anything of their class in the result.",
        _NEAREST,
    )
    for scale in SCALES
)  # fmt: skip
_SHARPNESS = Metric(
    "sharpness", "sharpness", "one", 0, math.inf, "",
    "Fine detail of the result over that of the source, class by class: below 1 is blur, above 1 is noise.",
    "mean size of what a Gaussian of one pixel takes away, one level added",
)  # fmt: skip
_WASSERSTEIN = Metric(
    "wasserstein", "patch distribution", "lower", 0, 255, "levels",
    "How far the patches of a class, taken together, are distributed otherwise than in the source.",
    "sliced Wasserstein distance of patches (Elnekave and Weiss, GPDM, ECCV 2022), by class, mean of the scales",
)  # fmt: skip
_OTHERS = (
    Metric(
        "bidirectional", "bidirectional", "lower", 0, math.inf, "ΔE²",
        "How far patches of the result are from the source and those of the source from the result, classes aside.",
        "bidirectional similarity (Simakov et al., CVPR 2008): the sum of both directions, mean of the scales",
    ),
    _WASSERSTEIN,
    _SHARPNESS,
    Metric(
        "ghost", "leftover outlines", "one", 0, math.inf, "",
        "Edges along outlines of the source that the layout no longer has, over those around: above 1 they show.",
        "mean derivative across the outline over the same derivative beside it, one level added",
    ),
    Metric(
        "kept_psnr", "kept, PSNR", "higher", 0, math.inf, "dB",
        "How exactly the picture stayed as it was where the layout did not change.",
        "peak signal-to-noise ratio against the source away from every change",
    ),
    Metric(
        "kept_ssim", "kept, SSIM", "higher", -1, 1, "",
        "How much of the structure stayed as it was where the layout did not change.",
        "structural similarity (Wang et al., IEEE TIP 2004) with the source away from every change",
    ),
    Metric(
        "used", "source used", "higher", 0, 1, "",
        "Share of the source's pixels that are somewhere in the result.",
        "counted in the provenance",
    ),
    Metric(
        "largest_copy", "largest copy", "lower", 0, 1, "",
        "Share of the result that its largest connected piece takes which is copied as it was.",
        "largest connected region of one offset in the provenance",
    ),
)  # fmt: skip
_DIVERSITY = (
    Metric(
        "diversity", "diversity", "higher", 0, math.inf, "",
        "How much results for one layout differ from seed to seed, against the contrast that they have.",
        "standard deviation of each pixel over the standard deviation of all (Shaham et al., SinGAN, ICCV 2019)",
    ),
    Metric(
        "diversity_levels", "diversity, levels", "higher", 0, 255, "levels",
        "Colour difference between two results for one layout, on the average of all pairs.",
        "root mean square difference of pairs",
    ),
    Metric(
        "diversity_ssim", "diversity, structure", "higher", 0, 2, "",
        "Difference of structure between two results for one layout, on the average of all pairs.",
        "1 − structural similarity (Wang et al., IEEE TIP 2004) of pairs",
    ),
)  # fmt: skip
_CONTROL = (
    Metric(
        "mcsd", "own change", "higher", 0, math.inf, "",
        "How much a class changes with its own code, on the average of the classes.",
        "mean class-specific diversity (Zhu et al., CVPR 2020) in the distance that is named with it",
    ),
    Metric(
        "mocd", "change of others", "lower", 0, math.inf, "",
        "How much all else changes with the code of one class, on the average of the classes.",
        "mean other-classes diversity (Zhu et al., CVPR 2020) in the distance that is named with it",
    ),
)  # fmt: skip
_ORACLE = (
    Metric(
        "oracle_miou", "mIoU, oracle", "higher", 0, 1, "",
        "How far scenes of the synthetic set show the classes that their layouts ask for: mean overlap of the classes.",
        "mean intersection over union of all pictures; nearest of the set's colours",
    ),
    Metric(
        "oracle_accuracy", "accuracy, oracle", "higher", 0, 1, "",
        "Share of the pixels of synthetic scenes that show the class that the layout asks for.",
        "nearest of the set's colours",
    ),
    Metric(
        "oracle_style", "style, oracle", "higher", 0, 1, "",
        "Share of the classes of synthetic scenes that have the style asked for.",
        "most frequent of the nearest of the set's colours",
    ),
)  # fmt: skip

_COPIED = tuple(
    Metric(
        f"copied@{scale}", f"copied{_scale(scale)}", "lower", 0, 1, "",
        f"Share of the result, at 1/{scale} of its size, that the source has just so."
        if scale > 1 else "Share of the result that the source has just so.",
        "windows of 15x15 pixels with some contrast that differ from one of the source by a tenth of it at most",
    )
    for scale in COPY_SCALES
)  # fmt: skip

_OF_ONE = {m.name: m for m in (*_AGREEMENT, *_COHERENCE, *_COMPLETENESS, *_OTHERS)} | dict(LEARNED)

#: The figures that `Scorer` gives, in the order of tables.
SCORED = tuple(_OF_ONE)
#: Every figure there is, in the order of tables: those of `SCORED`, against a true picture, and of several pictures.
METRICS: Mapping[str, Metric] = MappingProxyType(
    _OF_ONE | dict(TRUTH) | {m.name: m for m in (*_COPIED, *_DIVERSITY, *_CONTROL, *_ORACLE)} | dict(OF_SETS)
)
#: The figures that a class of a picture has, in the order of tables.
CLASS_METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        m.name: m
        for m in (
            Metric(
                "iou", "IoU", "higher", 0, 1, "",
                "How far the places that look like this class are those that the layout gives it.",
                "intersection over union; extremely randomised trees fitted to the source",
            ),
            *_COHERENCE,
            *_COMPLETENESS,
            _WASSERSTEIN,
            _SHARPNESS,
            *TRUTH_CLASSES.values(),
        )
    }
)  # fmt: skip


def meanings(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """What figures are called, which way is better and what they mean, for who reads them in a file."""
    shown = [METRICS[name] for name in names]
    return {m.name: {"title": m.title, "better": m.better, "meaning": m.meaning} for m in shown}
