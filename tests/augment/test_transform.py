import random
from dataclasses import replace

import numpy as np
import pytest

from analogon import OptionError
from analogon.augment.pools import Remembered, StoredSamples
from analogon.augment.transform import Transform
from analogon.io import to_bytes

from .samples import CELL, hard_samples

SIZE = (20, 24)


@pytest.fixture
def stored(dataset):
    return StoredSamples(dataset)


def pair(shape=SIZE, kind=np.uint8):
    return {"image": np.full((*shape, 3), 7, kind), "mask": np.full(shape, 200, np.int32)}


def which(image, mask):
    """The names of the samples that have exactly this picture and these labels."""
    return [s.name for s in hard_samples() if (to_bytes(s.image) == image).all() and (s.labels.ids == mask).all()]


def test_a_sample_takes_the_place_of_the_pair(stored):
    transform, seen = Transform(stored, p=1.0), set()
    for _ in range(60):
        given = pair()
        made = transform(**given, caption="kept")
        assert made["caption"] == "kept" and made["mask"].dtype == np.int32
        (name,) = which(made["image"], made["mask"])
        seen.add(name)
        assert (given["image"] == 7).all() and (given["mask"] == 200).all()
    assert len(seen) > 4


def test_how_often(stored):
    random.seed(1)
    transform = Transform(stored, p=0.3)
    replaced = [transform(**pair())["mask"].max() != 200 for _ in range(400)]
    assert 0.22 < np.mean(replaced) < 0.38
    assert not any(Transform(stored, p=0.0)(**pair())["mask"].max() != 200 for _ in range(20))
    assert Transform(stored, p=0.0)(**pair(), force_apply=True)["mask"].max() != 200


def test_random_seed_repeats_it(stored):
    def drawn():
        random.seed(4)
        transform = Transform(stored, p=0.5)
        return np.stack([transform(**pair((11, 13)))["image"] for _ in range(8)])

    assert (drawn() == drawn()).all()


@pytest.mark.parametrize("shape", [(7, 9), (20, 9), (33, 24), (61, 50), (1, 1)])
def test_sizes(stored, shape):
    """A part of a larger sample, a smaller one with its mirror image; labels go with the colours."""
    colors = {}
    for one in hard_samples():
        for color, label in zip(to_bytes(one.image).reshape(-1, 3), one.labels.ids.ravel(), strict=True):
            colors.setdefault(tuple(color.tolist()), set()).add(int(label))
    transform = Transform(stored, p=1.0)
    for _ in range(5):
        made = transform(**pair(shape))
        assert made["image"].shape == (*shape, 3) and made["mask"].shape == shape
        for color, label in zip(made["image"].reshape(-1, 3), made["mask"].ravel(), strict=True):
            assert int(label) in colors[tuple(color.tolist())]


def test_parts_come_from_everywhere(stored):
    random.seed(0)
    transform, starts = Transform([hard_samples()[0]], p=1.0), set()
    whole = to_bytes(hard_samples()[0].image)
    for _ in range(200):
        image = transform(**pair((18, 22)))["image"]
        starts |= {(r, c) for r in range(3) for c in range(3) if (whole[r : r + 18, c : c + 22] == image).all()}
    assert len(starts) == 9


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_types_and_channels(kind, channels):
    one = hard_samples()[0]
    given = {"image": np.zeros((*SIZE, *channels), kind), "mask": np.zeros(SIZE, np.uint8)}
    made = Transform([one], p=1.0)(**given)
    assert made["image"].dtype == kind and made["image"].shape == (*SIZE, *channels) and made["mask"].dtype == np.uint8
    expected = one.image if channels == (3,) else one.image.mean(axis=2).reshape(*SIZE, *channels)
    top = 255 if kind == np.uint8 else 1
    assert np.abs(made["image"].astype(float) / top - expected).max() <= (0.51 / 255 if top == 255 else 1e-6)


def test_instances_go_with_the_labels():
    one = hard_samples()[0]
    made = Transform([one], p=1.0)(**pair((15, 15)), instances=np.zeros((15, 15), np.uint16))
    assert made["instances"].dtype == np.uint16
    assert ((made["instances"] > 0) == (made["mask"] != 3)).all() and made["instances"].max() > 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mask": None}, "mask="),
        ({"image": [[1]]}, "image="),
        ({"image": np.zeros((*SIZE, 4), np.uint8)}, "(20, 24, 4)"),
        ({"image": np.zeros((*SIZE, 3), np.int32)}, "int32"),
        ({"mask": np.zeros((20, 23), int)}, "mask"),
        ({"mask": np.zeros(SIZE)}, "mask"),
        ({"bboxes": [[0, 0, 1, 1]]}, "bboxes"),
        ({"masks": [np.zeros(SIZE)]}, "masks"),
    ],
)
def test_what_cannot_be_transformed(stored, changes, words, sentence):
    with pytest.raises(OptionError) as error:
        Transform(stored, p=0.0)(**{**pair(), **changes})
    sentence(error.value, words)


def test_ids_that_do_not_fit(sentence):
    one = hard_samples()[0]
    many = replace(one, instances=one.instances * 200, instance_classes=(CELL,) * 400)
    with pytest.raises(OptionError) as error:
        Transform([many], p=1.0)(**pair(), instances=np.zeros(SIZE, np.uint8))
    sentence(error.value, "400", "instances=")


@pytest.mark.parametrize("p", [-0.1, 1.1])
def test_a_probability_out_of_range(stored, p, sentence):
    with pytest.raises(OptionError) as error:
        Transform(stored, p=p)
    sentence(error.value, p)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
class TestComposed:
    @pytest.fixture(autouse=True)
    def albumentations(self, monkeypatch):
        monkeypatch.setenv("NO_ALBUMENTATIONS_UPDATE", "1")
        return pytest.importorskip("albumentations")

    def test_it_is_one_of_several(self, stored, albumentations):
        composed = albumentations.Compose([Transform(stored, p=1.0), albumentations.HorizontalFlip(p=1.0)], strict=True)
        made = composed(**pair())
        assert which(made["image"][:, ::-1], made["mask"][:, ::-1])
        assert "Transform(7 samples" in repr(composed)

    def test_it_is_nested_and_chosen(self, stored, albumentations):
        inner = albumentations.OneOf([Transform(stored, p=1.0), albumentations.NoOp(p=1.0)], p=1.0)
        composed = albumentations.Compose([albumentations.Sequential([inner])], seed=3)
        replaced = [composed(**pair())["mask"].max() != 200 for _ in range(40)]
        assert 5 < sum(replaced) < 35

    def test_instances_are_a_target(self, stored, albumentations):
        composed = albumentations.Compose(
            [Transform(stored, p=1.0), albumentations.VerticalFlip(p=1.0)], additional_targets={"instances": "mask"}
        )
        made = composed(**pair(), instances=np.zeros(SIZE, np.int32))
        (name, *_) = which(made["image"][::-1], made["mask"][::-1])
        one = next(s for s in hard_samples() if s.name == name)
        assert (made["instances"][::-1] == one.instances).all()

    def test_other_targets_are_refused(self, stored, albumentations, sentence):
        with pytest.raises(OptionError) as error:
            albumentations.Compose([Transform(stored)], additional_targets={"depth": "mask"})
        sentence(error.value, "depth")

    def test_boxes_are_refused(self, stored, albumentations, sentence):
        composed = albumentations.Compose(
            [albumentations.HorizontalFlip(), Transform(stored)],
            bbox_params=albumentations.BboxParams("pascal_voc", label_fields=["names"]),
        )
        with pytest.raises(OptionError) as error:
            composed(**pair(), bboxes=[[1, 1, 5, 5]], names=["a"])
        sentence(error.value, "bboxes")


class Counting(list):
    """Samples that count how often they are asked for."""

    def __getitem__(self, number):
        self.asked = [*getattr(self, "asked", ()), number]
        return super().__getitem__(number)


def test_as_many_are_remembered_as_were_asked_for():
    samples = Counting(hard_samples())
    kept = Remembered(samples, 2)
    for number in (0, 1, 0, 2, 0, 1, 1, -1, 6):
        assert kept[number] is list.__getitem__(samples, number)
    assert samples.asked == [0, 1, 2, 1, 6]
    nothing = Remembered(Counting(hard_samples()), 0)
    assert [nothing[0].name for _ in range(3)] == ["000000"] * 3
    assert nothing._samples.asked == [0, 0, 0]
    assert len(kept) == 7 and len(kept._kept) == 2


@pytest.mark.parametrize(("samples", "most"), [([], 3), ([1], -1)])
def test_what_cannot_be_remembered(samples, most, sentence):
    with pytest.raises(OptionError) as error:
        Remembered(samples, most)
    sentence(error.value)


def test_stored_samples_are_a_sequence(stored, tmp_path, sentence):
    from analogon import InputError

    assert len(stored) == 7
    assert [one.name for one in stored] == [one.name for one in hard_samples()]
    assert stored[-1].name == hard_samples()[-1].name
    assert [one.name for one in stored[1:3]] == ["000001", "000002"]
    with pytest.raises(IndexError, match="7"):
        stored[7]
    with pytest.raises(InputError) as error:
        StoredSamples(tmp_path)
    sentence(error.value, tmp_path)
