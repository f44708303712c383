import numpy as np
import pytest
from PIL import Image

from analogon import InputError, read_map, read_mask

from .test_images import png16

RNG = np.random.default_rng(0)
SHAPE = (18, 23)


@pytest.mark.parametrize(
    ("kind", "shape", "name"),
    [
        (np.uint8, SHAPE, "depth.png"),
        (np.uint8, (*SHAPE, 3), "normals.png"),
        (np.uint8, (*SHAPE, 3), "normals.tif"),
        (np.uint8, (*SHAPE, 4), "normals.png"),
        (np.uint16, SHAPE, "depth.png"),
        (np.uint16, SHAPE, "depth.tif"),
        (np.float32, SHAPE, "depth.tif"),
        (np.int32, SHAPE, "instances.tif"),
    ],
)
def test_values_are_read_as_they_are(tmp_path, kind, shape, name):
    values = (RNG.random(shape) * (1 if kind == np.float32 else np.iinfo(kind).max)).astype(kind)
    Image.fromarray(values).save(tmp_path / name)
    read = read_map(tmp_path / name)
    assert (read.dtype, read.shape) == (values.dtype, values.shape)
    assert (read == values).all()
    with Image.open(tmp_path / name) as picture:
        assert (read_map(picture) == values).all()


def test_16_bits_per_channel_stay(tmp_path):
    values = RNG.integers(0, 65536, (*SHAPE, 3)).astype(np.uint16)
    png16(tmp_path / "normals.png", values)
    read = read_map(tmp_path / "normals.png")
    assert read.dtype == np.uint16 and (read == values).all()


def test_an_indexed_picture_gives_its_indices(tmp_path):
    ids = RNG.integers(0, 9, SHAPE).astype(np.uint8)
    picture = Image.frombytes("P", SHAPE[::-1], ids.tobytes())
    picture.putpalette(RNG.integers(0, 256, 27).tolist())
    picture.save(tmp_path / "instances.png")
    assert (read_map(tmp_path / "instances.png") == ids).all()


def test_the_orientation_is_applied(tmp_path):
    values = RNG.integers(0, 256, SHAPE).astype(np.uint8)
    picture = Image.fromarray(values)
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / "turned.png", exif=exif)
    assert (read_map(tmp_path / "turned.png") == np.rot90(values, -1)).all()


@pytest.mark.parametrize("kind", ["bool", "int64", "float64", "complex64"])
def test_arrays_of_any_type(tmp_path, kind):
    values = RNG.integers(0, 2, (*SHAPE, 2)).astype(kind)
    np.save(tmp_path / "map.npy", values)
    for read in (read_map(values), read_map(tmp_path / "map.npy"), read_map(str(tmp_path / "map.npy"))):
        assert read.dtype == values.dtype and (read == values).all()


@pytest.mark.parametrize("name", ["missing.png", "missing.npy"])
def test_a_map_that_is_not_there(tmp_path, name, sentence):
    for read in (read_map, read_mask):
        with pytest.raises(InputError) as error:
            read(tmp_path / name)
        sentence(error, str(tmp_path / name))


# -- masks -------------------------------------------------------------------------------------------------------

MASK = RNG.random(SHAPE) < 0.4


@pytest.mark.parametrize(
    "given",
    [
        MASK,
        MASK.astype(np.uint8),
        MASK.astype(np.int64),
        MASK.astype(np.uint8) * 255,
        MASK.astype(np.int64) * 255,
        MASK.astype(np.uint16) * 65535,
        MASK.astype(np.float32),
        MASK * 0.3 + 0.3,
        np.repeat(MASK[..., None] * 255, 3, axis=2).astype(np.uint8),
        Image.fromarray(MASK),
        Image.fromarray(MASK.astype(np.uint8)),
        Image.fromarray(MASK.astype(np.uint8) * 255).convert("RGB"),
        Image.fromarray(np.where(MASK, 140, 115).astype(np.uint8)),
    ],
    ids=range(13),
)
def test_white_is_true(given, tmp_path):
    read = read_mask(given)
    assert read.dtype == np.bool_
    assert (read == MASK).all()
    if isinstance(given, np.ndarray):
        np.save(tmp_path / "mask.npy", given)
        assert (read_mask(tmp_path / "mask.npy") == MASK).all()
    else:
        given.save(tmp_path / "mask.png")
        assert (read_mask(tmp_path / "mask.png") == MASK).all()


def test_a_bool_array_is_copied():
    mask = MASK.copy()
    read = read_mask(mask)
    mask[:] = False
    assert (read == MASK).all()


def test_black_all_over_is_no_pixel():
    assert not read_mask(np.zeros(SHAPE, np.uint8)).any()


def test_the_noise_of_a_jpeg_is_no_color(tmp_path):
    mask = np.zeros((48, 64), bool)
    mask[12:30, 20:44] = True
    Image.fromarray(mask).convert("RGB").save(tmp_path / "mask.jpg", quality=60)
    assert (read_mask(tmp_path / "mask.jpg") == mask).mean() > 0.99


def test_a_colored_picture_is_no_mask(tmp_path, sentence):
    Image.fromarray(RNG.integers(0, 256, (*SHAPE, 3)).astype(np.uint8)).save(tmp_path / "photo.png")
    with pytest.raises(InputError, match="coloured") as error:
        read_mask(tmp_path / "photo.png")
    sentence(error, str(tmp_path / "photo.png"))


@pytest.mark.parametrize("given", [np.zeros((18, 23, 2)), np.full(SHAPE, -1), np.zeros((3, 3)), np.full(SHAPE, 1.5)])
def test_other_arrays_are_refused(given, sentence):
    with pytest.raises(InputError) as error:
        read_mask(given)
    sentence(error, "array")
