import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from analogon.errors import InputError
from analogon.io import read_image, write_image

RGB = np.random.default_rng(1).integers(0, 256, (18, 25, 3), dtype=np.uint8)
# Smooth, so that JPEG keeps it; different in every corner, so that turning it shows.
SMOOTH = np.stack(
    [
        np.tile(np.linspace(0, 255, 40), (30, 1)),
        np.tile(np.linspace(255, 0, 30)[:, None], (1, 40)),
        np.full((30, 40), 90),
    ],
    -1,
).astype(np.uint8)


def png16(path: Path, array: np.ndarray) -> Path:
    """Write 16 bits per channel, which Pillow cannot."""
    height, width = array.shape[:2]
    channels = array.reshape(height, width, -1).shape[2]

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


def over_white(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    share = alpha[..., None].astype(float)
    return rgb * share + (1 - share)


@pytest.mark.parametrize(
    ("suffix", "options"),
    [("png", {}), ("webp", {"lossless": True}), ("tif", {}), ("tiff", {"compression": "tiff_lzw"})],
)
def test_lossless_formats_are_read_exactly(tmp_path: Path, suffix: str, options: dict[str, object]) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(RGB).save(path, **options)
    image = read_image(path)
    assert image.dtype == np.float32
    assert image.flags.c_contiguous
    assert (np.rint(image * 255) == RGB).all()


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_lossy_formats_are_read_nearly(tmp_path: Path, suffix: str) -> None:
    Image.fromarray(SMOOTH).save(tmp_path / f"a.{suffix}", quality=95)
    assert np.abs(read_image(tmp_path / f"a.{suffix}") * 255 - SMOOTH).mean() < 3


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, suffix: str, orientation: int) -> None:
    turns = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # what a program did to store it this way
    image = Image.fromarray(SMOOTH)
    turn = turns[orientation]
    stored = image if turn is None else image.transpose(Image.Transpose(turn))
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    stored.save(path, exif=exif, **({"quality": 98} if suffix in ("jpg", "webp") else {}))
    result = read_image(path)
    assert result.shape == (30, 40, 3)
    assert np.abs(result * 255 - SMOOTH).mean() < 3


def test_damaged_exif_does_not_hurt(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(SMOOTH).save(path, exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert read_image(path).shape == (30, 40, 3)


def test_greyscale_and_one_bit(tmp_path: Path) -> None:
    grey = RGB[..., 0]
    Image.fromarray(grey).save(tmp_path / "g.png")
    Image.fromarray(grey > 127).save(tmp_path / "b.png")
    assert (np.rint(read_image(tmp_path / "g.png") * 255) == grey[..., None]).all()
    assert (read_image(tmp_path / "b.png") == (grey > 127)[..., None]).all()


def test_alpha_goes_over_white(tmp_path: Path) -> None:
    alpha = np.linspace(0, 255, 25).astype(np.uint8)[None].repeat(18, 0)
    Image.fromarray(np.dstack([RGB, alpha])).save(tmp_path / "rgba.png")
    Image.fromarray(np.dstack([RGB[..., 0], alpha])).save(tmp_path / "la.png")
    expected = over_white(RGB / 255, alpha / 255)
    assert np.allclose(read_image(tmp_path / "rgba.png"), expected, atol=1e-6)
    grey = over_white(np.repeat(RGB[..., :1], 3, 2) / 255, alpha / 255)
    assert np.allclose(read_image(tmp_path / "la.png"), grey, atol=1e-6)
    assert np.allclose(read_image(np.dstack([RGB, alpha])), expected, atol=1e-6)


def test_palette_pictures_with_and_without_transparency(tmp_path: Path) -> None:
    indexed = Image.frombytes("P", (20, 16), bytes([0, 1] * 160))
    indexed.putpalette([10, 20, 30, 200, 100, 50])
    indexed.save(tmp_path / "p.png")
    indexed.save(tmp_path / "t.png", transparency=b"\x80\xff")
    plain, clear = read_image(tmp_path / "p.png"), read_image(tmp_path / "t.png")
    assert np.allclose(plain[0, :2] * 255, [[10, 20, 30], [200, 100, 50]], atol=1e-4)
    assert np.allclose(clear[0, 0] * 255, np.array([10, 20, 30]) * 128 / 255 + 127, atol=0.01)
    assert (clear[0, 1] == plain[0, 1]).all()


def test_a_transparent_color_goes_over_white(tmp_path: Path) -> None:
    image = Image.new("RGB", (16, 16), (5, 6, 7))
    image.putpixel((0, 0), (9, 9, 9))
    image.save(tmp_path / "a.png", transparency=(5, 6, 7))
    result = read_image(tmp_path / "a.png")
    assert (result[1, 1] == 1).all()
    assert np.allclose(result[0, 0], 9 / 255)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("kind", ["png", "tiff", "packed tiff"])
def test_sixteen_bits_are_kept(tmp_path: Path, channels: int, kind: str) -> None:
    deep = np.random.default_rng(2).integers(0, 65536, (18, 25, channels), dtype=np.uint16)
    stored = deep[..., 0] if channels == 1 else deep
    if kind == "png":
        path = png16(tmp_path / "a.png", stored)
    else:
        path = tmp_path / "a.tif"
        layout = "minisblack" if channels == 1 else "rgb"
        tifffile.imwrite(path, stored, photometric=layout, compression="zlib" if kind == "packed tiff" else None)
    value = deep[..., :3] / 65535 if channels < 4 else over_white(deep[..., :3] / 65535, deep[..., 3] / 65535)
    assert np.allclose(read_image(path), np.broadcast_to(value, (18, 25, 3)), atol=1e-6)


def test_sixteen_bits_are_turned_too(tmp_path: Path) -> None:
    deep = np.random.default_rng(2).integers(0, 65536, (18, 25, 3), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb", extratags=[(274, "H", 1, 6, True)])
    assert np.allclose(read_image(tmp_path / "a.tif"), np.rot90(deep, -1) / 65535, atol=1e-6)


def test_sixteen_bit_grey_with_alpha_is_reduced_to_the_upper_bits(tmp_path: Path) -> None:
    deep = np.random.default_rng(2).integers(0, 65536, (18, 25, 2), dtype=np.uint16)
    upper = (deep >> 8) / 255
    expected = over_white(np.repeat(upper[..., :1], 3, 2), upper[..., 1])
    assert np.allclose(read_image(png16(tmp_path / "a.png", deep)), expected, atol=1e-6)


def test_cmyk_and_the_inverted_cmyk_of_adobe(tmp_path: Path) -> None:
    ink = np.zeros((16, 16, 4), np.uint8)
    ink[:, 8:] = (0, 255, 255, 51)  # red, a fifth darker
    image = Image.frombytes("CMYK", (16, 16), ink.tobytes())
    image.save(tmp_path / "a.tif")
    image.save(tmp_path / "a.jpg", quality=98)  # Pillow writes the Adobe marker and inverts
    assert b"Adobe" in (tmp_path / "a.jpg").read_bytes()
    for name in ("a.tif", "a.jpg"):
        result = read_image(tmp_path / name)
        assert np.allclose(result[8, 2], [1, 1, 1], atol=0.03)
        assert np.allclose(result[8, 13], [0.8, 0, 0], atol=0.03)


def test_the_first_frame_is_read(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 16), c) for c in ("red", "blue")]
    for name, options in [("a.png", {}), ("a.webp", {"lossless": True}), ("a.tif", {})]:
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], **options)
        assert (read_image(tmp_path / name) == [1, 0, 0]).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(16, 20), (16, 20, 1), (16, 20, 3)])
def test_arrays_are_scaled_by_their_type(dtype: type, shape: tuple[int, ...]) -> None:
    top = 1 if np.issubdtype(dtype, np.floating) else np.iinfo(dtype).max
    array = (np.random.default_rng(0).random(shape) * top).astype(dtype)
    before = array.copy()
    result = read_image(array)
    expected = array if array.ndim == 3 else array[..., None]
    assert np.allclose(result, np.broadcast_to(expected / top, (16, 20, 3)), atol=1e-6)
    result[:] = 0
    assert (array == before).all()


def test_pillow_images_are_read_like_files(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.png")
    assert (read_image(Image.fromarray(RGB)) == read_image(tmp_path / "a.png")).all()
    with Image.open(tmp_path / "a.png") as lazy:
        assert (read_image(lazy) == read_image(tmp_path / "a.png")).all()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((20, 20, 2), np.uint8), r"not \(20, 20, 2\)"),
        (np.zeros(20, np.uint8), r"not \(20,\)"),
        (np.zeros((20, 20), np.int64), "not int64"),
        (np.full((20, 20), 1.5), r"\[0, 1\] only"),
        (np.full((20, 20), np.nan), r"\[0, 1\] only"),
        (np.zeros((20, 15), np.uint8), "15x20 pixels: use one of at least 16x16"),
    ],
)
def test_arrays_that_are_no_image_are_refused(array: np.ndarray, message: str, sentence: Callable[..., str]) -> None:
    with pytest.raises(InputError, match=message) as error:
        read_image(array)
    sentence(error, "array")


def test_deep_numbers_outside_their_range_are_refused(tmp_path: Path, sentence: Callable[..., str]) -> None:
    Image.fromarray(np.full((16, 16), 70000, np.int32)).save(tmp_path / "i.tif")
    Image.fromarray(np.full((16, 16), 2, np.float32)).save(tmp_path / "f.tif")
    for name, what in [("i.tif", "32 bits"), ("f.tif", "floating-point")]:
        with pytest.raises(InputError, match=what) as error:
            read_image(tmp_path / name)
        sentence(error, name)
    Image.fromarray(np.full((16, 16), 0.25, np.float32)).save(tmp_path / "ok.tif")
    assert (read_image(tmp_path / "ok.tif") == 0.25).all()


def test_cielab_is_converted(tmp_path: Path) -> None:
    Image.frombytes("LAB", (16, 16), bytes([255, 0, 0] * 256)).save(tmp_path / "a.tif")
    assert np.allclose(read_image(tmp_path / "a.tif"), 1, atol=0.02)


@pytest.mark.parametrize("suffix", ["png", "webp", "tif", "tiff", "PNG"])
def test_written_pictures_come_back_rounded_to_eight_bits(tmp_path: Path, suffix: str) -> None:
    image = np.random.default_rng(3).random((17, 19, 3)).astype(np.float32)
    path = tmp_path / f"a.{suffix}"
    write_image(path, image)
    assert read_image(path) * 255 == pytest.approx(np.rint(image * 255), abs=1e-3)
    write_image(path, RGB)
    assert (np.rint(read_image(path) * 255) == RGB).all()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_jpeg_is_written_with_full_color_resolution(tmp_path: Path) -> None:
    stripes = np.zeros((32, 32, 3))
    stripes[:, ::2, 0] = 1
    stripes[:, 1::2, 2] = 1
    for name in ("a.jpg", "b.jpeg"):
        write_image(tmp_path / name, stripes)
        with Image.open(tmp_path / name) as stored:
            assert stored.format == "JPEG"
        assert np.abs(read_image(tmp_path / name) - stripes).mean() < 0.03


def test_values_outside_are_clipped_on_writing(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", np.stack([np.full((16, 16), v) for v in (-0.2, 0.5, 1.3)], -1))
    assert np.rint(read_image(tmp_path / "a.png")[0, 0] * 255).tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    ("name", "image", "message"),
    [
        ("a.gif", RGB, r"use one of \.png, \.jpg"),
        ("a", RGB, "no suffix"),
        ("a.png", RGB[..., 0], "float or uint8"),
        ("a.png", RGB.astype(int), "not int64"),
        ("a.png", np.full((16, 16, 3), np.nan), "NaN"),
        ("no/a.png", RGB, "cannot be written"),
    ],
)
def test_what_cannot_be_written_is_named_and_leaves_nothing(
    tmp_path: Path, name: str, image: np.ndarray, message: str, sentence: Callable[..., str]
) -> None:
    with pytest.raises(InputError, match=message) as error:
        write_image(tmp_path / name, image)
    sentence(error, str(tmp_path / name))
    assert [p.name for p in tmp_path.iterdir()] == []


def test_in_memory_pictures_have_a_name_in_messages() -> None:
    with pytest.raises(InputError, match="The given picture is 8x8 pixels"):
        read_image(Image.new("RGB", (8, 8)))
    buffer = BytesIO()
    Image.fromarray(RGB).save(buffer, "PNG")
    with pytest.raises(InputError, match="The given picture is damaged or cut short"):
        read_image(Image.open(BytesIO(buffer.getvalue()[:-400])))
