"""Samples: rendered, measured, refused or kept."""

import json

import numpy as np
import pytest

from analogon import Exemplar, OptionError
from analogon.augment import Refusal, Sample, Settings, Sources, invent, make_sample, read_sample
from analogon.augment.filtering import Fingerprints, fingerprint
from analogon.augment.grain import grain_of, matched, roughness
from analogon.augment.predicting import predictor
from analogon.augment.values import encode, write_sample

from .pictures import CAR, DISC, cells, discs, sources, street


@pytest.fixture(scope="module")
def tissue():
    return sources(cells(0, 64))


@pytest.fixture(scope="module")
def sample(tissue):
    return make_sample(tissue, Settings(seed=1), 7)


def test_pictures_show_their_labels(tissue, sample):
    assert isinstance(sample, Sample) and sample.name == "000007"
    dark, light = (sample.image[sample.labels.ids == number].mean() for number in (0, 1))
    assert dark + 0.3 < light
    figures = sample.record["figures"]
    assert figures["agreement"] > 0.95 and figures["similarity"] < 0.9
    assert sample.record["sources"][0]["name"] == "p0"
    assert sample.record["layout"]["kind"] in ("cells", "mixes", "warps")
    json.dumps(sample.record, allow_nan=False)


def test_an_index_is_a_sample(tissue, sample):
    again = make_sample(Sources.unpack(tissue.pack()), Settings(seed=1), 7)
    assert encode(again) == encode(sample)


def test_a_sample_is_what_its_folder_holds(sample, tmp_path):
    write_sample(encode(sample), tmp_path / sample.name)
    found = read_sample(tmp_path / sample.name)
    assert (found.image == sample.image).all() and (found.instances == sample.instances).all()
    assert (found.labels.ids == sample.labels.ids).all() and found.labels.palette == sample.labels.palette
    assert found.instance_classes == sample.instance_classes and found.record == sample.record
    assert [path.name for path in tmp_path.iterdir()] == [sample.name]


@pytest.mark.parametrize(
    ("bound", "value"), [("agreement", 1.0), ("similarity", 0.0), ("cost", 0.01), ("stretch", 1.0)]
)
def test_what_is_out_of_bounds_is_refused(tissue, bound, value):
    settings = Settings(seed=1, **{bound: value}, **({"size": 96} if bound == "stretch" else {}))
    found = make_sample(tissue, settings, 7)
    assert isinstance(found, Refusal) and found.reason == bound and found.index == 7
    assert bound in found.figures


def test_grain_is_that_of_the_source(tissue, sample):
    plain = make_sample(tissue, Settings(seed=1, grain=False), 7)
    source = tissue.pictures[0].exemplar
    assert (plain.labels.ids == sample.labels.ids).all()
    goal = np.sqrt((roughness(source.image) ** 2).mean())
    miss = [abs(np.sqrt((roughness(one.image) ** 2).mean()) - goal) for one in (sample, plain)]
    assert miss[0] < miss[1]
    # a copy that is in order stays as it is
    places = np.moveaxis(np.indices(source.shape), 0, -1).astype(np.int32)
    image, _ = matched(source.image, places, source, grain_of(source.image, source.labels.ids))
    assert np.abs(image - source.image).max() < 1e-6


def test_the_ground_around_moved_objects_stays():
    road = sources(street(0), street(3))
    found = [make_sample(road, Settings(seed=3, similarity=1.0), n) for n in range(4)]
    for one in found:
        assert isinstance(one, Sample)
        reds = one.image[one.labels.ids == CAR]
        assert (reds[:, 0] > reds[:, 2] + 0.2).mean() > 0.95


def test_other_methods_render_too():
    found = make_sample(sources(discs(0, 32)), Settings(method="gpnn", agreement=0.5, layouts="warps"), 1)
    assert isinstance(found, Sample) and found.record["method"]["name"] == "gpnn"
    assert found.image[found.labels.ids == DISC][:, 0].mean() > found.image[found.labels.ids != DISC][:, 0].mean()


def test_methods_that_take_one_picture_get_one():
    both = sources(street(0), street(3))
    several = [len(invent(both, Settings(seed=1), n).donors) for n in range(5)]
    alone = [len(invent(both, Settings(seed=1, method="gpnn"), n).donors) for n in range(5)]
    # where each pair would be learnt
    learnt = [len(invent(both, Settings(seed=1, method="collage"), n).donors) for n in range(5)]
    assert max(several) == 2 and max(alone) == max(learnt) == 1
    # no picture has the classes of both
    apart = Sources.of([discs(0, 48), street()])
    mixed = Settings(seed=1, layouts="mixes")
    assert {len(invent(apart, mixed, n).donors) for n in range(12)} == {1, 2}
    assert {len(invent(apart, mixed.model_copy(update={"method": "gpnn"}), n).donors) for n in range(3)} == {1}


def test_a_picture_is_learnt_once_and_no_pair_is_kept():
    """Whatever a layout says of its pixels; of many pictures there are more pairs than memory holds."""
    road, mixes, pairs = sources(*(street(number) for number in range(4))), Settings(layouts=("mixes",)), 0
    for index in range(6):
        pairs += len(invent(road, mixes, index).donors) == 2
        make_sample(road, mixes, index)
        make_sample(road, Settings(layouts=("instances", "warps"), method="gpnn", agreement=0.5), index)
    models = [key for key in road._held if key[0] == "model"]
    assert pairs > 2 and {len(donors) for _, donors, *_ in models} == {1}
    learnt = [donors for _, donors, _, method, *_ in models if method == "gpnn"]
    assert len(learnt) == len(set(learnt)) == 4


@pytest.mark.parametrize("kind", ["grafts", "instances", "mixes", "warps"])
def test_what_a_mask_leaves_out_is_in_no_sample(kind):
    base = cells(0) if kind == "grafts" else street()
    usable = np.ones(base.shape, bool)
    usable[34:40, 8:24] = False
    pixels = np.where(usable[..., None], base.image, np.float32([0, 1, 0]))
    given, wishes = Sources.of([Exemplar(pixels, base.labels, usable)]), {"similarity": 1.0, "cost": 100.0}
    for index in range(2):
        found = make_sample(given, Settings(layouts=(kind,), grain=False, **wishes), index)
        assert isinstance(found, Sample) and found.record["layout"]["kind"] == kind
        assert (np.abs(found.image - [0, 1, 0]).max(-1) > 0.1).all()


def test_options_of_the_method(tissue):
    found = make_sample(tissue, Settings(seed=1, options={"patch": 3, "rounds": 2}), 7)
    assert found.record["method"]["config"]["patch"] == 3


def test_labels_of_other_pictures_are_predicted():
    known, other = cells(0, 64), cells(1, 64)
    found = predictor([known])(other.image)
    assert (found.ids == other.labels.ids).mean() > 0.9


def test_fingerprints(tissue, sample):
    same = fingerprint(np.clip(sample.image + 0.001, 0, 1), sample.labels)
    other = make_sample(tissue, Settings(seed=1), 8)
    known = Fingerprints()
    assert known.first_like(same, 9) is None
    known.add(8, other.record["fingerprint"])
    assert known.first_like(same, 9) is None
    for index in (7, 5, 6):
        known.add(index, sample.record["fingerprint"])
    assert known.first_like(same, 9) == 5
    assert known.first_like(same, 5) is None
    for digits in ("ab", "no digits", same + same):
        with pytest.raises(ValueError, match=r"digits|hexadecimal"):
            known.add(9, digits)


def test_many_fingerprints():
    """Against the bits of each, one by one."""
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 256, (700, 64), np.uint8)
    known = Fingerprints()
    for index, row in enumerate(rows):
        known.add(index, row.tobytes().hex())
    for index in (0, 255, 256, 699):
        for flips, expected in ((6, index), (7, None)):
            bits = np.unpackbits(rows[index])
            bits[rng.choice(512, flips, replace=False)] ^= 1
            assert known.first_like(np.packbits(bits).tobytes().hex(), 700) == expected


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"size": 3}, "'size' cannot be"),
        ({"layouts": "stars"}, "'layouts' cannot be 'stars'"),
        ({"speed": 1}, "no setting 'speed'"),
        ({"strength": -1}, "'strength' cannot be -1"),
    ],
)
def test_settings_that_cannot_be(values, said):
    with pytest.raises(OptionError, match=said):
        Settings(**values)
