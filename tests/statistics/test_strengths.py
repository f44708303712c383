import numpy as np
import pytest
from scipy import optimize

from analogon.statistics import bradley_terry, bradley_terry_intervals

# Agresti 1990, "Categorical Data Analysis", table 10.11: wins among seven baseball teams in 1987
# (Milwaukee, Detroit, Toronto, New York, Boston, Cleveland, Baltimore).
BASEBALL = np.array(
    [
        [0, 7, 9, 7, 7, 9, 11],
        [6, 0, 7, 5, 11, 9, 9],
        [4, 6, 0, 7, 7, 8, 12],
        [6, 8, 6, 0, 6, 7, 10],
        [6, 2, 6, 7, 0, 7, 12],
        [4, 4, 5, 6, 6, 0, 6],
        [2, 4, 1, 3, 1, 7, 0],
    ]
)


def test_a_published_example():
    found = bradley_terry(BASEBALL, prior=0)
    assert found.sum() == pytest.approx(1)
    expected = [1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839, 0]
    assert np.log(found / found[-1]) == pytest.approx(expected, abs=5e-5)


def test_two_things_are_a_share():
    assert bradley_terry([[0, 30], [10, 0]], prior=0) == pytest.approx([0.75, 0.25])


@pytest.mark.parametrize("prior", [0, 0.5, 3])
def test_the_strengths_do_not_change_by_another_step_of_mm(prior):
    """What Hunter 2004 iterates, with the prior as games against a thing of strength 1."""
    wins = np.random.default_rng(0).integers(1, 9, (5, 5)).astype(float)
    np.fill_diagonal(wins, 0)
    strengths = np.ones(5)
    for _ in range(5000):
        met = ((wins + wins.T) / (strengths[:, None] + strengths)).sum(axis=1) + 2 * prior / (strengths + 1)
        strengths = (wins.sum(axis=1) + prior) / met
    assert bradley_terry(wins, prior=prior) == pytest.approx(strengths / strengths.sum(), rel=1e-8)


def test_the_strengths_are_the_most_likely_ones():
    wins = np.array([[0, 8, 9, 20], [1, 0, 4, 0], [0, 5, 0, 3], [0, 2, 1, 0]])

    def unlikely(logs):
        chance = 1 / (1 + np.exp(logs[None, :] - logs[:, None]))
        average = 1 / (1 + np.exp(-logs))
        return -(wins * np.log(chance)).sum() - 0.5 * (np.log(average) + np.log(1 - average)).sum()

    best = np.exp(optimize.minimize(unlikely, np.zeros(4), tol=1e-12).x)
    assert bradley_terry(wins) == pytest.approx(best / best.sum(), rel=1e-4)


def test_a_thing_that_always_wins_has_a_strength():
    one = bradley_terry([[0, 1], [0, 0]])
    ten = bradley_terry([[0, 10], [0, 0]])
    million = bradley_terry([[0, 1e6], [0, 0]])
    assert 0.5 < one[0] < ten[0] < million[0] < 1
    # with strengths s and 1 / s the logarithm of the likelihood has the slope 1 / (1 + s^2) + 1 / 2 - s / (1 + s)
    s = np.sqrt(one[0] / one[1])
    assert 1 / (1 + s**2) + 0.5 - s / (1 + s) == pytest.approx(0, abs=1e-9)
    stronger = bradley_terry([[0, 10, 10], [0, 0, 5], [0, 5, 0]])
    assert stronger[0] > 10 * stronger[1] and stronger[1] == pytest.approx(stronger[2])


def test_the_prior_pulls_to_the_middle():
    free, weak, strong = (bradley_terry(BASEBALL, prior=prior) for prior in (0, 0.5, 50))
    assert (np.argsort(free) == np.argsort(weak)).all()
    assert free.max() > weak.max() > strong.max() > 1 / 7
    assert bradley_terry(np.zeros((3, 3))) == pytest.approx(1 / 3)


def test_groups_that_never_met_stand_alike():
    wins = np.array([[0, 3, 0, 0], [1, 0, 0, 0], [0, 0, 0, 3], [0, 0, 1, 0]])
    found = bradley_terry(wins)
    assert found[:2] == pytest.approx(found[2:])


@pytest.mark.parametrize("wins", [[[0, 1], [0, 0]], [[0, 2, 0], [2, 0, 0], [0, 0, 0]]])
def test_no_largest_likelihood_without_a_prior(wins):
    with pytest.raises(ValueError, match="prior"):
        bradley_terry(wins, prior=0)


@pytest.mark.parametrize("wins", [[[0]], [0, 1], np.zeros((2, 3)), [[0, -1], [1, 0]]])
def test_what_are_no_wins(wins):
    with pytest.raises(ValueError, match="Wins"):
        bradley_terry(wins)


def test_the_diagonal_is_not_looked_at_and_many_are_done_at_once():
    others = np.stack([BASEBALL, BASEBALL.T + 5 * np.eye(7)])
    found = bradley_terry(others)
    assert found[0] == pytest.approx(bradley_terry(BASEBALL))
    assert found[1] == pytest.approx(bradley_terry(BASEBALL.T))
    assert (others[1].diagonal() == 5).all()


def people(count, questions, seed=0):
    """Wins of participants with tastes of their own: each ranks three things in some questions."""
    rng = np.random.default_rng(seed)
    wins = np.zeros((count, 3, 3))
    for person in wins:
        taste = rng.normal([1, 0, -1], 1)
        for _ in range(questions):
            order = np.argsort(-(taste + rng.gumbel(size=3)))
            for a, b in ((0, 1), (0, 2), (1, 2)):
                person[order[a], order[b]] += 1
    return wins


def test_intervals_hold_the_strengths_and_draw_people():
    wins = people(12, 6)
    found = bradley_terry_intervals(wins)
    strengths = bradley_terry(wins.sum(axis=0))
    assert found.shape == (3, 2)
    assert (found[:, 0] < strengths).all() and (strengths < found[:, 1]).all()
    # the same people asked ten times as much are no more people: the intervals stay, but for the prior's part
    again = bradley_terry_intervals(wins * 10)
    assert np.diff(again) == pytest.approx(np.diff(found), rel=0.1)
    more = bradley_terry_intervals(people(300, 6))
    assert (np.diff(more) < 0.5 * np.diff(found)).all()


def test_level_draws_seed_and_prior_of_the_intervals():
    wins = people(8, 4)
    found = bradley_terry_intervals(wins)
    assert (found == bradley_terry_intervals(wins)).all()
    assert (np.diff(bradley_terry_intervals(wins, level=0.5)) < np.diff(found)).all()
    for other in ({"seed": 1}, {"draws": 999}, {"prior": 5}):
        assert (found != bradley_terry_intervals(wins, **other)).any()
    assert np.isnan(bradley_terry_intervals(wins[:1])).all()
    with pytest.raises(ValueError, match="participants"):
        bradley_terry_intervals(wins[0])
