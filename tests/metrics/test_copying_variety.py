import numpy as np
import pytest

from analogon import InputError, Provenance, diversity
from analogon.metrics.copying import largest_copy, used

from .conftest import noisy


def places(rows: np.ndarray, columns: np.ndarray) -> Provenance:
    return Provenance(np.stack(np.broadcast_arrays(rows, columns), -1), (6, 8))


ROWS, COLUMNS = np.mgrid[0:6, 0:8]


def test_the_source_itself_is_one_piece():
    assert (used(places(ROWS, COLUMNS), None), largest_copy(places(ROWS, COLUMNS))) == (1, 1)


def test_two_halves_exchanged():
    swapped = places(ROWS, (COLUMNS + 3) % 8)
    assert used(swapped, None) == 1
    assert largest_copy(swapped) == 5 / 8


def test_one_piece_again_and_again():
    tiled = places(ROWS % 2, COLUMNS % 4)
    assert used(tiled, None) == 8 / 48
    assert largest_copy(tiled) == 8 / 48


def test_a_flip_copies_no_piece():
    assert largest_copy(places(ROWS[::-1], COLUMNS)) == 8 / 48  # a row at a time
    assert largest_copy(places(ROWS[::-1], COLUMNS[:, ::-1])) == 1 / 48


def test_pieces_of_one_offset_that_do_not_touch_are_several():
    columns = COLUMNS.copy()
    columns[:, 3] = 0
    assert largest_copy(places(ROWS, columns)) == 4 * 6 / 48
    corner = np.where((ROWS < 3) == (COLUMNS < 4), COLUMNS, 7 - COLUMNS)  # two quarters touch at a corner
    assert largest_copy(places(ROWS, corner)) == 12 / 48


def test_pixels_that_are_not_usable_do_not_count():
    usable = COLUMNS < 4
    assert used(places(ROWS, COLUMNS % 4), usable) == 1
    assert used(places(ROWS, COLUMNS % 2), usable) == 0.5


def test_the_same_pictures_have_no_diversity(scene):
    found = diversity([scene.right] * 3)
    assert found == {"diversity": 0, "diversity_levels": 0, "diversity_ssim": pytest.approx(0, abs=1e-9)}


def test_diversity_of_two_greys():
    dark, light = np.full((9, 9, 3), 0.2, np.float32), np.full((9, 9, 3), 0.6, np.float32)
    found = diversity([dark, light])
    assert found["diversity"] == pytest.approx(1)
    assert found["diversity_levels"] == pytest.approx(0.4 * 255)
    three = diversity([dark, dark, light])
    assert three["diversity_levels"] == pytest.approx(0.4 * 255 * 2 / 3)


def test_more_different_is_more_diverse(scene):
    little, much = (diversity([scene.right, noisy(scene.right, size)]) for size in (0.02, 0.2))
    assert all(little[name] < much[name] for name in little)


def test_small_pictures_have_no_structure():
    tiny = np.random.default_rng(0).random((2, 5, 5, 3)).astype(np.float32)
    assert diversity(list(tiny)).keys() == {"diversity", "diversity_levels"}


def test_diversity_needs_several_of_one_size(scene, sentence):
    with pytest.raises(InputError) as error:
        diversity([scene.right])
    sentence(error.value, "two")
    with pytest.raises(InputError) as error:
        diversity([scene.right, scene.right[:30]])
    sentence(error.value, "size")
    for wrong in (np.where(scene.right > 0.5, np.nan, scene.right), np.rint(scene.right * 255).astype(np.uint8)):
        with pytest.raises(InputError) as error:
            diversity([scene.right, wrong])
        sentence(error.value, "picture" if wrong.dtype.kind == "u" else "[0, 1]")
