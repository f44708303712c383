import numpy as np
import pytest

import analogon
from analogon import Exemplar, Guide, LabelClass, LabelMap, OptionError, Palette, Progress
from analogon.ops import arrange, engine

from .textures import PAIR, disc, halves, pictured, plain, render, texture

SHAPE = (48, 64)


@pytest.fixture(scope="module")
def source() -> Exemplar:
    return pictured(disc(SHAPE, (18, 20, 9)))


@pytest.fixture(scope="module")
def moved() -> LabelMap:
    return disc(SHAPE, (30, 42, 10))


@pytest.fixture
def pyramid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three levels for 64 pixels."""
    monkeypatch.setattr(arrange, "GRID", 16)


def changed(result, other) -> bool:
    return bool((result.image != other.image).any())


# -- what stays --------------------------------------------------------------------------------------------------


def test_an_unchanged_layout_gives_the_source(source):
    for keep in ("auto", "none"):
        result = render(source, source.labels, keep=keep)
        assert (result.image == source.image).all()
        assert result.provenance.kept() == 1


def test_what_is_far_from_the_edit_is_the_source_to_the_last_bit(source):
    """The values of the picture are no multiples of 1/255."""
    assert (np.rint(source.image * 255) / 255 != source.image).mean() > 0.9
    target = disc(SHAPE, (20, 20, 9))
    result = render(source, target)
    rows, cols = np.indices(SHAPE)
    far = np.hypot(rows - 19, cols - 20) > 9 + 1 + 12
    assert far.mean() > 0.3
    assert (result.image[far] == source.image[far]).all()
    assert (result.provenance.places[far] == np.stack([rows, cols], -1)[far]).all()
    assert changed(result, render(source, source.labels))


@pytest.mark.parametrize("wishes", [{}, {"tile": True}, {"preview": True}], ids=["plain", "tile", "preview"])
def test_a_mask_is_kept_to_the_pixel_whatever_the_layout_says(source, moved, wishes, pyramid, monkeypatch):
    monkeypatch.setattr(engine, "PREVIEW_PIXELS", 1000)
    mask = np.random.default_rng(0).random(SHAPE) < 0.3
    mask[10:30, 10:30] = True
    result = render(source, moved, keep=mask.astype(np.uint8) * 255, **wishes)
    assert (result.image[mask] == source.image[mask]).all()
    assert (result.image[~mask] != source.image[~mask]).any()


def test_a_small_edit_starts_as_coarse_as_the_whole_picture(source, pyramid):
    """At a fine level each of its pixels would be compared with the whole source."""
    small = LabelMap(
        np.where(np.indices(SHAPE).sum(0) < 9, source.labels.ids[18, 20], source.labels.ids), source.labels.palette
    )
    levels = [
        [stage for stage in render(source, small, keep=keep).timing if stage.startswith("level")]
        for keep in ("auto", "none")
    ]
    assert levels[0] == levels[1] and len(levels[0]) == 3


def test_a_mask_needs_a_target_of_the_sources_size(source, sentence):
    with pytest.raises(OptionError) as error:
        render(source, plain((40, 64)), keep=np.full((40, 64), 255, np.uint8))
    sentence(error.value, "--keep")


# -- where it comes from -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("wishes", [{}, {"keep": "none"}, {"tile": True}], ids=["auto", "none", "tile"])
def test_the_provenance_makes_the_picture(source, moved, wishes):
    result = render(source, moved, **wishes)
    assert (result.provenance.apply_to(source.image, tone=True) == result.image).all()
    numbers = np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE) * 3
    assert set(np.unique(result.provenance.apply_to(numbers))) <= set(numbers.ravel())
    assert (result.labels.ids == result.provenance.apply_to(source.labels.ids)).all()
    assert (result.labels.ids == moved.ids).mean() > 0.97


def test_without_tone_pixels_are_copies(source, moved):
    result = render(source, moved, tone=False)
    assert result.provenance.tone is None
    assert (result.provenance.apply_to(source.image) == result.image).all()


def test_tone_is_where_smooth_pieces_meet_and_zero_in_texture():
    rows, cols = np.indices(SHAPE)
    smooth = (0.4 + 0.003 * cols + 0.002 * rows)[..., None].repeat(3, -1).astype(np.float32)
    result = render(Exemplar(smooth, disc(SHAPE, (18, 20, 9))), disc(SHAPE, (30, 42, 10)), keep="none")
    assert (result.provenance.tone != 0).any()
    rough = np.random.default_rng(0).random((*SHAPE, 3)).astype(np.float32)
    result = render(Exemplar(rough, disc(SHAPE, (18, 20, 9))), disc(SHAPE, (30, 42, 10)), keep="none")
    assert (result.provenance.tone == 0).all()
    assert (result.provenance.apply_to(rough) == result.image).all()


@pytest.mark.parametrize("wishes", [{}, {"keep": "none"}, {"tile": True}], ids=["auto", "none", "tile"])
@pytest.mark.parametrize("start", ["pieces", "carried"])
def test_unusable_pixels_are_nowhere_in_a_result(wishes, start, pyramid):
    labels = halves(SHAPE, across=True)
    rng = np.random.default_rng(0)
    scattered = rng.random(SHAPE) < 0.6
    blocks = rng.random((6, 8)).repeat(8, 0).repeat(8, 1) < 0.5
    few = np.zeros(SHAPE, bool)
    few[3, 4] = few[40, 60] = True
    for usable in (scattered, blocks, few):
        source = pictured(labels, usable=usable)
        result = render(source, halves(SHAPE, 0.3, across=True), start=start, **wishes)
        assert result.provenance.apply_to(usable).all()


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 2, 1), (2, 0)])
@pytest.mark.parametrize("start", ["pieces", "carried"])
def test_joined_pictures_of_several_heights(order, start):
    parts = [
        pictured(halves((40, 50))), pictured(halves((60, 30), 0.6), 5), pictured(halves((20, 34), 0.4), 9),
    ]  # fmt: skip
    joined = Exemplar.join([parts[n] for n in order])
    target = halves(joined.frame, 0.3)
    for keep in ("auto", "none"):
        result = render(joined, target, keep=keep, start=start)
        assert result.provenance.apply_to(joined.usable).all()
        assert (result.provenance.apply_to(joined.image, tone=True) == result.image).all()
    kept = render(joined, LabelMap(parts[order[0]].labels.ids, joined.labels.palette))
    assert (kept.image == parts[order[0]].image).all()


@pytest.mark.parametrize("start", ["pieces", "carried"])
def test_a_class_may_be_in_the_second_picture_alone(start):
    joined = Exemplar.join([pictured(plain((40, 50))), pictured(halves((40, 50), across=True), 7)])
    target = disc((40, 50), (20, 25, 9))
    result = render(joined, target, start=start)
    inside = target.ids == 2
    assert (result.provenance.places[..., 1][inside] >= 50 + 16 + 25).mean() > 0.97
    assert (result.labels.ids == target.ids).mean() > 0.97


# -- odd layouts -------------------------------------------------------------------------------------------------


def line(column: int) -> LabelMap:
    return LabelMap(np.where(np.indices(SHAPE)[1] == column, 2, 4), PAIR)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (line(20), line(40)),
        (disc(SHAPE, (18, 20, 2)), disc(SHAPE, (30, 40, 2))),
        (disc(SHAPE, (18, 20, 9)), disc(SHAPE, (30, 40, 3))),
    ],
    ids=["line", "speck", "part"],
)
def test_tiny_and_thin_classes_are_made(before, after):
    result = render(pictured(before), after, keep="none")
    assert (result.labels.ids == after.ids).mean() > 0.99
    assert (result.labels.ids[after.ids == 2] == 2).mean() > 0.9


@pytest.mark.parametrize("target", [line(30), disc(SHAPE, (0, 0, 0)), disc(SHAPE, (47, 63, 1))])
@pytest.mark.parametrize("start", ["pieces", "carried"])
def test_what_is_thinner_than_all_of_its_class_in_the_source(source, target, start, pyramid):
    result = render(source, target, keep="none", start=start)
    assert (result.provenance.apply_to(source.image, tone=True) == result.image).all()
    assert (result.labels.ids[target.ids == 4] == 4).all()


@pytest.mark.parametrize("width", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("preview", [False, True])
def test_thin_new_parts_of_a_broad_class(width, preview):
    """Bars upright, level and slanting, and a speck, where the source has halves alone."""
    before = halves((96, 128), 0.5)
    ids = before.ids.copy()
    rows, cols = np.indices(ids.shape)
    upper, lower = ids[0, 0], ids[-1, 0]
    ids[6:42, 20 : 20 + width] = ids[20 : 20 + width, 50:80] = ids[8, 110] = lower
    ids[(np.abs(rows - cols - 14) < width) & (rows > 54) & (rows < 90)] = upper
    result = render(pictured(before), LabelMap(ids, PAIR), keep="none", preview=preview)
    made = result.labels.ids == ids
    changed = ids != before.ids
    assert made[changed].mean() > 0.95 and made.mean() > 0.99 and made[8, 110]


def test_a_class_of_one_source_pixel(pyramid):
    source = pictured(disc(SHAPE, (20, 30, 0)))
    for target in (disc(SHAPE, (40, 50, 0)), halves(SHAPE, 0.3), LabelMap(np.full(SHAPE, 2), PAIR)):
        for start in ("pieces", "carried"):
            result = render(source, target, start=start)
            assert (result.provenance.apply_to(source.image, tone=True) == result.image).all()
    assert (render(source, source.labels, keep="none").image == source.image).all()


def test_classes_may_vanish_and_palettes_may_hold_more(source):
    result = render(source, plain(SHAPE), keep="none")
    assert (result.labels.ids == 4).all()
    more = Palette((LabelClass(9, "moon", (1, 2, 3)), *PAIR.classes))
    with_more = Exemplar(source.image, LabelMap(source.labels.ids, more))
    again = render(with_more, LabelMap(plain(SHAPE).ids, more), keep="none")
    assert (again.provenance.places == result.provenance.places).all()


def test_many_classes():
    palette = Palette(tuple(LabelClass(n * 5_000_000, f"class {n}", (n, 255 - n, 7)) for n in range(256)))
    numbers = np.arange(256).reshape(16, 16).repeat(4, 0).repeat(4, 1) * 5_000_000
    source = Exemplar(texture((64, 64)), LabelMap(numbers, palette))
    result = render(source, LabelMap(np.ascontiguousarray(numbers[:, ::-1]), palette), keep="none")
    assert (result.labels.ids == numbers[:, ::-1]).mean() > 0.9


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (1, 40), (40, 1), (3, 200), (5, 7)])
def test_pictures_smaller_than_the_pyramid_needs(shape):
    sources = [pictured(plain(shape))]
    if max(shape) > 1:
        sources.append(pictured(halves(shape, across=shape[1] > shape[0])))
    for source in sources:
        for target_shape in ((1, 1), (3, 120), (120, 3), (30, 30), shape):
            for wishes in ({}, {"tile": True}, {"preview": True}):
                result = render(source, plain(target_shape), **wishes)
                assert result.image.shape == (*target_shape, 3)
                assert (result.provenance.apply_to(source.image, tone=True) == result.image).all()
    result = render(sources[-1], LabelMap(np.full((20, 26), sources[-1].labels.ids[-1, -1]), PAIR))
    assert (result.labels.ids == sources[-1].labels.ids[-1, -1]).any()


@pytest.mark.parametrize("shape", [(24, 32), (96, 128), (20, 150), (150, 20)])
def test_targets_of_any_size_and_aspect(source, shape):
    target = disc(shape, (shape[0] / 2, shape[1] / 2, min(shape) / 3))
    result = render(source, target)
    assert result.image.shape == (*shape, 3)
    assert (result.labels.ids == target.ids).mean() > 0.97


# -- guides ------------------------------------------------------------------------------------------------------


def ramp(shape: tuple[int, int]) -> np.ndarray:
    return np.linspace(0, 1, shape[1], dtype=np.float32)[None].repeat(shape[0], 0)


def test_a_reversed_gradient_flips_what_is_inside_a_class():
    source = Exemplar(np.clip(0.5 * texture(SHAPE) + 0.5 * ramp(SHAPE)[..., None], 0, 1), plain(SHAPE))
    there, reverse = ramp(SHAPE), np.ascontiguousarray(ramp(SHAPE)[:, ::-1])
    columns = render(source, plain(SHAPE), guides=[Guide("ramp", there, reverse)]).provenance.places[..., 1]
    assert np.abs(columns - (SHAPE[1] - 1 - np.arange(SHAPE[1]))).mean() < 6
    same = render(source, plain(SHAPE), guides=[Guide("ramp", there, there)])
    assert (same.image == source.image).all()


def test_guides_and_their_weights_count(source, moved):
    rng = np.random.default_rng(0)
    maps = [rng.random((6, 8)).repeat(8, 0).repeat(8, 1) for _ in range(3)]
    first, second = Guide("first", maps[0], maps[1]), Guide("second", maps[1], maps[2], 0.5)
    heavy = Guide("first", maps[0], maps[1], 8)
    results = [
        render(source, moved, keep="none", guides=g) for g in ((), (first,), (second,), (first, second), (heavy,))
    ]
    for n, result in enumerate(results):
        assert not any((result.provenance.places == other.provenance.places).all() for other in results[:n])
        assert (result.provenance.apply_to(source.image, tone=True) == result.image).all()


@pytest.mark.parametrize("scale", [-5.0, 1e6, 3e38])
@pytest.mark.parametrize("weight", [1e-300, 1.0, 1e308])
@pytest.mark.parametrize("channels", [(), (7,)])
def test_guides_of_any_values_and_weights(source, moved, scale, weight, channels):
    rng = np.random.default_rng(0)
    there, here = (np.float32(scale) * rng.random((*SHAPE, *channels), np.float32) for _ in range(2))
    there[0] = 0
    result = render(source, moved, guides=[Guide("wild", there, here, weight)])
    assert (result.labels.ids == moved.ids).mean() > 0.5


# -- tile and preview --------------------------------------------------------------------------------------------


def test_a_tile_continues_on_its_other_side():
    coarse = Exemplar(texture((64, 64), grain=4.0, around=False), plain((64, 64)))
    shown = {}
    for tile in (False, True):
        image = render(coarse, plain((64, 64)), tile=tile).image
        seams = [np.abs(np.take(image, 0, axis) - np.take(image, -1, axis)).mean() for axis in (0, 1)]
        inside = [np.abs(np.diff(image, axis=axis)).mean() for axis in (0, 1)]
        shown[tile] = np.array(seams) / inside
    assert (shown[False] > 8).all()
    assert (shown[True] < 4).all()


def test_tones_meet_around_the_corner():
    """What is beside the frame says that the step from its right edge to its left one does not belong there."""
    brighter = np.linspace(0.5, 0.5 + 12 / 255, 80, dtype=np.float32)[None, :, None].repeat(48, 0).repeat(3, -1)
    source, steps = Exemplar(brighter, plain((48, 80)), frame=SHAPE), {}
    for tone in (False, True):
        image = render(source, plain(SHAPE), tile=True, rounds=(0,), tone=tone).image
        steps[tone] = float(np.abs(image[:, 0] - image[:, -1]).max()) * 255
    assert steps[False] > 9 and steps[True] < 2


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (17, 5), (33, 40)])
def test_small_tiles(source, shape):
    result = render(source, plain(shape), tile=True)
    assert result.image.shape == (*shape, 3)
    assert (result.provenance.apply_to(source.image, tone=True) == result.image).all()


def test_a_preview_has_the_full_size_and_skips_the_finest_levels(source, moved, pyramid, monkeypatch):
    monkeypatch.setattr(engine, "PREVIEW_PIXELS", 1000)
    full, preview = (render(source, moved, keep="none", preview=wish) for wish in (False, True))
    assert preview.image.shape == full.image.shape
    assert [name for name in full.timing if "level" in name] == ["level 1/4", "level 1/2", "level 1/1"]
    assert [name for name in preview.timing if "level" in name] == ["level 1/4", "level 1/2"]
    assert changed(preview, full)
    assert (preview.labels.ids == moved.ids).mean() > 0.95


# -- progress ----------------------------------------------------------------------------------------------------


def test_every_level_is_reported_and_any_report_can_end_it(source, moved, pyramid):
    heard: list[Progress] = []
    render(source, moved, progress=heard.append)
    assert [(event.step, event.steps) for event in heard] == [(1, 3), (2, 3), (3, 3)]

    class EnoughError(Exception):
        pass

    for last in (1, 2, 3):
        heard = []

        def listen(event: Progress, heard: list[Progress] = heard, last: int = last) -> None:
            heard.append(event)
            if event.step == last:
                raise EnoughError

        with pytest.raises(EnoughError):
            render(source, moved, progress=listen)
        assert len(heard) == last


def test_an_interrupted_model_renders_again(source, moved):
    model = analogon.fit(source, "patch")

    def stop(event: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.render(moved, progress=stop)
    assert (model.render(moved).image == render(source, moved).image).all()
