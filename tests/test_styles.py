"""What looks can be asked for of models of data sets, on networks that have hardly learnt."""

import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="networks need the extra 'neural'")

from tests.networks.small import ATTENTIVE, hardly_learnt, small_set

import analogon
from analogon import LabelMap, OptionError, Style
from analogon.rendering import Attention
from analogon.report.attention import looked_at, put_there

PICTURES = small_set()
A, B, C = (PICTURES[n].exemplar(PICTURES.palette) for n in (1, 2, 3))
TARGET = LabelMap(PICTURES[0].labels, PICTURES.palette)


@pytest.fixture(scope="module")
def grouped():
    return hardly_learnt("groupdnet", PICTURES)


@pytest.fixture(scope="module")
def attentive():
    return hardly_learnt("msca", PICTURES)


@pytest.fixture(scope="module")
def coded():
    return hardly_learnt("spade", PICTURES)


def same(one, other):
    return bool((one.image == other.image).all())


def codes(model, *styles, target=TARGET):
    """The codes that a render of the target in these styles has."""
    seen = []
    painter = model._trained.painter
    plain = painter.picture

    def picture(views, looks):
        seen.append(looks[0][1]["codes"])
        return plain(views, looks)

    painter.picture = picture
    try:
        model.render(target, style=list(styles))
    finally:
        del painter.picture
    return seen[0][0]


def test_a_class_takes_the_codes_of_another_look_and_the_others_keep_theirs(grouped):
    plain, other = codes(grouped, Style(A)), codes(grouped, Style(B))
    sky = PICTURES.palette.names.index("sky")
    mixed = codes(grouped, Style(A), Style(B, classes=["sky"]))
    rest = [n for n in range(5) if n != sky]
    assert (mixed[sky] == other[sky]).all() and (mixed[rest] == plain[rest]).all()
    half = codes(grouped, Style(A), Style(B, 0.5, ["sky"]))
    assert np.allclose(half[sky], (plain[sky] + other[sky]) / 2, atol=1e-6) and (half[rest] == plain[rest]).all()
    two = codes(grouped, Style(A), Style(B, 1.5, "sky"), Style(C, -0.5, "sky"))
    assert np.allclose(two[sky], 1.5 * other[sky] - 0.5 * codes(grouped, Style(C))[sky], atol=1e-6)
    assert not (codes(grouped, Style(A), Style(4, classes=["sky"]))[sky] == plain[sky]).all()


def test_each_class_may_have_a_picture_of_its_own(grouped):
    pictures = [Style(one, classes=[name]) for one, name in ((B, "sky"), (C, "ground"), (7, "disc"))]
    found, plain = codes(grouped, Style(A), *pictures), codes(grouped, Style(A))
    names = PICTURES.palette.names
    for style, source in zip(pictures, (Style(B), Style(C), Style(7)), strict=True):
        place = names.index(style.classes[0])
        assert (found[place] == codes(grouped, source)[place]).all()
    assert (found[names.index("square")] == plain[names.index("square")]).all()
    shorter = grouped.render(TARGET, style=A, classes={"sky": B, "ground": C, "disc": 7})
    assert same(grouped.render(TARGET, style=[Style(A), *pictures]), shorter)


def test_a_changed_layout_keeps_the_look_of_its_original(grouped):
    edited = TARGET.ids.copy()
    edited[10:30, 10:30] = 3
    layout = LabelMap(edited, TARGET.palette)
    assert (codes(grouped, Style(A), target=layout) == codes(grouped, Style(A))).all()
    assert not same(grouped.render(layout, style=A), grouped.render(TARGET, style=A))


@pytest.mark.parametrize("name", ["grouped", "attentive", "coded"])
def test_the_way_between_two_looks_ends_in_them(name, request):
    model = request.getfixturevalue(name)
    way = list(model.between(TARGET, A, B, 3))
    ends = [model.render(TARGET, style=one) for one in (A, B)]
    assert same(way[0], ends[0]) and same(way[2], ends[1])
    assert not same(way[1], ends[0]) and not same(way[1], ends[1])
    assert same(way[1], model.render(TARGET, style=[(0.5, A), (0.5, B)]))
    back = list(model.between(TARGET, B, A, 3))
    assert same(back[0], way[2]) and same(back[2], way[0])
    assert [one["weight"] for one in way[1].record()["wishes"]["styles"]] == [0.5, 0.5]


def test_one_class_goes_from_look_to_look_over_another(grouped):
    way = list(grouped.between(TARGET, Style(B, classes=["sky"]), Style(C, classes=["sky"]), 3, style=A))
    for one, end in ((way[0], B), (way[2], C)):
        assert same(one, grouped.render(TARGET, style=A, classes={"sky": end}))
    random = list(grouped.between(TARGET, Style(3), Style(4), 2))
    assert [same(one, grouped.render(TARGET, seed=s)) for one, s in zip(random, (3, 4), strict=True)] == [True, True]


def test_a_mask_says_where_which_look_holds(attentive):
    a, b = (attentive.render(TARGET, style=one) for one in (A, B))
    ones = np.ones(TARGET.shape, np.float32)
    assert same(attentive.render(TARGET, style=[Style(A), Style(B, mask=ones)]), b)
    assert same(attentive.render(TARGET, style=[Style(A), Style(B, mask=ones > 2)]), a)
    left = ones.copy()
    left[:, 32:] = 0
    halves = attentive.render(TARGET, style=[Style(A), Style(B, mask=left)])
    shared = attentive.render(TARGET, style=[Style(C), Style(B, mask=left), Style(A, mask=1 - left)])
    assert not same(halves, a) and not same(halves, b)
    assert np.allclose(halves.image, shared.image, atol=1e-5)
    soft = attentive.render(TARGET, style=[Style(A), Style(B, mask=0.5 * ones)])
    assert np.allclose(soft.image, attentive.render(TARGET, style=[Style(A), Style(B, 0.5, mask=ones)]).image)
    assert np.allclose(soft.image, attentive.render(TARGET, style=[(0.5, A), (0.5, B)]).image, atol=1e-5)


def test_a_half_has_features_of_its_own_look_alone(attentive):
    import torch

    painter = attentive._trained.painter
    views = attentive._trained._views(TARGET, torch.device("cpu"))
    looks = [painter.look_of(attentive._trained._style_views(one, torch.device("cpu"))) for one in (A, B)]
    left = torch.zeros(1, 1, 64, 64)
    left[..., :32] = 1
    seen = []
    painter.decode, plain = lambda views, features: seen.append(features) or plain(views, features), painter.decode
    try:
        painter.picture_by_places(views, [(1.0, looks[0])], [(left, looks[1])])
    finally:
        del painter.decode
    parts = [painter.aligned(views, [(1.0, look)]) for look in looks]
    for found, a, b in zip(seen[0], *parts, strict=True):
        half = found.shape[-1] // 2
        assert torch.equal(found[..., :half], b[..., :half]) and torch.equal(found[..., half:], a[..., half:])


def test_two_pictures_swap_their_looks(attentive):
    first, second = attentive.swap(A, B)
    assert same(first, attentive.render(A.labels, style=B)) and same(second, attentive.render(B.labels, style=A))
    assert not same(first, second)


def test_pictures_without_layouts_do_not_swap(coded, sentence):
    bare = coded.load_style(B.image)
    assert same(coded.render(TARGET, style=bare), coded.render(TARGET, style=B))  # takes a look without
    for pair in ((A, bare), (bare, A)):
        with pytest.raises(OptionError) as error:
            coded.swap(*pair)
        sentence(error.value, "label maps")


def test_scales_that_are_shut_let_nothing_through(attentive):
    trained = attentive._trained
    before = attentive.attention(TARGET, A)
    trained.painter.config = trained.painter.config.model_copy(update={"scales": "coarsest"})
    try:
        *fine, coarse = attentive.attention(TARGET, A)
    finally:
        trained.painter.config = trained.config
    assert all(not scale.gates.any() for scale in fine) and all(scale.gates.any() for scale in before)
    assert (coarse.gates == before[-1].gates).all()


def test_handing_out_is_the_explicit_product(attentive):
    """Features of the style, times its regions, what is let through, and the shares of the target."""
    import torch

    trained = attentive._trained
    size, cpu = trained.config.window(trained.painter.stride), torch.device("cpu")
    views, seen = trained._views(TARGET.resize(size), cpu), trained._style_views(A.resize(size), cpu)
    found = trained.painter.aligned(views, [(1.0, trained.painter.look_of(seen))])
    features, _ = trained.painter._seen(seen)
    for scale, made, given in zip(attentive.attention(TARGET, A), found, features, strict=True):
        regions, shares = (m.reshape(len(m), -1) for m in (scale.regions, scale.shares))
        wanted = given[0].flatten(1).numpy() @ regions.T @ np.diag(scale.gates) @ shares
        carried = made[0, -len(wanted) :].flatten(1).numpy()
        assert np.allclose(carried, wanted, atol=1e-5)


def test_attention_is_shares_and_can_be_looked_at(attentive):
    scales = attentive.attention(TARGET, A)
    assert len(scales) == ATTENTIVE["levels"]
    for scale in scales:
        assert np.allclose(scale.regions.sum((1, 2)), 1, atol=1e-5)
        assert np.allclose(scale.shares.sum(0), 1, atol=1e-5)
        assert scale.gates.shape == (len(scale.regions),) and 0 <= scale.gates.min() <= scale.gates.max() <= 1
        for drawn, maps in ((looked_at(scale), scale.regions), (put_there(scale), scale.shares)):
            assert drawn.shape == (*maps.shape[1:], 3) and drawn.min() >= 0 and drawn.max() <= 1
    other = attentive.attention(TARGET, B)
    assert any((one.regions != two.regions).any() for one, two in zip(scales, other, strict=True))
    few, many = (analogon.attention_sheet(A, TARGET, scales[:n]) for n in (1, len(scales)))
    assert few.shape[2] == 3 and many.shape[0] > few.shape[0]


def test_attention_has_the_colour_of_the_region_that_counts():
    regions = np.zeros((2, 2, 2), np.float32)
    regions[0, 0, 0] = regions[1, 1, 1] = 1
    shares = np.stack([np.eye(2), 1 - np.eye(2)]).astype(np.float32)
    scale = analogon.Attention(regions, np.array([1.0, 0.0], np.float32), shares)
    seen, put = looked_at(scale), put_there(scale)
    assert (put[0, 0] == seen[0, 0]).all() and seen[0, 0].max() == 1
    assert not put[0, 1].any() and not seen[0, 1].any()  # shut, and nowhere
    assert (seen[1, 1] != seen[0, 0]).any() and seen[1, 1].any()


ONES = np.ones(TARGET.shape, np.float32)


@pytest.mark.parametrize(
    ("name", "styles", "named"),
    [
        ("grouped", [Style(A, classes=["sea"])], "'sea'"),
        ("grouped", [Style(A), Style(B, mask=ONES)], "masks"),
        ("grouped", [Style(A), Style(B, classes="sky"), Style(C, classes="sky")], "'sky'"),
        ("coded", [Style(A), Style(B, classes=["sky"])], "classes"),
        ("coded", [Style(A), Style(B, mask=ONES)], "masks"),
        ("attentive", [Style(A), Style(B, classes=["sky"])], "classes"),
        ("attentive", [Style(A), Style(B, mask=ONES[:9])], "64x9"),
        ("attentive", [Style(A), Style(B, mask=ONES), Style(C, mask=ONES)], "add up to 2"),
        ("attentive", [Style(B, mask=ONES)], "whole picture"),
        ("attentive", [Style(3)], "--style"),
        ("grouped", [Style(-3)], "seed"),
        ("grouped", [A, B], "(0.5, a)"),
        ("grouped", (0.5, A), "(0.5, a)"),
    ],
)
def test_styles_that_cannot_be_are_refused(name, styles, named, request, sentence):
    with pytest.raises(analogon.AnalogonError) as error:
        request.getfixturevalue(name).render(TARGET, style=styles)
    sentence(error.value, named)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"weight": float("nan")}, "nan"),
        ({"classes": ["sky"], "mask": ONES}, "mask"),
        ({"mask": ONES * 2}, "0 to 1"),
        ({"mask": ONES[0]}, "(64,)"),
    ],
)
def test_a_style_is_checked(given, named, sentence):
    with pytest.raises(analogon.AnalogonError) as error:
        Style(A, **given)
    sentence(error.value, named)


def test_ways_and_attention_that_cannot_be_are_refused(grouped, sentence):
    bare = grouped.load_style(A.image)
    for call, named in (
        (lambda: grouped.between(TARGET, A, B, 1), "1 pictures"),
        (lambda: grouped.between(TARGET, Style(A, classes=["sky"]), B), "different"),
        (lambda: grouped.between(TARGET, A, B, style=C), "whole picture"),
        (lambda: grouped.between(TARGET, Style(A, classes=["sea"]), Style(B, classes=["sea"])), "'sea'"),
        (lambda: grouped.attention(TARGET, A), "'msca'"),
        (lambda: grouped.render(TARGET, style=bare), "label map"),
    ):
        with pytest.raises(OptionError) as error:
            call()
        sentence(error.value, named)


def test_a_larger_layout_continues_the_picture_that_is_pasted(attentive, coded, sentence):
    larger = LabelMap(np.pad(A.labels.ids, ((8, 0), (10, 20)), "edge"), TARGET.palette)
    for model in (attentive, coded):
        plain, made = model.render(larger, style=A), model.render(larger, style=A, paste=(8, 10))
        inside = np.zeros(larger.shape, bool)
        inside[8:, 10:74] = True
        assert (made.image[8:, 10:74] == A.image).all() and (made.image != plain.image)[inside].any()
        assert (made.image == plain.image)[~inside].all()
        assert made.record()["wishes"]["paste"] == [8, 10] and "paste" not in plain.record()["wishes"]
    several = [Style(B, mask=np.ones(larger.shape)), Style(A), Style(C)]
    made = attentive.render(larger, style=several, paste=tuple(np.array([8, 10])))
    assert (made.image[8:, 10:74] == A.image).all() and json.dumps(made.record()["wishes"]["paste"]) == "[8, 10]"
    for place in ((9, 10), (8, 31), (-1, 0)):
        with pytest.raises(OptionError) as error:
            attentive.render(larger, style=A, paste=place)
        sentence(error.value, "64x64", "94x72", f"row {place[0]} and column {place[1]}")
    with pytest.raises(OptionError) as error:
        coded.render(larger, style=Style(3), paste=(0, 0))
    sentence(error.value, "style")


def test_the_purity_of_regions_is_their_share_of_one_class():
    labels = LabelMap(np.repeat(np.array([[0] * 6 + [1] * 2]), 4, 0), TARGET.palette)  # three quarters are sky
    regions = np.zeros((3, 4, 8), np.float32)
    regions[0, :, 6:] = 1 / 8  # ground alone
    regions[1] = 1 / 32  # everywhere alike
    regions[2, 0, 5:7] = 0.5  # half and half
    scale = Attention(regions, np.ones(3, np.float32), np.ones((3, 2, 2), np.float32) / 3)
    assert np.allclose(scale.purity(labels), ((1 + 0.75 + 0.5) / 3, 0.75))
    assert np.allclose(scale.purity(labels.resize((12, 24))), scale.purity(labels))
    assert np.allclose(scale.purity(labels.resize((2, 4))), scale.purity(labels))
    coarse = np.zeros((1, 1, 3), np.float32)
    coarse[0, 0, 2] = 1  # the last third of the columns: a quarter of it is sky
    odd = LabelMap(np.repeat(np.array([[0] * 9 + [1] * 3]), 4, 0), TARGET.palette)
    assert np.allclose(Attention(coarse, scale.gates[:1], coarse).purity(odd), (0.75, 0.75))
