"""Sampled pictures of layouts."""

import numpy as np
import pytest
from tests.ops.textures import disc, pictured, texture

import analogon
from analogon import Guide
from analogon.metrics import diversity

SHAPE = (40, 52)
EXEMPLAR, TARGET = pictured(disc(SHAPE, (20, 16, 10))), disc(SHAPE, (19, 36, 11))
SMALL = {"patch": 5, "levels": 4}


def picture(seed: int = 0, *, wishes=None, target=TARGET, exemplar=EXEMPLAR, **settings):
    model = analogon.fit(exemplar, "patch-diffusion", seed=seed, device="cpu", **{**SMALL, **settings})
    return model.render(target, **{"keep": "none", **(wishes or {})})


def test_seeds_give_different_pictures_of_one_layout():
    pictures = [picture(seed).image for seed in range(3)]
    assert (pictures[0] == picture(0).image).all()
    figures = diversity(pictures)
    assert figures["diversity"] > 0.2
    ground = TARGET.ids == 2
    for image in pictures:
        assert image[ground].mean() < 0.4 and image[~ground].mean() > 0.6


def test_pictures_are_pieces_of_the_source():
    result = picture()
    assert (result.provenance.apply_to(EXEMPLAR.image, tone=True) == result.image).all()
    inside = EXEMPLAR.labels.ids[result.provenance.places[..., 0], result.provenance.places[..., 1]] == TARGET.ids
    assert inside.mean() > 0.97


def test_kept_pixels_are_the_sources_bit_for_bit():
    keep = np.ones(SHAPE, bool)
    keep[5:35, 22:50] = False
    for finish in ("pieces", "means"):
        image = picture(wishes={"keep": keep}, finish=finish).image
        assert (image[keep] == EXEMPLAR.image[keep]).all()
        assert (image != EXEMPLAR.image).any()


def test_by_itself_it_keeps_what_the_edit_does_not_concern():
    wide = pictured(disc((40, 120), (20, 16, 10)))
    image = picture(exemplar=wide, target=disc((40, 120), (20, 22, 10)), wishes={"keep": "auto"}).image
    assert (image[:, 60:] == wide.image[:, 60:]).all()
    assert (image[:, :40] != wide.image[:, :40]).any()


def test_the_sources_own_layout_may_stay_as_it_is():
    result = picture(target=EXEMPLAR.labels, wishes={"keep": "auto"})
    assert (result.image == EXEMPLAR.image).all() and result.provenance.kept() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"patch": 7}, {"view": 0.2}, {"scales": 1}, {"pixels": 400}, {"levels": 2}, {"sigma": 0.5}, {"sigma_fine": 0.6},
        {"sigma_last": 0.1}, {"label_weight": 0.0}, {"border_weight": 5.0}, {"pairs": 0}, {"finish": "means"},
    ],
    ids=str,
)  # fmt: skip
def test_every_setting_changes_the_picture(change):
    assert (picture(**change).image != picture().image).any()


def test_labels_decide_what_stands_where():
    free = picture(label_weight=0.0, finish="means").image
    bound = picture(finish="means").image
    ground = TARGET.ids == 2
    assert bound[ground].mean() < 0.4 < free[ground].mean()


def test_guides_say_what_goes_where():
    right = np.indices(SHAPE)[1] >= SHAPE[1] // 2
    image = np.where(right[..., None], texture(SHAPE, 1, mean=0.7), texture(SHAPE, 2, mean=0.3))
    guides = [Guide("side", right.astype(np.float32), side.astype(np.float32)) for side in (right, ~right)]
    plain = disc(SHAPE)
    images = [
        picture(
            exemplar=analogon.Exemplar(image, plain), target=plain, wishes={"guides": (guide,)}, border_weight=0.0
        ).image
        for guide in guides
    ]
    assert images[0][:, :20].mean() < 0.45 < images[1][:, :20].mean()


def test_a_preview_is_another_picture_for_less_work():
    steps = []
    fast = picture(wishes={"preview": True, "progress": lambda event: steps.append(event.steps)}).image
    assert max(steps) == 2 and fast.shape == (*SHAPE, 3)
    assert (fast != picture().image).any()


@pytest.mark.parametrize("change", [{"nearest": 1}, {"leaves": 1}], ids=str)
def test_settings_of_the_tree_change_the_picture(change):
    plain = {"pairs": 0, "leaves": 8, "nearest": 8}
    assert (picture(**{**plain, **change}).image != picture(**plain).image).any()
