"""Learning one small picture."""

import numpy as np
import pytest
import torch

from analogon.methods.collage.config import Config
from analogon.methods.collage.invent import KNOWN
from analogon.methods.collage.planes import layout_of
from analogon.methods.collage.training import COLOURS, SPREAD, Source, Trainer

from .scenes import BEAST, SHAPE, bands, comb, elbow, painted, plain, squares, strip, tiny

CELL = 4


def trainer(ids=None, usable=None, seed=0, cell=CELL, **options) -> Trainer:
    ids = elbow() if ids is None else ids
    classes = int(ids.max()) + 1
    settings = {"steps": 40, "batch": 2, "asked": 120, **options}
    source = Source.of(painted(ids), ids, usable, classes, cell)
    return Trainer(source, ids, classes, cell, Config(**settings), seed=seed, device=torch.device("cpu"))


def weights(trained: Trainer) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in trained.network.parameters()])


def corner() -> np.ndarray:
    """Usable pixels: the lower right is not, nor is one pixel elsewhere."""
    usable = np.ones(SHAPE, bool)
    usable[30:, 30:] = False
    usable[9, 5] = False
    return usable


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
    asked = [first._questions(np.random.default_rng((seed, n))).planes for seed, n in ((0, 1), (0, 2), (1, 1))]
    assert not torch.equal(asked[0], asked[1]) and not torch.equal(asked[0], asked[2])


def test_a_state_taken_back_goes_on_bit_for_bit():
    whole, half, resumed, late = (trainer(steps=6) for _ in range(4))
    for n in range(6):
        whole.step(n)
    for n in range(3):
        half.step(n)
    state = half.state()
    half.step(3)  # a state is a copy
    resumed.load(state)
    late.load(state)
    for n in range(3, 6):
        resumed.step(n)
        late.step(n - 1)  # off by one
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


def test_the_source_on_its_grid():
    ids = elbow()
    source = Source.of(painted(ids), ids, None, 2, CELL)
    layout = layout_of(ids, CELL, 2)
    assert source.grid == (12, 16)
    assert torch.equal(source.planes[0], torch.from_numpy(layout.planes))
    assert torch.equal(source.main, torch.from_numpy(layout.main.ravel()))
    assert source.colours.shape == (1, COLOURS, 12, 16) and source.colours.dtype == torch.float32
    quarters = source.colours[0, :, 5, 7].view(2, 2, 3) + 0.5
    for y, x in np.ndindex(2, 2):
        block = painted(ids)[20 + 2 * y : 22 + 2 * y, 28 + 2 * x : 30 + 2 * x]
        assert np.allclose(quarters[y, x], block.mean((0, 1)), atol=1e-6)


def test_cells_with_an_unusable_pixel_are_never_a_place():
    usable = corner()
    run = trainer(usable=usable)
    bad = ~usable.reshape(12, CELL, 16, CELL).all((1, 3)).ravel()
    assert bad.sum() == 1 + 5 * 9
    assert (run.source.main.numpy()[bad] == -1).all() and (run.source.main.numpy()[~bad] >= 0).all()
    places = torch.cat(run.places).numpy()
    assert not bad[places].any() and len(places) == (~bad).sum()
    for n in range(10):
        asked = run._questions(np.random.default_rng((0, n)))
        rows = asked.rows[asked.known].round().clamp(0, 11)
        cols = asked.cols[asked.known].round().clamp(0, 15)
        true = (rows * 16 + cols).long()
        assert torch.equal(run.source.main[true], asked.main[asked.known])
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


def test_what_is_asked():
    """Cells whose class is known, objects before all, and where in the source they were."""
    run = trainer(batch=3, asked=60)
    shares = []
    for n in range(8):
        asked = run._questions(np.random.default_rng((0, n)))
        assert asked.planes.shape[0] == 3
        assert len(asked.cells) <= 3 * 60
        assert len(torch.unique(asked.cells)) == len(asked.cells)
        assert asked.cells.max() < 3 * 12 * 16
        shares.append(float((asked.main == BEAST).float().mean()))
        # what a cell shows most of is what it is asked as
        inside = asked.planes.flatten(2)[asked.cells // 192, :, asked.cells % 192][:, 6:10].mean(1) > 0.5
        assert torch.equal(inside, asked.main == BEAST)
    assert 0.3 < np.mean(shares) < 0.8
    # in the whole layout they are fewer
    assert np.mean(shares) > 2 * (elbow() == BEAST).mean()


def test_known_places_are_those_of_the_inventor():
    run = trainer(batch=1, asked=192)
    asked = run._questions(np.random.default_rng(3))
    made = run.inventor.invent(np.random.default_rng(3))
    parts = (asked.cells, asked.main, asked.rows, asked.cols, asked.known)
    for cell, main, row, col, known in zip(*parts, strict=True):
        y, x = (int(v) * CELL + CELL // 2 for v in divmod(int(cell), 16))
        # in cells, whose middles are whole numbers
        expected = (made.places[y, x] + 0.5) / CELL - 0.5
        assert np.allclose([row, col], expected, atol=1e-4)
        assert bool(known) == (made.state[y, x] == KNOWN)
        # of cells that classes share only those whose middle shows their main one
        assert made.ids[y, x] == main


def test_fits_are_those_of_the_reference():
    """Mean logits under a Gaussian about the truth, over the class's own cells of the nine about it."""
    run = trainer(usable=corner())
    rng = np.random.default_rng(0)
    for c in (0, 1):
        own = run.places[c].tolist()
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
        fits, errors = run._fit(
            torch.from_numpy(logits).float(), c, torch.from_numpy(rows).float(), torch.from_numpy(cols).float()
        )
        assert np.allclose(fits, expected, atol=1e-4)
        assert np.allclose(errors, near, atol=1e-4)


@pytest.mark.parametrize(("field", "value"), [("steps", 80), ("batch", 3), ("asked", 40), ("learning_rate", 0.0005)])
def test_an_option_changes_what_is_learnt(field, value):
    ends = []
    for options in ({}, {field: value}):
        run = trainer(**options)
        for n in range(2):
            run.step(n)
        ends.append(weights(run))
    assert not torch.equal(*ends)


def test_the_rate_rises_and_falls():
    run = trainer(steps=400, batch=1, asked=16)
    rates = []
    for n in (0, 39, 200, 399):
        run.step(n)
        rates.append(run.optimiser.param_groups[0]["lr"])
    assert rates[0] < 0.1 * rates[1] and rates[1] > rates[2] > rates[3]
    assert rates[3] < 0.01 * rates[1]
