import numpy as np
import pytest

from analogon.data import Exemplar, LabelClass, LabelMap, Palette
from analogon.data.exemplar import GAP
from analogon.errors import InputError, LabelError

PALETTE = Palette(
    (
        LabelClass(0, "grass", (0, 249, 0)),
        LabelClass(1, "fur", (255, 147, 0)),
        LabelClass(5, "sea", (0, 0, 255)),
    )
)


def exemplar(shape: tuple[int, int] = (20, 30)) -> Exemplar:
    ids = np.zeros(shape, int)
    ids[5:15, 8:20] = 1
    image = np.random.default_rng(0).random((*shape, 3), dtype=np.float32)
    return Exemplar(image, LabelMap(ids, PALETTE))


def test_the_image_is_copied_to_read_only_float32() -> None:
    source = np.full((4, 5, 3), 0.5)
    made = Exemplar(source, LabelMap(np.zeros((4, 5), int), PALETTE))
    source[:] = 0
    assert made.shape == (4, 5)
    assert made.image.dtype == np.float32
    assert (made.image == 0.5).all()
    with pytest.raises(ValueError, match="read-only"):
        made.image[0, 0, 0] = 1


def test_sizes_must_agree() -> None:
    with pytest.raises(LabelError, match="image is 5x4 and its label map 4x5"):
        Exemplar(np.zeros((4, 5, 3)), LabelMap(np.zeros((5, 4), int), PALETTE))


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 5)),
        np.zeros((4, 5, 4)),
        np.zeros((4, 5, 3), np.uint8),
        np.full((4, 5, 3), 1.5),
        np.full((4, 5, 3), np.nan),
    ],
)
def test_other_images_are_refused(image: np.ndarray) -> None:
    with pytest.raises(InputError, match="image of an exemplar"):
        Exemplar(image, LabelMap(np.zeros((4, 5), int), PALETTE))


def test_a_target_of_any_size_with_the_same_classes_is_accepted() -> None:
    exemplar().check_target(LabelMap(np.ones((7, 9), int), PALETTE))


def test_a_class_without_a_pixel_in_the_source_is_named() -> None:
    target = np.zeros((10, 10), int)
    target[:3] = 5
    with pytest.raises(LabelError) as error:
        exemplar().check_target(LabelMap(target, PALETTE))
    text = str(error.value)
    # Blue is neither; 'sea' itself is no way out, since the source has none of it.
    assert "#0000ff on 30.0 %" in text
    assert "nearest is 'fur' (#ff9300)" in text
    assert "--map '#0000ff=fur'" in text


def test_resizing_takes_image_and_labels_along() -> None:
    source = exemplar()
    half = source.resize((10, 15))
    assert half.shape == (10, 15)
    assert half.image.shape == (10, 15, 3)
    assert (half.labels.ids == source.labels.resize((10, 15)).ids).all()
    assert half.image.mean() == pytest.approx(source.image.mean(), abs=0.01)
    assert half.image.std() < 0.7 * source.image.std()  # noise is averaged, not picked
    assert source.resize(source.shape) is source


def test_a_flat_image_stays_flat() -> None:
    flat = Exemplar(np.ones((20, 30, 3)), LabelMap(np.zeros((20, 30), int), PALETTE))
    for shape in [(33, 47), (7, 11)]:
        assert flat.resize(shape).image.min() == pytest.approx(1, abs=1e-5)


def masked(mask: np.ndarray) -> Exemplar:
    plain = exemplar(mask.shape)
    return Exemplar(plain.image, plain.labels, mask)


def test_a_mask_that_leaves_nothing_out_is_none() -> None:
    assert masked(np.ones((20, 30), bool)).usable is None
    assert masked(np.ones((20, 30), bool)).digest() == exemplar().digest()
    mask = np.ones((20, 30), bool)
    mask[3, 4] = False
    made = masked(mask)
    mask[:] = True
    assert made.usable is not None and np.argwhere(~made.usable).tolist() == [[3, 4]]
    assert made.digest() != exemplar().digest()
    with pytest.raises(ValueError, match="read-only"):
        made.usable[0, 0] = False


@pytest.mark.parametrize(
    ("mask", "error", "words"),
    [
        (np.zeros((20, 30), bool), InputError, "leaves no pixel to use"),
        (np.ones((20, 30), np.uint8), InputError, "uint8"),
        (np.ones((20, 30, 1), bool), InputError, "(20, 30, 1)"),
        (np.ones((20, 31), bool), LabelError, "image is 30x20 and its mask 31x20"),
    ],
)
def test_other_masks_are_refused(mask, error, words, sentence) -> None:
    plain = exemplar()
    with pytest.raises(error) as caught:
        Exemplar(plain.image, plain.labels, mask)
    sentence(caught.value, words)


def test_a_class_without_a_usable_pixel_is_lacking() -> None:
    mask = exemplar().labels.ids != 1
    target = LabelMap(np.ones((7, 9), int), PALETTE)
    exemplar().check_target(target)
    with pytest.raises(LabelError, match="#ff9300"):
        masked(mask).check_target(target)


def test_a_pixel_of_a_smaller_mask_is_usable_where_all_it_covers_is() -> None:
    mask = np.ones((20, 30), bool)
    mask[5, 7] = mask[12:14, 20:22] = False
    half = masked(mask).resize((10, 15)).usable
    assert half is not None and np.argwhere(~half).tolist() == [[2, 3], [6, 10]]


def test_the_frame_is_the_whole_picture_or_a_part_of_it() -> None:
    plain = exemplar()
    assert plain.frame == plain.shape == (20, 30)
    part = Exemplar(plain.image, plain.labels, None, (10, 12))
    assert part.frame == (10, 12)
    assert part.resize((40, 60)).frame == (20, 24)
    assert part.digest() != plain.digest()
    with pytest.raises(InputError, match="31x20 pixels are too many"):
        Exemplar(plain.image, plain.labels, None, (20, 31))


# -- several pictures --------------------------------------------------------------------------------------------


def flat(shape: tuple[int, int], level: float, label: LabelClass) -> Exemplar:
    return Exemplar(np.full((*shape, 3), level), LabelMap(np.full(shape, label.id), Palette((label,))))


def test_pictures_are_joined_side_by_side() -> None:
    sand = LabelClass(0, "sand", (230, 210, 160))
    first, second = exemplar(), flat((24, 10), 0.5, sand)
    joined = Exemplar.join([first, second])
    assert joined.shape == (24, 30 + GAP + 10)
    assert joined.frame == first.shape
    assert (joined.image[:20, :30] == first.image).all()
    assert (joined.image[:, 30 + GAP :] == 0.5).all()
    assert joined.labels.palette.classes == (*PALETTE.classes, LabelClass(6, "sand", sand.color))
    assert (joined.labels.ids[:20, :30] == first.labels.ids).all()
    assert (joined.labels.ids[:, 30 + GAP :] == 6).all()
    expected = np.zeros((24, 40 + GAP), bool)
    expected[:20, :30] = expected[:, 30 + GAP :] = True
    assert (joined.usable == expected).all()
    # what is between and below goes on with the edge, so that nothing bleeds in where the picture is reduced
    assert (joined.image[20:, :30] == first.image[-1]).all()
    assert (joined.image[:20, 30 : 30 + GAP] == first.image[:, -1:]).all()


def test_masks_are_joined_as_well() -> None:
    mask = np.ones((20, 30), bool)
    mask[4, 5] = False
    joined = Exemplar.join([exemplar(), masked(mask), exemplar()])
    assert joined.usable is not None
    assert joined.shape == (20, 90 + 2 * GAP)
    assert np.count_nonzero(joined.usable) == 3 * 600 - 1
    assert not joined.usable[4, 30 + GAP + 5]


def test_one_picture_is_joined_to_itself_and_none_to_nothing() -> None:
    one = exemplar()
    assert Exemplar.join([one]) is one
    with pytest.raises(InputError, match="at least one"):
        Exemplar.join([])


def test_pictures_whose_classes_contradict_each_other_are_not_joined(sentence) -> None:
    wrong = flat((20, 20), 0.5, LabelClass(0, "grass", (0, 0, 255)))
    with pytest.raises(LabelError, match=r"'grass'.*'sea'") as error:
        Exemplar.join([exemplar(), wrong])
    sentence(error.value)
