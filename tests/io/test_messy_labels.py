"""Softened, compressed, scaled and transparent colour maps."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from analogon.data import LabelMap
from analogon.data.color import color_distances
from analogon.errors import LabelError
from analogon.io import read_labels

GREEN, ORANGE, CYAN, TEAL, BLUE = (0, 249, 0), (255, 147, 0), (0, 253, 255), (0, 128, 128), (0, 0, 255)
Soft = Callable[..., np.ndarray]


def disagreement(labels: LabelMap, truth: np.ndarray) -> float:
    """Share of pixels whose class colour is not (nearly) that of `truth`, uint8 (h, w, 3)."""
    colors, inverse = np.unique(truth.reshape(-1, 3), axis=0, return_inverse=True)
    nearest = color_distances(labels.palette.colors, colors).argmin(1)
    return float((nearest[labels.indices()].ravel() != inverse.ravel()).mean())


def same_classes(labels: LabelMap, truth: np.ndarray, within: float = 0.0) -> bool:
    """Whether the classes are one to one the colours of `truth`, each within a distance of Oklab."""
    distances = color_distances(labels.palette.colors, np.unique(truth.reshape(-1, 3), axis=0))
    return distances.shape[0] == distances.shape[1] and bool((distances.min(0) <= within).all())


def test_a_soft_face_keeps_its_small_parts(face: Image.Image, soft_face: Image.Image) -> None:
    truth = np.asarray(face)
    labels = read_labels(soft_face)
    assert len(np.unique(np.asarray(soft_face).reshape(-1, 3), axis=0)) > 80
    assert same_classes(labels, truth)
    for eye in ((255, 255, 255), (0, 220, 220)):
        found = next(c for c in labels.palette.classes if c.color == eye)
        assert labels.share(found.id) == pytest.approx(0.0025, rel=0.08)
    assert disagreement(labels, truth) < 0.004


@pytest.mark.parametrize("quality", [50, 75, 90, 98])
def test_a_compressed_face_keeps_its_small_parts(
    face: Image.Image, soft_face: Image.Image, quality: int, as_jpeg: Callable[..., Image.Image]
) -> None:
    labels = read_labels(as_jpeg(soft_face, quality))
    assert same_classes(labels, np.asarray(face), within=0.06)
    assert disagreement(labels, np.asarray(face)) < 0.006


def test_jpeg_in_a_png_is_recognised_all_the_same(
    tmp_path: Path, face: Image.Image, as_jpeg: Callable[..., Image.Image]
) -> None:
    as_jpeg(face, 85).save(tmp_path / "a.png")
    assert same_classes(read_labels(tmp_path / "a.png"), np.asarray(face), within=0.04)


@pytest.mark.parametrize("filter_", [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS])
@pytest.mark.parametrize("factor", [0.5, 1.7, 4, 8])
def test_scaling_with_a_smooth_filter_makes_no_class(soft: Soft, filter_: Image.Resampling, factor: float) -> None:
    blobs = [((10, 20, 60, 70), ORANGE), ((50, 40, 90, 85), CYAN)]
    image = Image.fromarray(soft((90, 100), GREEN, *blobs))
    size = (round(100 * factor), round(90 * factor))
    labels = read_labels(image.resize(size, filter_))
    truth = np.asarray(image)
    clean = read_labels(image)
    assert sorted(c.color for c in labels.palette.classes) == sorted((GREEN, ORANGE, CYAN))
    assert disagreement(labels, clean.resize(labels.shape).colors()) < 0.02
    assert disagreement(clean, truth) < 0.06


@pytest.mark.parametrize("radius", [0.7, 1.5, 3])
def test_blurring_makes_no_class(soft: Soft, radius: float) -> None:
    image = Image.fromarray(soft((120, 150), GREEN, ((20, 20, 90, 100), ORANGE), ((70, 50, 130, 110), BLUE)))
    labels = read_labels(image.filter(ImageFilter.GaussianBlur(radius)))
    assert sorted(c.color for c in labels.palette.classes) == sorted((GREEN, ORANGE, BLUE))


def test_a_fringe_goes_to_its_neighbours_and_not_to_the_nearest_color(soft: Soft) -> None:
    # Half green and half blue is teal, and teal is a class elsewhere.
    rgb = soft((80, 120), (0, 255, 0), ((10, 10, 60, 60), BLUE), ((85, 30, 110, 70), TEAL))
    fringe = (np.abs(rgb[:, :70].astype(int) - TEAL).max(-1) < 8).sum()
    assert fringe > 0
    labels = read_labels(rgb)
    teal = next(c.id for c in labels.palette.classes if c.color == TEAL)
    assert len(labels.palette) == 3
    assert (labels.ids[:, :70] != teal).all()
    assert (labels.ids[:, 70:] == teal).sum() == pytest.approx(np.pi * 12.5 * 20, rel=0.03)


def test_a_straight_soft_edge_has_one_blend_and_no_class_for_it() -> None:
    for low, high in [(0, 255), (20, 90)]:
        grey = np.full((40, 40), low, np.uint8)
        grey[:, 20] = (low + high) // 2
        grey[:, 21:] = high
        labels = read_labels(Image.fromarray(grey))
        assert labels.palette.ids == (low, high)
        assert (np.delete(labels.ids, 20, axis=1) == np.delete(grey, 20, axis=1)).all()


def test_a_thin_class_that_is_no_blend_stays() -> None:
    grey = np.zeros((40, 40), np.uint8)
    grey[:, 20:] = 100
    grey[:, 19:21] = 200
    assert (read_labels(Image.fromarray(grey)).ids == grey).all()


def test_a_soft_mask_is_two_classes(soft: Soft, as_jpeg: Callable[..., Image.Image]) -> None:
    mask = Image.fromarray(soft((70, 90), (0, 0, 0), ((20, 10, 70, 60), (255, 255, 255)))).convert("L")
    labels = read_labels(mask)
    assert labels.palette.ids == (0, 255)
    assert labels.share(255) == pytest.approx(np.pi * 25.2 * 25.2 / 6300, rel=0.01)
    assert read_labels(as_jpeg(mask, 80)).palette.names == ("black", "white")


def test_soft_indexed_maps_are_read_by_color(tmp_path: Path, soft: Soft) -> None:
    image = Image.fromarray(soft((80, 90), GREEN, ((10, 10, 70, 70), ORANGE)))
    image.quantize(64).save(tmp_path / "a.png")
    labels = read_labels(tmp_path / "a.png")
    assert [c.color for c in labels.palette.classes] in ([GREEN, ORANGE], [ORANGE, GREEN])
    assert labels.share(labels.ids[40, 40]) == pytest.approx(np.pi * 900 / 7200, rel=0.01)


def test_soft_borders_in_alpha_show_nothing_of_what_lies_under_them(soft: Soft) -> None:
    # As paint programs save a layer: the shape's border is transparent to a degree, over hidden colours.
    cover = soft((80, 90), (0, 0, 0), ((10, 10, 70, 70), (255, 255, 255)))[..., 0]
    rgba = np.dstack([np.where(cover[..., None] > 0, ORANGE, GREEN), np.where((cover > 0) & (cover < 255), cover, 255)])
    rgba[(cover > 0) & (cover < 128), :3] = (9, 9, 99)
    labels = read_labels(rgba.astype(np.uint8))
    assert sorted(c.color for c in labels.palette.classes) == sorted((GREEN, ORANGE))


def test_slits_and_frames_go_to_the_classes_beside_them(as_jpeg: Callable[..., Image.Image]) -> None:
    image = Image.new("RGB", (200, 160), (144, 112, 65))
    draw = ImageDraw.Draw(image)
    draw.polygon([(0, 80), (60, 40), (120, 90), (199, 60), (199, 159), (0, 159)], fill=(96, 64, 161))
    draw.line([(0, 80), (60, 40), (120, 90), (199, 60)], fill=(0, 0, 0), width=2)
    draw.line([(40, 110), (90, 118)], fill=(0, 0, 0), width=2)
    draw.rectangle([0, 0, 199, 159], outline=(0, 0, 0), width=2)
    draw.ellipse([100, 120, 118, 129], fill=(0, 208, 239))
    labels = read_labels(as_jpeg(image, 92))
    assert len(labels.palette) == 3
    assert labels.share(labels.ids[124, 109]) == pytest.approx(np.pi * 9.5 * 5 / 32000, rel=0.25)
    assert labels.ids[0, 100] == labels.ids[10, 100]
    assert labels.ids[114, 65] == labels.ids[100, 65]


def test_classes_nearer_than_noise_reaches_are_told_apart(as_jpeg: Callable[..., Image.Image]) -> None:
    rgb = np.full((96, 128, 3), (200, 20, 30), np.uint8)
    rgb[:, 64:] = (212, 28, 36)  # 16 levels away
    for x in range(4, 124, 12):
        rgb[30:90, x : x + 6] = GREEN
    labels = read_labels(as_jpeg(Image.fromarray(rgb), 70))
    assert same_classes(labels, rgb, within=0.02)


def test_a_photograph_is_refused(tmp_path: Path, sentence: Callable[..., str]) -> None:
    from scipy import ndimage

    noise = np.random.default_rng(0).normal(size=(120, 150, 3))
    picture = ndimage.gaussian_filter(noise, (6, 6, 0)) * 900 + ndimage.gaussian_filter(noise, (1, 1, 0)) * 60 + 128
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(tmp_path / "photo.png")
    with pytest.raises(LabelError, match="does not look like a label map") as error:
        read_labels(tmp_path / "photo.png")
    sentence(error, str(tmp_path / "photo.png"))
    with pytest.raises(LabelError, match="does not look like a label map"):
        read_labels(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))


def test_a_straight_soft_edge_is_no_line_of_a_class_with_its_color(soft: Soft) -> None:
    rgb = soft((80, 120), (0, 255, 0), ((85, 30, 110, 70), TEAL), ((70, 5, 90, 25), ORANGE)).copy()
    rgb[:, :30] = BLUE
    rgb[:, 30] = TEAL  # half green, half blue
    labels = read_labels(rgb)
    teal = next(c.id for c in labels.palette.classes if c.color == TEAL)
    assert (labels.ids[:, :60] != teal).all()


@pytest.mark.parametrize("edge", [5, 11, 14])
def test_the_few_colors_of_a_small_jpeg_are_not_all_classes(edge: int, as_jpeg: Callable[..., Image.Image]) -> None:
    rgb = np.full((24, 24, 3), GREEN, np.uint8)
    rgb[:, edge:] = ORANGE
    labels = read_labels(as_jpeg(Image.fromarray(rgb), 90))
    assert len(labels.palette) == 2
    assert (labels.ids[:, 0] != labels.ids[:, -1]).all()
