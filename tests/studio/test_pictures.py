"""Photos as cameras, scanners and other programs write them become projects, or are refused in a sentence."""

import io

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from .served import Page, photo, png


def packed(picture: Image.Image, form: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return packed(Image.fromarray(photo()), "TIFF", exif=exif)


def text_bomb() -> bytes:
    """A picture with a comment that unpacks to 30 MB."""
    text = PngInfo()
    text.add_text("Comment", "a" * 30_000_000, zip=True)
    return packed(Image.fromarray(photo()), pnginfo=text)


def alpha() -> Image.Image:
    picture = Image.fromarray(photo()).convert("RGBA")
    picture.putalpha(Image.fromarray(np.where(np.arange(photo()[..., 0].size) % 2, 255, 0).astype(np.uint8).reshape(
        photo().shape[:2])))  # fmt: skip
    return picture


RGB = Image.fromarray(photo())
GREY = photo()[..., 1]
OTHERS = [RGB.rotate(180), RGB.rotate(90)]
TAKEN = {
    "16 bits": (packed(Image.fromarray(GREY.astype(np.uint16) * 257)), GREY[..., None].repeat(3, 2)),
    "one bit": (packed(RGB.convert("1")), np.asarray(RGB.convert("1").convert("RGB"))),
    "grey": (packed(RGB.convert("L")), np.asarray(RGB.convert("L").convert("RGB"))),
    "palette": (packed(RGB.quantize(16)), np.asarray(RGB.quantize(16).convert("RGB"))),
    "alpha": (packed(alpha()), np.where(np.asarray(alpha())[..., 3:] > 0, photo(), 255)),
    "CMYK": (packed(RGB.convert("CMYK"), "TIFF"), photo()),
    "turned": (turned(), np.rot90(photo(), -1)),
    "animated PNG": (packed(RGB, save_all=True, append_images=OTHERS[:1]), photo()),
    "animated WebP": (packed(RGB, "WEBP", save_all=True, append_images=OTHERS[:1], lossless=True), photo()),
    "pages": (packed(RGB, "TIFF", save_all=True, append_images=OTHERS), photo()),
    "broken profile": (packed(RGB, icc_profile=b"\0" * 200), photo()),
    "one colour": (png(np.full((40, 50, 3), 9, np.uint8)), np.full((40, 50, 3), 9)),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_it_becomes_a_project(client, kind):
    content, wanted = TAKEN[kind]
    made = client.post("api/projects", content=content)
    assert made.status_code == 201, made.text
    page = Page(client, made.json()["id"])
    assert np.abs(page.picture("photo.png").astype(int) - wanted).max() <= 1
    state = page.state()
    assert tuple(state["size"]) == wanted.shape[:2] and state["objects"]
    assert (page.picture("result.png") == page.picture("photo.png")).all()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (png(np.zeros((1, 1, 3), np.uint8)), "16x16"),
        (png(np.zeros((1, 30_000, 3), np.uint8)), "16x16"),
        (packed(Image.fromarray(np.full((40, 50), 7.0, np.float32)), "TIFF"), "floating-point"),
        (packed(RGB, "GIF"), "PNG, JPEG, WebP or TIFF"),
        (packed(RGB, "BMP"), "PNG, JPEG, WebP or TIFF"),
        (packed(RGB, "PDF"), "PNG, JPEG, WebP or TIFF"),
        (text_bomb(), "damaged"),
    ],
)
def test_it_is_refused(client, content, word):
    answer = client.post("api/projects", content=content)
    assert answer.status_code == 422 and word in answer.json()["error"]


def test_a_picture_that_is_too_long_for_webp(client):
    page = Page(client, client.post("api/projects", content=png(np.zeros((17_000, 16, 3), np.uint8))).json()["id"])
    (name,) = {one["name"] for one in page.state()["objects"]}
    page.do({"do": "duplicate", "of": name, "right": 4, "down": 9}).raise_for_status()
    for form in ("photo.webp", "provenance.webp", "result.png"):
        assert page.picture(form).shape == (17_000, 16, 3)
    assert page.client.get(f"{page.at}/photo.webp").headers["content-type"] == "image/png"


def test_damaged_files_are_pictures_or_refused(client):
    """A few bytes of each are others, or its end is missing."""
    random = np.random.default_rng(3)
    answers = []
    for n in range(80):
        data = bytearray(png(photo(), ("PNG", "JPEG", "WEBP", "TIFF")[n % 4]))
        for at in random.integers(0, len(data), 4):
            data[at] = random.integers(256)
        if n % 3 == 0:
            del data[int(random.integers(1, len(data))) :]
        answers.append(client.post("api/projects", content=bytes(data)))
    assert {one.status_code for one in answers} == {201, 422}
    assert all(one.json()["error"].endswith(".") for one in answers if one.status_code == 422)
