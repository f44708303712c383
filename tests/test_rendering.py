import numpy as np
import pytest

from analogon import Guide, InputError, OptionError
from analogon.rendering import PLAIN, Wishes


@pytest.fixture
def guide():
    rng = np.random.default_rng(0)
    return Guide("edges", rng.random((4, 5)), rng.random((6, 7)), 2)


def test_a_guide_holds_read_only_float32(guide):
    assert (guide.source.dtype, guide.target.dtype) == (np.float32, np.float32)
    assert guide.weight == 2.0
    with pytest.raises(ValueError, match="read-only"):
        guide.source[0, 0] = 1


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        (np.zeros((4, 5), int), np.zeros((6, 7)), "source"),
        (np.zeros((4, 5)), np.zeros(6), "target"),
        (np.zeros((4, 5)), np.zeros((6, 7, 1, 1)), "target"),
        (np.zeros((0, 5)), np.zeros((6, 7)), "source"),
        (np.zeros((4, 5)), np.full((6, 7), np.nan), "target"),
        (np.zeros((4, 5)), np.zeros((6, 7, 3)), "channels"),
        (np.zeros((4, 5, 2)), np.zeros((6, 7, 3)), "channels"),
    ],
)
def test_what_is_no_guide(source, target, words, sentence):
    with pytest.raises(InputError) as error:
        Guide("edges", source, target)
    sentence(error.value, "'edges'", words)


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf"), True])
def test_a_weight_is_a_number_above_0(weight, sentence):
    with pytest.raises(OptionError) as error:
        Guide("edges", np.zeros((4, 5)), np.zeros((6, 7)), weight)
    sentence(error.value, "'edges'", repr(weight))


def test_wishes_know_which_of_them_are_not_the_default(guide):
    assert PLAIN.asked() == Wishes("auto", guides=()).asked() == ()
    assert Wishes("none").asked() == Wishes(np.ones((3, 4), bool)).asked() == ("keep",)
    assert Wishes("none", True, True, (guide,)).asked() == ("keep", "tile", "preview", "guides")


def test_wishes_can_be_told_apart_by_their_records(guide):
    mask = np.zeros((3, 4), bool)
    mask[1, 2] = True
    other = Guide("edges", guide.source, guide.target[::-1], 2)
    records = [
        wishes.record()
        for wishes in (
            PLAIN,
            Wishes("none"),
            Wishes(mask),
            Wishes(mask[:, ::-1]),
            Wishes(tile=True),
            Wishes(preview=True),
            Wishes(guides=(guide,)),
            Wishes(guides=(other,)),
            Wishes(places=np.zeros((3, 4, 2), np.int32)),
            Wishes(places=np.ones((3, 4, 2), np.int32)),
        )
    ]
    assert all(a != b for i, a in enumerate(records) for b in records[:i])
    assert records[0] == {"keep": "auto", "tile": False, "preview": False, "guides": []}
    assert records[2]["keep"]["share"] == pytest.approx(1 / 12)
