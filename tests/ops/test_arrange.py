import numpy as np
import pytest

from analogon import LabelMap
from analogon.ops import arrange as arranging
from analogon.ops.arrange import arrange, cell_size
from analogon.transport import transport

from .textures import PAIR, disc, halves, pictured, render


def arranged(exemplar, target, **options) -> np.ndarray:
    return arranged_surely(exemplar, target, **options)[0]


def arranged_surely(exemplar, target, *, fixed=None, **classes) -> tuple[np.ndarray, np.ndarray]:
    source_ids, target_ids = (labels.indices().astype(np.uint16) for labels in (exemplar.labels, target))
    return arrange(
        np.rint(exemplar.image * 255).astype(np.uint8),
        source_ids,
        target_ids,
        transport(exemplar.labels, target).field,
        frame=exemplar.frame,
        fixed=np.zeros(target.shape, bool) if fixed is None else fixed,
        **classes,
    )


def shifts(places: np.ndarray) -> np.ndarray:
    return places - np.stack(np.indices(places.shape[:2]), -1)


@pytest.mark.parametrize(("side", "cell"), [(1, 1), (72, 1), (103, 2), (512, 8), (4000, 64)])
def test_cells_are_powers_of_two(side, cell):
    assert cell_size((side // 2 + 1, side)) == cell_size((side, 1)) == cell


def triangle(*, left: int, mirrored: bool = False) -> LabelMap:
    """A right-angled one of 22 pixels a side, in 48 x 64 pixels."""
    rows, cols = np.indices((48, 64))
    inside = (cols >= left) & (cols - left < rows - 8) & (rows < 30)
    return LabelMap(np.where(inside[:, ::-1] if mirrored else inside, 2, 4), PAIR)


def test_an_object_moves_as_a_whole_and_the_rest_stays():
    exemplar, target = pictured(triangle(left=8)), triangle(left=20)
    moved = shifts(arranged(exemplar, target))
    ball = target.ids == 2
    assert (moved[ball] == (0, -12)).all(-1).mean() > 0.9
    untouched = ~ball & (exemplar.labels.ids == 4)
    untouched[:, :50] = False  # what lies about it goes with it
    assert (moved[untouched] == 0).all(-1).mean() > 0.85


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_every_place_has_its_class(scale):
    exemplar = pictured(disc((48, 64), (20, 18, 9)))
    shape = (round(48 * scale), round(64 * scale))
    target = disc(shape, (20 * scale, 40 * scale, 11 * scale), (8, 8, 3))
    places = arranged(exemplar, target)
    assert (exemplar.labels.ids[places[..., 0], places[..., 1]] == target.ids).all()


def test_fixed_pixels_stay_whatever_their_class_is():
    exemplar, target = pictured(halves((40, 50))), halves((40, 50), 0.3)
    fixed = np.random.default_rng(0).random((40, 50)) < 0.5
    assert (shifts(arranged(exemplar, target, fixed=fixed))[fixed] == 0).all()


def test_a_fixed_speck_of_a_moved_thing_stays():
    """Staying is proposed neither for a thing nor, for so few pixels, as a shift that is frequent."""
    exemplar = pictured(disc((60, 80), (20, 20, 9), (50, 70, 0)))
    target = disc((60, 80), (20, 45, 9), (50, 70, 0))
    result = render(exemplar, target, things=("ground",))
    assert tuple(result.provenance.places[50, 70]) == (50, 70)
    assert (result.image[50, 70] == exemplar.image[50, 70]).all()


def test_things_move_and_stuff_stays():
    """A disc that grows and moves a little: a thing follows its edges, stuff may also stay."""
    exemplar, target = pictured(disc((48, 64), (24, 30, 10))), disc((48, 64), (24, 33, 12))
    ground = PAIR.ids.index(2)
    inside = target.ids == 2
    stuff = shifts(arranged(exemplar, target, stuff={ground}))[inside]
    thing = shifts(arranged(exemplar, target, things={ground}))[inside]
    assert (stuff == 0).all(-1).mean() > 0.1
    assert (thing == 0).all(-1).mean() < 0.03


def test_an_object_that_turned_around_is_mirrored():
    exemplar, target = pictured(triangle(left=8)), triangle(left=8, mirrored=True)
    places = arranged(exemplar, target)
    inside = target.ids == 2
    rows, cols = np.indices(target.shape)
    assert (places[inside] == np.stack([rows, 63 - cols], -1)[inside]).all(-1).mean() > 0.9


def test_the_grid_does_not_limit_what_is_found(monkeypatch):
    monkeypatch.setattr(arranging, "GRID", 12)
    exemplar, target = pictured(triangle(left=8)), triangle(left=20)
    assert cell_size(target.shape) == 4
    moved = shifts(arranged(exemplar, target))
    assert (moved[target.ids == 2] == (0, -12)).all(-1).mean() > 0.9


class Says:
    """Advice: the disc comes from elsewhere, and nothing else does."""

    def __init__(self, shift: tuple[int, int], *, seam: float = 0.0, otherwise: float = 5.0) -> None:
        self.shift, self.seam, self.otherwise = shift, seam, otherwise

    def __call__(self, maps, cell, places):
        self.places = places
        own = np.array([[1, 1, self.shift[0], 1, self.shift[1], 0, 0, 0]], np.float32)
        costs = np.zeros((len(maps) + 1, *places.shape[:2]), np.float32)
        costs[np.flatnonzero(maps[:, 0] == 1)] = self.otherwise
        return np.concatenate([maps, own]), costs


def test_arranging_listens_to_advice():
    labels = disc((48, 64), (24, 20, 15))
    target = disc((48, 64), (24, 40, 12))
    exemplar, says = pictured(labels), Says((0, -17))
    ids = [one.indices().astype(np.uint16) for one in (labels, target)]
    says_class = int(ids[1][24, 40])
    assert says_class == 1
    field = transport(labels, target).field
    given = (np.rint(exemplar.image * 255).astype(np.uint8), *ids, field)
    rest = {"frame": labels.shape, "fixed": np.zeros(labels.shape, bool)}
    places, advised = arrange(*given, **rest, advice=says)
    cell = cell_size(labels.shape)
    assert says.places.shape == (48 // cell, 64 // cell, 2)
    inside = ids[1] == 1
    assert advised[inside].mean() > 0.95 and advised[~inside].mean() < 0.1
    assert (shifts(places)[inside & advised] == says.shift).all()
    # what is expected without it is what it is told
    plain, none = arrange(*given, **rest)
    assert not none.any()
    middle = says.places[24 // cell, 40 // cell]
    assert np.abs(plain[24, 40] - middle).max() <= 3 * cell
    # a fixed pixel is nobody's advice, and dear seams are not worth a slight preference
    fixed = np.zeros(labels.shape, bool)
    fixed[:, 40:] = True
    assert not arrange(*given, **rest | {"fixed": fixed}, advice=says)[1][:, 40:].any()
    dear = arrange(*given, **rest, advice=Says((0, -17), seam=50.0, otherwise=0.2))[1]
    assert dear.sum() < advised.sum()
