import pickle

import numpy as np
import pytest

from analogon import OptionError
from analogon.augment import MadeSamples, Sample, Settings, Sources, Transform, make_sample

SETTINGS = Settings(seed=3, size=(24, 32), layouts=("warps",), stretch=100, agreement=0, similarity=1, cost=100)


@pytest.fixture(scope="module")
def sources(make_exemplar):
    return Sources.of([make_exemplar((24, 32))])


@pytest.fixture(scope="module")
def made(sources):
    return MadeSamples(sources, SETTINGS, 3)


def same(one, other):
    return (one.image == other.image).all() and (one.labels.ids == other.labels.ids).all()


def test_a_number_is_a_sample(made, sources):
    assert len(made) == 3
    for number in range(3):
        expected = make_sample(sources, SETTINGS, number)
        assert isinstance(expected, Sample)
        assert made[number].name == expected.name == f"{number:06d}"
        assert same(made[number], expected) and same(made[number], made[number - 3])
    assert not same(made[0], made[1])
    other = MadeSamples(sources, SETTINGS.model_copy(update={"seed": 4}), 3)
    assert not same(made[0], other[0])


def test_another_process_makes_the_same(made):
    again = pickle.loads(pickle.dumps(made))  # noqa: S301 - as the loader of a training does it
    assert len(again) == 3 and same(again[1], made[1])
    with pytest.raises(IndexError):
        again[3]


def test_what_is_refused_is_made_of_a_later_index(sources):
    """A bar that some samples pass: those that do not are taken from the same number one round further on."""
    found = [make_sample(sources, SETTINGS, index) for index in range(12)]
    similar = sorted(sample.record["figures"]["similarity"] for sample in found)
    strict = SETTINGS.model_copy(update={"similarity": similar[6]})
    passed = [sample.record["figures"]["similarity"] <= similar[6] for sample in found]
    pool, moved = MadeSamples(sources, strict, 2), 0
    for number in range(2):
        first = next(index for index in range(number, 12, 2) if passed[index])
        assert pool[number].name == f"{first:06d}"
        moved += first != number
    assert moved


def test_nothing_but_refusals(sources, sentence):
    with pytest.raises(OptionError) as error:
        MadeSamples(sources, SETTINGS.model_copy(update={"stretch": 1.0, "similarity": 0.0}), 1)[0]
    sentence(error.value, "refused")


@pytest.mark.parametrize("count", [0, -1])
def test_no_samples_at_all(sources, count, sentence):
    with pytest.raises(OptionError) as error:
        MadeSamples(sources, SETTINGS, count)
    sentence(error.value, count)


def test_a_transform_makes_what_it_draws(made):
    answer = Transform(made, p=1.0)(image=np.zeros((24, 32, 3), np.float32), mask=np.zeros((24, 32), np.uint8))
    assert any((answer["image"] == one.image).all() and (answer["mask"] == one.labels.ids).all() for one in made)


def test_workers_make_the_same(made):
    torch = pytest.importorskip("torch")
    from analogon.augment import SampleDataset

    loader = torch.utils.data.DataLoader(SampleDataset(made), batch_size=1, num_workers=2)
    for item, one in zip(loader, made, strict=True):
        assert item["name"] == [one.name]
        assert (item["image"][0].numpy().transpose(1, 2, 0) == one.image).all()
