"""Drafts: exact where something is known, the photo where nothing has changed."""

import numpy as np
import pytest

import analogon
from analogon.layout import Brush, Delete, Duplicate, Flip, Layout, Move, Rotate, Scale, keep_mask, places
from analogon.studio import drafting
from analogon.studio.drafting import Drafter, known

from .served import HEIGHT, WIDTH, labels, layout_ids, photo

EDITS = {
    "nothing": [],
    "move": [Move(of="tree", right=30, down=-9)],
    "out of the frame": [Move(of="tree", right=-18)],
    "there and back": [Move(of="tree", right=30), Move(of="tree", right=-30)],
    "copy": [Duplicate(of="tree", right=20), Move(of="tree 2", down=-10)],
    "turned": [Rotate(of="tree", degrees=25)],
    "larger": [Scale(of="tree", factor=1.5)],
    "mirrored": [Flip(of="tree")],
    "gone": [Delete(of="tree")],
    "painted": [Brush(paint="tree", points=((5.5, 60.5), (30.5, 80.5)), radius=3), Move(of="tree", right=5)],
}


@pytest.mark.parametrize("name", EDITS)
def test_what_is_known_is_what_the_layout_knows(name):
    layout = Layout.split(labels())
    for one in EDITS[name]:
        layout = one.apply(layout)
    facts, where = known(layout), places(layout)
    there = ~np.isnan(where[..., 0])
    found = np.stack(np.divmod(facts.places, WIDTH), -1)
    assert np.abs(found - where)[there].max() <= 0.5
    own = np.moveaxis(np.indices((HEIGHT, WIDTH)), 0, -1)
    assert (found[~there] == own[~there]).all() and not facts.moved[~there].any()
    still = there & (np.abs(where - own).max(-1) == 0)
    assert not facts.edited[still & (layout.ids == layout_ids())].any()
    assert facts.edited[layout.ids != layout_ids()].all()
    assert facts.edited.any() == (name not in ("nothing", "there and back"))


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 4])
def test_drafts_have_the_right_classes_and_leave_the_rest(times):
    ids = layout_ids().repeat(times, 0).repeat(times, 1)
    big = analogon.LabelMap(ids, labels().palette)
    pixels = photo().repeat(times, 0).repeat(times, 1)
    drafter = Drafter(analogon.Exemplar(pixels.astype(np.float32) / 255, big), pixels)
    assert (drafter.factor > 1) == (times > 1)
    for name, edits in EDITS.items():
        if name in ("out of the frame", "painted"):
            continue
        layout = Layout.split(big)
        for one in edits:
            layout = one.apply(layout)
        found = drafter.draft(layout)
        far = keep_mask(layout, reach=times * 20)
        assert (found[far] == pixels[far]).all()
        # the classes of the picture have colours of their own
        seen = np.abs(found[:, :, None].astype(int) - big.palette.colors).sum(-1).argmin(-1) + 1
        assert (seen == layout.ids).mean() > 0.99, name


def test_large_edits_are_drafted_from_a_coarser_picture_and_keep_their_classes(monkeypatch):
    monkeypatch.setattr(drafting, "EDITED", 120)
    ids = layout_ids().repeat(2, 0).repeat(2, 1)
    big = analogon.LabelMap(ids, labels().palette)
    pixels = photo().repeat(2, 0).repeat(2, 1)
    drafter = Drafter(analogon.Exemplar(pixels.astype(np.float32) / 255, big), pixels)
    layout, used = Layout.split(big), []
    monkeypatch.setattr(drafting, "_window", lambda mask, real=drafting._window: used.append(mask.shape) or real(mask))
    for edit in (Brush(paint="tree", points=((11.5, 120.5),), radius=3), Move(of="tree", right=60)):
        wanted = edit.apply(layout)
        found = drafter.draft(wanted)
        far = keep_mask(wanted, reach=40)
        assert far.any() and (found[far] == pixels[far]).all()
        seen = np.abs(found[:, :, None].astype(int) - big.palette.colors).sum(-1).argmin(-1) + 1
        assert (seen == wanted.ids).mean() > 0.99
    fine, coarse = used
    assert fine == tuple(-(-side // drafter.factor) for side in big.shape)
    assert coarse[0] <= fine[0] // 2 and coarse[1] <= fine[1] // 2
