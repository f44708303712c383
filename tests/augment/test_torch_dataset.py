import random

import numpy as np
import pytest

from analogon.augment.pools import StoredSamples
from analogon.augment.transform import Transform

from .samples import hard_samples

torch = pytest.importorskip("torch")
from torch.utils.data import DataLoader, Dataset  # noqa: E402

from analogon.augment.torch_dataset import SampleDataset  # noqa: E402


@pytest.fixture
def stored(dataset):
    return StoredSamples(dataset)


def test_items(stored):
    data = SampleDataset(stored, instances=True)
    assert isinstance(data, Dataset) and len(data) == 7
    for item, one in zip((data[n] for n in range(7)), hard_samples(), strict=True):
        assert item["name"] == one.name
        assert item["image"].dtype == torch.float32 and item["image"].shape == (3, *one.shape)
        assert np.abs(item["image"].numpy().transpose(1, 2, 0) - one.image).max() < 0.51 / 255
        assert item["mask"].dtype == item["instances"].dtype == torch.int64
        assert (item["mask"].numpy() == one.labels.ids).all() and (item["instances"].numpy() == one.instances).all()
    assert set(SampleDataset(stored)[0]) == {"image", "mask", "name"}
    with pytest.raises(IndexError):
        data[7]


def test_items_are_their_own(stored):
    """What a training changes in place does not come back."""
    data = SampleDataset(stored)
    before = data[0]["image"].clone()
    data[0]["image"].zero_()
    data[0]["mask"].zero_()
    assert (data[0]["image"] == before).all() and data[0]["mask"].any()


@pytest.mark.parametrize("start", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_workers_give_the_same_items(stored, start):
    expected = list(DataLoader(SampleDataset(stored, instances=True), batch_size=3))
    data = SampleDataset(stored, instances=True, cache=1)
    data[3]  # what is kept here does not travel
    found = DataLoader(data, batch_size=3, num_workers=2, multiprocessing_context=start)
    for one, other in zip(expected, found, strict=True):
        assert one["name"] == other["name"]
        assert all((one[name] == other[name]).all() for name in ("image", "mask", "instances"))


def flipped(**data):
    """A transform as Albumentations has them."""
    return {
        name: [mask[:, ::-1] for mask in value] if name == "masks" else value[:, ::-1] for name, value in data.items()
    }


@pytest.mark.parametrize("instances", [False, True])
def test_a_transform_sees_eight_bits(stored, instances):
    seen = []

    def transform(**data):
        seen.append({name: (value[0] if name == "masks" else value).dtype for name, value in data.items()})
        return flipped(**data)

    plain, turned = (SampleDataset(stored, instances=instances, transform=t)[0] for t in (None, transform))
    assert seen == [{"image": np.uint8, ("masks" if instances else "mask"): np.uint8}]
    assert (turned["image"].flip(-1) == plain["image"]).all()
    for name in ("mask", "instances")[: 1 + instances]:
        assert (turned[name].flip(-1) == plain[name]).all() and turned[name].dtype == torch.int64


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_albumentations_before_tensors(stored, monkeypatch):
    monkeypatch.setenv("NO_ALBUMENTATIONS_UPDATE", "1")
    albumentations = pytest.importorskip("albumentations")
    from albumentations.pytorch import ToTensorV2

    crop = [albumentations.CenterCrop(8, 10), albumentations.HorizontalFlip(p=1.0)]
    plain = SampleDataset(stored, instances=True)[0]
    for last in ([], [ToTensorV2()], [albumentations.Normalize((0, 0, 0), (1, 1, 1)), ToTensorV2()]):
        item = SampleDataset(stored, instances=True, transform=albumentations.Compose([*crop, *last]))[0]
        for name in ("image", "mask", "instances"):
            part = plain[name][..., 6:14, 7:17].flip(-1)
            assert item[name].dtype == part.dtype and torch.allclose(item[name], part, atol=1e-6)


class Pairs(Dataset):
    """A training set of one pair, varied by a transform."""

    def __init__(self, transform):
        self.transform = transform

    def __len__(self):
        return 12

    def __getitem__(self, number):
        return self.transform(image=np.zeros((20, 24, 3), np.uint8), mask=np.zeros((20, 24), np.int64))["image"]


def test_workers_draw_different_samples(stored):
    def drawn(seed):
        random.seed(0)
        torch.manual_seed(seed)
        loader = DataLoader(Pairs(Transform(stored, p=1.0)), batch_size=6, num_workers=2)
        return [batch.numpy() for batch in loader]

    first, second = drawn(1)
    assert (first != second).any()
    assert all((a == b).all() for a, b in zip(drawn(1), (first, second), strict=True))
