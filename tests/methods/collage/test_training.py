"""Learning one small picture."""

import numpy as np
import pytest
import torch

from analogon.methods.collage.config import Config
from analogon.methods.collage.training import SPREAD, Trainer

from .scenes import SHAPE, bands, comb, elbow, plain, squares, strip, tiny
from .test_lessons import CELL, corner, lesson


def trainer(ids=None, usable=None, seed=0, cell=CELL, **options) -> Trainer:
    ids = elbow() if ids is None else ids
    config = Config(**{"steps": 40, "batch": 2, "asked": 120, **options})
    return Trainer([lesson(ids, usable, seed, cell, config)], config, seed=seed, device=torch.device("cpu"))


def weights(trained: Trainer) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in trained.network.parameters()])


def test_the_loss_falls_and_places_come_near():
    run = trainer(asked=200)
    logs = [run.step(n) for n in range(40)]
    assert all(np.isfinite(value) for log in logs for value in log.values())
    first, last = ({key: np.mean([log[key] for log in part]) for key in logs[0]} for part in (logs[:5], logs[-5:]))
    assert last["place"] < 0.6 * first["place"]
    assert last["near"] > first["near"] + 0.3
    assert last["none"] < first["none"] + 0.5


def test_a_step_depends_on_its_number_and_the_seed_alone():
    first, second = trainer(), trainer()
    first.step(0)
    second.step(0)
    torch.rand(17)
    np.random.default_rng().random(3)
    a, b = first.step(1), second.step(1)
    assert a == b and torch.equal(weights(first), weights(second))
    assert not torch.equal(weights(first), weights(trainer(seed=1)))
    # of a landscape without objects nothing else is drawn than layouts
    ends = []
    for seed in (0, 1):
        run = trainer(bands(), seed=seed)
        run.network.load_state_dict(trainer(bands()).network.state_dict())
        run.step(1)
        ends.append(weights(run))
    assert not torch.equal(*ends)
    asked = [
        first.lessons[0].questions(np.random.default_rng((seed, n))).planes for seed, n in ((0, 1), (0, 2), (1, 1))
    ]
    assert not torch.equal(asked[0], asked[1]) and not torch.equal(asked[0], asked[2])


def test_a_state_taken_back_goes_on_bit_for_bit():
    whole, half, resumed, late = (trainer(steps=6) for _ in range(4))
    for n in range(6):
        whole.step(n, n / 6)
    for n in range(3):
        half.step(n, n / 6)
    state = half.state()
    half.step(3)  # a state is a copy
    resumed.load(state)
    late.load(state)
    for n in range(3, 6):
        resumed.step(n, n / 6)
        late.step(n - 1, n / 6)  # off by one
    assert all(torch.equal(a, b) for a, b in zip(resumed.state().values(), whole.state().values(), strict=True))
    assert not torch.equal(weights(late), weights(whole))


def test_a_state_of_another_network_is_refused():
    state = trainer(squares()).state()
    with pytest.raises(RuntimeError):
        trainer().load(state)


def test_global_random_state_is_left_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    trainer().step(0)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_cells_with_an_unusable_pixel_are_never_a_place():
    usable = corner()
    run = trainer(usable=usable)
    bad = ~usable.reshape(12, CELL, 16, CELL).all((1, 3)).ravel()
    assert bad.sum() == 1 + 5 * 9
    main = run.main[0].numpy()
    assert (main[bad] == -1).all() and (main[~bad] >= 0).all()
    places = torch.cat([cells[0] for cells, _ in run.places]).numpy()
    assert not bad[places].any() and len(places) == (~bad).sum()
    for n in range(10):
        asked = run.lessons[0].questions(np.random.default_rng((0, n)))
        rows = asked.rows[asked.known].round().clamp(0, 11)
        cols = asked.cols[asked.known].round().clamp(0, 15)
        true = (rows * 16 + cols).long()
        assert torch.equal(run.main[0][true], asked.main[asked.known])
    assert np.isfinite(list(run.step(0).values())).all()


def test_without_a_usable_cell_nothing_is_learnt():
    usable = np.ones(SHAPE, bool)
    usable[::CELL, ::CELL] = False
    run = trainer(usable=usable)
    before = weights(run)
    assert run.step(0) == {"place": 0, "none": 0, "near": 0}
    assert torch.equal(weights(run), before)


@pytest.mark.parametrize("make", [plain, bands, squares, strip, tiny, comb])
@pytest.mark.parametrize("cell", [2, 8])
def test_any_layout_is_learnt(make, cell):
    run = trainer(make(), cell=cell)
    before = weights(run)
    logs = [run.step(n) for n in range(2)]
    assert all(np.isfinite(value) for log in logs for value in log.values())
    assert not torch.equal(weights(run), before) and torch.isfinite(weights(run)).all()


def test_fits_are_those_of_the_reference():
    """Mean logits under a Gaussian about the truth, over the class's own cells of the nine about it."""
    run = trainer(usable=corner())
    rng = np.random.default_rng(0)
    for c in (0, 1):
        own = run.places[c][0][0].tolist()
        rows, cols = rng.uniform(-0.5, 11.5, 30), rng.uniform(-0.5, 15.5, 30)
        logits = rng.normal(size=(30, len(own)))
        expected, near = np.zeros(30), np.zeros(30)
        for n, (row, col) in enumerate(zip(rows, cols, strict=True)):
            total = 0.0
            for y in range(round(row) - 1, round(row) + 2):
                for x in range(round(col) - 1, round(col) + 2):
                    if 0 <= y < 12 and 0 <= x < 16 and y * 16 + x in own:
                        weight = np.exp(-0.5 * ((y - row) ** 2 + (x - col) ** 2) / SPREAD**2)
                        expected[n] += weight * logits[n, own.index(y * 16 + x)]
                        total += weight
            expected[n] /= max(total, 1e-6)
            y, x = divmod(own[int(logits[n].argmax())], 16)
            near[n] = np.hypot(y - row, x - col)
        given = (torch.from_numpy(x).float()[None] for x in (logits, rows, cols))
        fits, errors = run._fit(next(given), c, *given)
        assert np.allclose(fits, expected, atol=1e-4)
        assert np.allclose(errors, near, atol=1e-4)


@pytest.mark.parametrize(("field", "value"), [("steps", 80), ("batch", 3), ("asked", 40), ("learning_rate", 0.0005)])
def test_an_option_changes_what_is_learnt(field, value):
    ends = []
    for options in ({}, {field: value}):
        run = trainer(**options)
        for n in range(2):
            run.step(n, n / run.steps)
        ends.append(weights(run))
    assert not torch.equal(*ends)


def test_the_rate_rises_and_falls():
    run = trainer(steps=400, batch=1, asked=16)
    rates = []
    for n in (0, 39, 200, 399):
        run.step(n, n / 400)
        rates.append(run.optimiser.param_groups[0]["lr"])
    assert rates[0] < 0.1 * rates[1] and rates[1] > rates[2] > rates[3]
    assert rates[3] < 0.01 * rates[1]
