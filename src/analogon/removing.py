"""Objects removed from a picture: what surrounds them takes their place, in the label map and then in the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon import api
from analogon.data import Exemplar, LabelClass, LabelMap, Palette
from analogon.data.color import hex_color
from analogon.errors import InputError, OptionError
from analogon.io import ImageSource, LabelSource, read_labels, read_mask
from analogon.layout import Layout
from analogon.layout.regions import nearest
from analogon.loading import load_exemplar
from analogon.methods import registry
from analogon.performing import Listener, Source, refuse_fitting
from analogon.result import Result

Bools = NDArray[np.bool_]

#: What lies this near to what is removed is made anew with it, as a share of the diagonal, and at least in pixels:
#: soft borders and the beginnings of shadows.
REACH, LEAST_REACH = 0.01, 4


@dataclass(frozen=True, eq=False)
class Removal:
    """What is to go, and what is known of what comes in its place.

    Attributes:
        target: the layout without it.
        gone: bool (h, w), what goes. open: what is made anew: it, and what is near.
        about: how it was asked for, as JSON values.
    """

    target: LabelMap
    gone: Bools
    open: Bools
    about: dict[str, Any]

    def source(self, exemplar: Exemplar, *, masked: bool) -> Exemplar:
        """The exemplar with what is made anew as a class of its own, which nothing of the target is.

        Args:
            masked: results may be told which pixels not to use.
        """
        height, width = self.gone.shape
        ids, palette = np.array(exemplar.labels.ids), exemplar.labels.palette
        own = max(palette.ids) + 1
        name = "removed"
        while name in palette.names:
            name += " part"
        open_ = np.zeros(ids.shape, bool)
        open_[:height, :width] = self.open
        for lacking in set(self.target.present()) - set(np.unique(ids[~open_])):  # all of it is near
            open_[:height, :width] &= self.gone | (ids[:height, :width] != lacking)
        usable = np.ones(ids.shape, bool) if exemplar.usable is None else exemplar.usable
        ids[open_] = own
        labels = LabelMap(ids, Palette((*palette.classes, LabelClass(own, name, (0, 0, 0)))))
        return Exemplar(exemplar.image, labels, usable & ~open_ if masked else exemplar.usable, exemplar.frame)


def remove(
    source: Source,
    labels: LabelSource | LabelMap | None = None,
    of: Sequence[str] = (),
    *,
    mask: ImageSource | None = None,
    fill: str = "around",
    reach: float | None = None,
    method: str | None = None,
    seed: int | None = None,
    device: str = "auto",
    progress: Listener | None = None,
    **fitting: Any,
) -> Result:
    """The picture without some of what is in it; away from that it is what it was, bit for bit.

    What goes is named by classes or objects of the label map, or by a mask. It gets the classes of what surrounds it,
    and the picture is made anew there from parts of these classes, by any method: one that cannot be told what to keep
    renders the whole picture, of which the place and what is beside it are taken.

    Args:
        labels: the label map; an exemplar or a model has its own. A mask takes none.
        of: names, ids or colours of classes (``"boat"``), or names of objects (``"boat 2"``; see :class:`Layout`).
        mask: white where something goes, in the picture's size.
        fill: which classes take its place: the nearest ``"around"``, those of objects ``"behind"`` it that are nearest
            (see :class:`Layout`; of a mask, the nearest), or a class by its name.
        reach: how far from it the picture is made anew, in pixels; None for 1 % of the diagonal, at least 4.
        method, device, fitting: see :func:`fit`. Of a model they are known.

    Raises:
        OptionError: neither classes nor a mask are given, or both, there is no such class or object, nothing would be
            left, or a model is told how to fit. InputError: a file cannot be used, or sizes differ.
    """
    model = api.load(source, device=device) if isinstance(source, str | Path) and Path(source).is_dir() else source
    if isinstance(model, api.Model):
        refuse_fitting({"method": method, **fitting})
        if labels is not None:
            raise OptionError("A model is fitted already: leave out its label map, or give the picture in its place.")
        asked = planned(model.exemplar, of, mask, fill, reach)
        exemplar = model.exemplar
    else:
        if of and labels is None and not isinstance(model, Exemplar):
            raise OptionError("--class needs the label map of the picture: give it after the picture, or use --mask.")
        exemplar = _exemplar(model, labels)
        asked = planned(exemplar, of, mask, fill, reach)
        entry = registry.get(method or registry.DEFAULT_METHOD)
        relabelled = asked.source(exemplar, masked="mask" in entry.takes)
        if entry.learns:
            fitting = {"previews": [LabelMap(asked.target.ids, relabelled.labels.palette)], **fitting}
        chosen = 0 if seed is None else seed
        model = api.fit(relabelled, entry.name, seed=chosen, device=device, progress=progress, **fitting)
    return _rendered(model, exemplar, asked, progress)


def _rendered(model: api.Model, exemplar: Exemplar, asked: Removal, progress: Listener | None) -> Result:
    height, width = asked.gone.shape
    before = exemplar.image[:height, :width]
    keeps = "keep" in registry.get(model.method).takes
    result = model.render(asked.target, keep=~asked.open if keeps else "auto", progress=progress)
    image, way = result.image, result.provenance
    if not (image[~asked.open] == before[~asked.open]).all():
        image, way = _blended(before, image, asked), None
    return replace(result, image=image, provenance=way, labels=asked.target, job=asked.about)


def planned(
    exemplar: Exemplar, of: Sequence[str] = (), mask: ImageSource | None = None, fill: str = "around", reach: Any = None
) -> Removal:
    """What :func:`remove` is asked for, with its errors."""
    height, width = exemplar.frame
    labels = LabelMap(exemplar.labels.ids[:height, :width], exemplar.labels.palette)
    if bool(of) == (mask is not None):
        what = "is given twice" if of else "is missing"
        raise OptionError(f"What is to be removed {what}: give either --class or --mask.")
    if reach is None:
        reach = max(LEAST_REACH, REACH * math.hypot(height, width))
    if isinstance(reach, bool) or not isinstance(reach, int | float) or not 0 <= reach < math.inf:
        raise OptionError(f"--reach cannot be {reach!r}: give a number of pixels from 0 on.")
    if mask is None:
        target = _without(labels, of, fill)
        gone = np.isin(labels.ids, [i for i in labels.present() if i not in target.present()])
        gone |= labels.ids != target.ids
    else:
        gone = read_mask(mask)
        if gone.shape != labels.shape:
            raise InputError(
                f"The mask is {gone.shape[1]}x{gone.shape[0]} pixels and the picture {width}x{height}: give a mask of "
                "the picture's size."
            )
        if not gone.any() or gone.all():
            everything = "white all over" if gone.any() else "empty"
            raise InputError(f"The mask is {everything}: paint what is to be removed white, and the rest black.")
        target = _filled(labels, gone, fill)
    _check_fill(exemplar, target, gone)
    from scipy import ndimage as ndi

    open_: Bools = ndi.distance_transform_edt(~gone) <= reach
    if open_.all():
        raise OptionError(f"Nothing would be left to make the picture of: give a --reach smaller than {reach:.4g}.")
    digest = sha256(np.packbits(gone).tobytes()).hexdigest()
    about = {
        "name": "remove", "of": list(of), "fill": fill, "reach": round(float(reach), 3),
        "removed": {"size": [height, width], "share": round(float(gone.mean()), 6), "sha256": digest},
    }  # fmt: skip
    return Removal(target, gone, open_, about)


def _exemplar(source: ImageSource | Exemplar, labels: LabelSource | LabelMap | None) -> Exemplar:
    if not isinstance(source, Exemplar):
        return load_exemplar(source, labels)
    if labels is None:
        return source
    known = labels if isinstance(labels, LabelMap) else read_labels(labels)
    return Exemplar(source.image, known, source.usable, source.frame)


def _without(labels: LabelMap, of: Sequence[str], fill: str) -> LabelMap:
    """The layout without classes and objects."""
    layout = Layout.split(labels)
    chosen = set[int]()
    for name in of:
        classes = [c.id for c in labels.palette.classes if name in (c.name, str(c.id), hex_color(c.color))]
        members = [one for one in layout.objects if one.class_id in classes]
        if not members and name in layout.names:
            members = list(layout.members(name))
        if not members:
            known = ", ".join(f"'{labels.palette.get(i).name}'" for i in labels.present())
            raise OptionError(f"There is no class or object '{name}' in the label map: name one of {known}.")
        chosen |= {one.id for one in members}
    if len(chosen) == len(layout.objects):
        raise OptionError("Nothing would be left of the picture: remove less.")
    return layout.changed(lambda _: None, [one for one in layout.objects if one.id in chosen], fill).target


def _filled(labels: LabelMap, gone: Bools, fill: str) -> LabelMap:
    """The layout with a place given to the classes that are nearest, or to one."""
    ids = np.array(labels.ids)
    if fill in ("behind", "around"):
        places = nearest(gone, ~gone)
        assert places is not None
        ids[gone] = ids[places[:, 0], places[:, 1]]
    else:
        ids[gone] = Layout.split(labels).class_of(fill).id
    return LabelMap(ids, labels.palette)


def _check_fill(exemplar: Exemplar, target: LabelMap, gone: Bools) -> None:
    """Refuse to put something in the place of what goes that is the same, or of which nothing is left."""
    left = np.ones(exemplar.shape, bool) if exemplar.usable is None else np.array(exemplar.usable)
    left[: gone.shape[0], : gone.shape[1]] &= ~gone
    lacking = sorted(set(np.unique(target.ids[gone])) - set(np.unique(exemplar.labels.ids[left])))
    if not gone.any():
        raise OptionError("Nothing would change, since --uncovered puts the same class there: name another with it.")
    if lacking:
        name = target.palette.get(int(lacking[0])).name
        raise OptionError(f"Nothing is left of '{name}' to put in the place: name another class with --uncovered.")


def _blended(before: NDArray[np.float32], after: NDArray[np.float32], asked: Removal) -> NDArray[np.float32]:
    """The picture as it was, going over into the new one from the border of what is made anew to what goes."""
    from scipy import ndimage as ndi

    inside, beside = ndi.distance_transform_edt(asked.open), ndi.distance_transform_edt(~asked.gone)
    share = (inside / np.maximum(inside + beside, 1e-6))[..., None].astype(np.float32)
    return np.where(asked.gone[..., None], after, before + share * (after - before))
