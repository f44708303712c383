import numpy as np
import torch
from scipy import ndimage as ndi

from analogon.methods.semia.augment import Warp
from analogon.methods.semia.conditions import channels, conditions, depth_map, layout_conditions
from analogon.methods.semia.layouts import invent
from analogon.methods.semia.practice import Practice, carried
from analogon.transport import transport

STILL = Warp(False, None, 1.0)


def practice(exemplar, kind="geometry"):
    return Practice(exemplar, kind, torch.device("cpu"))


def planes(indices, classes, kind):
    depth = torch.from_numpy(depth_map(indices, classes)) if kind == "geometry" else None
    return conditions(torch.from_numpy(indices), depth, classes)


def test_conditions_have_the_announced_planes():
    indices = np.array([[0, 0, 1], [0, 2, 1]])
    for kind in ("one-hot", "geometry"):
        made = planes(indices, 4, kind)
        assert made.shape == (1, channels(4, kind), 2, 3)
        assert torch.equal(made[0, :4].argmax(0), torch.from_numpy(indices))
        assert made[0, :4].sum(0).eq(1).all()
        assert made.abs().max() <= 1


def test_depth_grows_inwards_and_the_frame_is_no_border(exemplar):
    indices = np.zeros((20, 30), np.int64)
    indices[:, 15:] = 1
    depth = planes(indices, 2, "geometry")[0, 2]
    assert depth[10, 0] > depth[10, 7] > depth[10, 14] > 0
    assert torch.allclose(depth[0], depth[10])
    assert (planes(np.zeros((5, 5), np.int64), 1, "geometry")[0, 1] == 1).all()
    whole = layout_conditions(exemplar.labels, "geometry", torch.device("cpu"))
    assert torch.equal(whole, planes(exemplar.labels.indices(), 3, "geometry"))


def test_invented_layouts_use_the_classes_of_the_source_and_differ(exemplar):
    ids = exemplar.labels.ids
    made = [invent(ids, np.random.default_rng(seed)) for seed in range(30)]
    assert all(m.shape == ids.shape and set(np.unique(m)) <= set(np.unique(ids)) for m in made)
    assert sum(not np.array_equal(m, ids) for m in made) > 25
    assert len({(m == 7).sum() for m in made}) > 5  # the boat is removed, doubled, scaled
    assert np.array_equal(invent(ids, np.random.default_rng(3)), made[3])


def test_reconstruction_knows_its_answer(exemplar):
    pair = practice(exemplar).reconstruction(Warp(True, None, 1.0))
    assert pair.same and torch.equal(pair.source, pair.truth) and pair.sure.eq(1).all()
    assert torch.equal(pair.source_layout, pair.target_layout)


def test_exchange_swaps_the_sides(exemplar):
    drawn = practice(exemplar)
    warp = Warp(True, None, 1.1)
    there, back = drawn.warp(warp, exchange=False), drawn.warp(warp, exchange=True)
    assert torch.equal(there.truth, back.source) and torch.equal(there.source, back.truth)
    assert torch.equal(there.target_layout, back.source_layout)


def test_a_journey_back_has_the_picture_as_its_answer(exemplar):
    drawn = practice(exemplar)
    drawn.plan(6, (), np.random.default_rng(0))
    back = [j for j in drawn.journeys if j.back]
    assert len(back) == 6
    for journey in back:
        pair = drawn.carried(journey, flip=False)
        assert torch.equal(pair.truth, drawn.image) and pair.coarse
        error = (pair.source - pair.truth).abs().amax(1, keepdim=True)
        ids = exemplar.labels.ids
        inner = torch.from_numpy(ndi.maximum_filter(ids, 7) == ndi.minimum_filter(ids, 7))[None, None]
        assert pair.sure[~inner].eq(1).all()  # outlines are known, though the journey cannot bring them
        assert error[(pair.sure > 0) & inner].mean() < 0.03  # sub-pixel differences at most
    assert any((drawn.carried(j, flip=False).source - drawn.image).abs().max() > 0.1 for j in back)


def test_a_journey_there_is_sure_of_what_moved_as_a_whole(exemplar, target):
    drawn = practice(exemplar)
    drawn.plan(0, (target,), np.random.default_rng(0))
    pair = drawn.carried(drawn.journeys[0], flip=False)
    way = transport(exemplar.labels, target)
    assert not pair.sure[0, 0].numpy().astype(bool)[way.filled].any()
    assert pair.sure.mean() > 0.5
    assert not (pair.detail * pair.sure).any()


def test_journeys_are_small(exemplar, target):
    drawn = practice(exemplar)
    drawn.plan(1, (target,), np.random.default_rng(0))
    h, w = exemplar.shape
    for journey in drawn.journeys:
        tensors = (journey.shift, journey.open, journey.indices, journey.depth, journey.sure)
        assert journey.field.nbytes + sum(t.nbytes for t in tensors) <= 20 * h * w


def test_a_mirrored_journey_is_the_mirror_image(exemplar, target):
    drawn = practice(exemplar)
    drawn.plan(0, (target,), np.random.default_rng(0))
    plain, turned = (drawn.carried(drawn.journeys[0], flip=f) for f in (False, True))
    assert torch.equal(turned.source, plain.source.flip(-1))
    assert torch.equal(turned.target_indices, plain.target_indices.flip(-1))
    classes = len(exemplar.labels.palette)
    assert torch.equal(turned.target_layout[:, :classes], plain.target_layout[:, :classes].flip(-1))
    assert torch.allclose(turned.target_layout[:, -1], plain.target_layout[:, -1])  # columns are places


def test_carrying_blanks_the_layout_at_seams_only(exemplar, target):
    drawn = practice(exemplar)
    field = transport(exemplar.labels, target).field
    image, layout, whole = carried(drawn.image, drawn.layout, field, torch.zeros(1))
    assert image.shape[-2:] == target.shape
    assert not layout[:, :, whole[0, 0] == 0].any()
    classes = len(exemplar.labels.palette)
    here = whole[0, 0] > 0
    assert torch.equal(layout[0, :classes].argmax(0)[here], torch.from_numpy(target.indices())[here])


def test_a_warped_pair_keeps_whole_ids(exemplar):
    _, layout, indices = practice(exemplar).warped(Warp(True, torch.full((9, 2), 0.03), 1.2))
    assert set(indices.unique().tolist()) <= {0, 1, 2}
    assert torch.equal(layout[0, :3].argmax(0), indices)
