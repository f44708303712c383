import os
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analogon.errors import AnalogonError, InputError
from analogon.io import read_image, read_labels

READERS = pytest.mark.parametrize("read", [read_image, read_labels])
NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def flat_png(path: Path, width: int, height: int) -> Path:
    """A black 1-bit PNG of any size, a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b""))
    return path


@READERS
@pytest.mark.parametrize(("width", "height"), [(8000, 5001), (9000, 10001), (30000, 30000)])
def test_a_bomb_is_refused_before_it_is_decoded(
    tmp_path: Path, read: Callable[..., object], width: int, height: int, sentence: Callable[..., str]
) -> None:
    path = flat_png(tmp_path / "bomb.png", 16, 16)
    data = bytearray(path.read_bytes())
    data[16:24] = struct.pack(">II", width, height)  # only the header is that large: decoding would fail otherwise
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    path.write_bytes(bytes(data))
    with warnings.catch_warnings(), pytest.raises(InputError, match="more than 40 megapixels") as error:
        warnings.simplefilter("error")
        read(path)
    sentence(error, str(path))


def test_the_smallest_pictures_are_read(tmp_path: Path) -> None:
    assert read_labels(flat_png(tmp_path / "small.png", 16, 16)).shape == (16, 16)
    assert read_image(flat_png(tmp_path / "flat.png", 500, 16)).shape == (16, 500, 3)


@pytest.mark.slow
def test_the_largest_pictures_are_read(tmp_path: Path) -> None:
    path = flat_png(tmp_path / "large.png", 8000, 5000)
    assert read_labels(path).shape == (5000, 8000)
    assert read_image(path).shape == (5000, 8000, 3)


@READERS
@pytest.mark.parametrize(("width", "height"), [(15, 64), (64, 15), (1, 1)])
def test_tiny_pictures_are_refused(
    tmp_path: Path, read: Callable[..., object], width: int, height: int, sentence: Callable[..., str]
) -> None:
    with pytest.raises(InputError, match=f"is {width}x{height} pixels: use one of at least 16x16") as error:
        read(flat_png(tmp_path / "a.png", width, height))
    sentence(error, str(tmp_path / "a.png"))


@READERS
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_cut_files_are_one_error(
    tmp_path: Path, read: Callable[..., object], suffix: str, share: float, sentence: Callable[..., str]
) -> None:
    path = tmp_path / f"cut.{suffix}"
    Image.fromarray(NOISE).save(path)
    path.write_bytes(path.read_bytes()[: max(12, int(path.stat().st_size * share))])
    with pytest.raises(AnalogonError) as error:
        read(path)
    assert isinstance(error.value, InputError)
    sentence(error, str(path))


@READERS
@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("empty.png", b"", "is empty"),
        ("text.png", b"not a picture at all\n", "is a text file, not a picture"),
        ("page.jpg", "<html>größe</html>".encode(), "is a text file"),
        ("movie.png", b"GIF89a" + bytes(40), "is a GIF: save it as PNG, JPEG, WebP or TIFF"),
        ("a.tif", b"BM" + bytes(60), "is a BMP"),
        ("a.psd", b"8BPS" + bytes(60), "is a Photoshop file"),
        ("phone.jpg", b"\0\0\0\x18ftypheic" + bytes(60), "is a HEIC"),
        ("random.png", bytes(range(256)), "is no picture"),
        ("array.png", b"\x93NUMPY" + bytes(60), "is a NumPy array"),
    ],
)
def test_other_files_are_told_by_what_they_are(
    tmp_path: Path,
    read: Callable[..., object],
    name: str,
    content: bytes,
    what: str,
    sentence: Callable[..., str],
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=what) as error:
        read(tmp_path / name)
    sentence(error, str(tmp_path / name))


@READERS
def test_missing_files_and_folders(tmp_path: Path, read: Callable[..., object], sentence: Callable[..., str]) -> None:
    with pytest.raises(InputError, match="There is no file") as error:
        read(tmp_path / "none.png")
    sentence(error, str(tmp_path / "none.png"))
    with pytest.raises(InputError, match="is a folder") as error:
        read(str(tmp_path))
    sentence(error, str(tmp_path))
    with pytest.raises(InputError, match="cannot be read"):
        read("a\0b.png")


@READERS
@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_forbidden_files(tmp_path: Path, read: Callable[..., object], sentence: Callable[..., str]) -> None:
    path = flat_png(tmp_path / "a.png", 16, 16)
    path.chmod(0)
    with pytest.raises(InputError, match="Permission denied") as error:
        read(path)
    sentence(error, str(path))


def test_a_wrong_suffix_does_not_matter(tmp_path: Path) -> None:
    Image.fromarray(NOISE).save(tmp_path / "a.jpg", "PNG")
    assert (np.rint(read_image(tmp_path / "a.jpg") * 255) == NOISE).all()


def test_flipped_bytes_never_end_in_another_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    for suffix in ("png", "jpg", "webp", "tif"):
        path = tmp_path / f"a.{suffix}"
        Image.fromarray(NOISE[:24, :24]).save(path)
        good = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(40):
            bad = good.copy()
            bad[rng.integers(0, min(len(bad), 300), 6)] = rng.integers(0, 256, 6)
            path.write_bytes(bad.tobytes())
            try:
                assert read_image(path).dtype == np.float32
            except InputError as error:
                assert str(path) in str(error)
