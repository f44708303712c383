import numpy as np
import pytest
from PIL import Image

from analogon import InputError, Provenance


@pytest.fixture
def places():
    rng = np.random.default_rng(0)
    return np.stack([rng.integers(0, 5, (6, 8)), rng.integers(0, 7, (6, 8))], -1)


@pytest.fixture
def provenance(places):
    return Provenance(places, (5, 7))


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (5, 7, 2, 2)])
@pytest.mark.parametrize("kind", ["bool", "uint8", "uint16", "int64", "float16", "float64", "complex64", "S3", "O"])
def test_values_are_copied_exactly(provenance, places, shape, kind):
    other = np.random.default_rng(1).integers(0, 255, shape).astype(kind)
    moved = provenance.apply_to(other)
    assert moved.dtype == other.dtype
    assert moved.shape == (6, 8, *shape[2:])
    for row, column in np.ndindex(6, 8):
        assert np.array_equal(moved[row, column], other[tuple(places[row, column])])


def test_the_copy_is_a_copy_also_of_a_view(provenance):
    other = np.arange(70.0).reshape(7, 10).T[::2]
    moved = provenance.apply_to(other)
    before = moved.copy()
    other[:] = 0
    assert (moved == before).all()


@pytest.mark.parametrize("shape", [(7, 5), (5,), (35, 1), (5, 8, 3)])
def test_a_map_of_another_size(provenance, shape, sentence):
    with pytest.raises(InputError) as error:
        provenance.apply_to(np.zeros(shape))
    sentence(error.value, "7x5", shape)


def test_places_are_read_only_and_int32(provenance):
    assert provenance.places.dtype == np.int32
    assert provenance.shape == (6, 8)
    with pytest.raises(ValueError, match="read-only"):
        provenance.places[0, 0, 0] = 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p[..., :1], "(6, 8, 1)"),
        (lambda p: p[0], "(8, 2)"),
        (lambda p: p[:0], "(0, 8, 2)"),
        (lambda p: p.astype(float), "float64"),
        (lambda p: p - 1, "outside"),
        (lambda p: p + np.array([1, 0]), "outside"),
        (lambda p: p + np.array([0, 1]), "outside the source, which is 7x5"),
        (lambda p: p.astype(np.int64) + 2**32, "outside"),
    ],
)
def test_what_is_no_provenance(places, change, words, sentence):
    with pytest.raises(InputError) as error:
        Provenance(change(places), (5, 7))
    sentence(error.value, words)


def test_the_statistics():
    rows, columns = np.mgrid[0:4, 0:6]
    stay = Provenance(np.stack([rows, columns], -1), (4, 6))
    assert (stay.used(), stay.kept()) == (1.0, 1.0)
    moved = Provenance(np.stack([rows, np.maximum(columns - 3, 0)], -1), (4, 6))
    assert (moved.used(), moved.kept()) == (0.5, pytest.approx(1 / 6))
    larger = Provenance(np.zeros((8, 10, 2), int), (4, 6))
    assert (larger.used(), larger.kept()) == (pytest.approx(1 / 24), pytest.approx(1 / 80))


def test_the_preview_shows_the_coordinates():
    rows, columns = np.mgrid[0:40, 0:60]
    preview = Provenance(np.stack([rows, columns], -1), (40, 60)).preview()
    assert preview.shape == (40, 60, 3) and preview.dtype == np.float32
    assert preview.min() >= 0 and preview.max() <= 1
    red, green, blue = np.moveaxis(preview, -1, 0)
    assert np.allclose(red, (columns + 0.5) / 60) and np.allclose(green, (rows + 0.5) / 40)
    assert np.allclose(blue, 1 - (red + green) / 2)


def test_places_and_preview_are_written_by_the_suffix(provenance, tmp_path):
    provenance.save(tmp_path / "way.npy")
    provenance.save(str(tmp_path / "way.PNG"))
    read = np.load(tmp_path / "way.npy")
    assert read.dtype == np.int32 and (read == provenance.places).all()
    with Image.open(tmp_path / "way.PNG") as picture:
        assert np.abs(np.asarray(picture) / 255 - provenance.preview()).max() < 0.51 / 255


@pytest.mark.parametrize("name", ["way.jpg", "way", "no/such/folder.npy"])
def test_a_place_that_takes_no_provenance(provenance, tmp_path, name, sentence):
    with pytest.raises(InputError) as error:
        provenance.save(tmp_path / name)
    sentence(error.value, tmp_path / name)
    assert not list(tmp_path.iterdir())
