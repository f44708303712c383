"""The figures of one picture that need networks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from analogon.data import LabelMap
from analogon.metrics.agreement import accuracy, overlaps
from analogon.metrics.learned.distances import lpips, sifid
from analogon.metrics.learned.segmenting import segment
from analogon.metrics.learned.weights import Pixels, Weights
from analogon.metrics.values import Metric

_SEEN = "a segmentation network that you name (ONNX)"

#: The figures of one picture, in the order of tables.
LEARNED: Mapping[str, Metric] = MappingProxyType(
    {
        m.name: m
        for m in (
            Metric(
                "sifid", "SIFID", "lower", 0, math.inf, "",
                "How far the features of all places of the result are distributed otherwise than in the source.",
                "single-image FID, Inception-v3 before its second pooling (Shaham et al., SinGAN, ICCV 2019)",
            ),
            Metric(
                "lpips", "LPIPS", "lower", 0, math.inf, "",
                "How far result and source are apart for the eye, place by place: what had to change counts too.",
                "learned perceptual similarity (Zhang et al., CVPR 2018)",
            ),
            Metric(
                "net_miou", "mIoU, network", "higher", 0, 1, "",
                "How far a segmentation network sees in each place what the layout asks for there: mean overlap.",
                f"mean intersection over union; {_SEEN}",
            ),
            Metric(
                "net_accuracy", "pixel accuracy, network", "higher", 0, 1, "",
                "Share of the pixels in which a segmentation network sees what the layout asks for.",
                _SEEN,
            ),
        )
    }
)  # fmt: skip

#: The figures of two sets of pictures (:func:`fid`, :func:`kid`), and of several pictures of one layout.
OF_SETS: Mapping[str, Metric] = MappingProxyType(
    {
        m.name: m
        for m in (
            Metric(
                "fid", "FID", "lower", 0, math.inf, "",
                "How far two sets of pictures are distributed otherwise: comparable between sets of one size only.",
                "Fréchet inception distance (Heusel et al., NeurIPS 2017)",
            ),
            Metric(
                "kid", "KID", "lower", -math.inf, math.inf, "",
                "How far two sets of pictures are distributed otherwise: about 0 where they are not.",
                "kernel inception distance (Bińkowski et al., ICLR 2018)",
            ),
            Metric(
                "diversity_lpips", "diversity, LPIPS", "higher", 0, math.inf, "",
                "How far results for one layout are apart for the eye, on the average of pairs.",
                "learned perceptual similarity of pairs (Zhang et al., CVPR 2018)",
            ),
        )
    }
)  # fmt: skip


def learned_figures(
    source_image: Pixels, result_image: Pixels, target: LabelMap, weights: Weights | None
) -> tuple[dict[str, float | None], tuple[str, ...]]:
    """The figures of `LEARNED` of one result, as far as there are weights for them.

    Args:
        source_image, result_image: float32 (h, w, 3) in [0, 1]; the result has the target's size.
        target: the layout that was asked for.
        weights: the files that the user names; None: there are none.

    Returns:
        Figures by name, None where one is not defined here, and a sentence for each such reason.

    Raises:
        OptionError, InputError: a file that is named cannot be used.
    """
    weights = weights or Weights()
    figures, notes = dict[str, float | None].fromkeys(LEARNED), list[str]()
    if weights == Weights():
        return figures, ("SIFID, LPIPS and what a segmentation network sees take weights: name the files of yours.",)
    if weights.inception is None:
        notes.append("SIFID takes Inception weights: name a file that holds them.")
    else:
        figures["sifid"] = sifid(source_image, result_image, weights)
        if figures["sifid"] is None:
            notes.append("SIFID is not defined for pictures this small.")
    if weights.lpips is None:
        notes.append("LPIPS takes its own weights: name a file that holds them.")
    elif source_image.shape != result_image.shape:
        notes.append("LPIPS is not defined here: the source and the result differ in size.")
    else:
        figures["lpips"] = lpips(source_image, result_image, weights)
        if figures["lpips"] is None:
            notes.append("LPIPS is not defined for pictures this small.")
    if weights.segmenter is None:
        notes.append("No segmentation network is named, so none says what it sees.")
    else:
        seen = segment(result_image, target.palette, weights)
        shared = overlaps(seen.ids, target.ids)
        figures["net_miou"] = sum(shared.values()) / len(shared)
        figures["net_accuracy"] = accuracy(seen.ids, target.ids)
    return figures, tuple(notes)
