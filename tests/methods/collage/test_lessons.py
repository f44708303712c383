"""What is asked of one small picture."""

import numpy as np
import torch

from analogon.methods.collage.config import Config
from analogon.methods.collage.invent import KNOWN
from analogon.methods.collage.lessons import COLOURS, Lesson, Source
from analogon.methods.collage.planes import layout_of

from .scenes import BEAST, SHAPE, elbow, painted

CELL = 4


def lesson(ids, usable=None, seed=0, cell=CELL, config=None) -> Lesson:
    classes = int(ids.max()) + 1
    return Lesson(
        Source.of(painted(ids), ids, usable, classes, cell), ids, classes, cell, config or Config(), seed=seed
    )


def corner() -> np.ndarray:
    """Usable pixels: the lower right is not, nor is one pixel elsewhere."""
    usable = np.ones(SHAPE, bool)
    usable[30:, 30:] = False
    usable[9, 5] = False
    return usable


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


def test_what_is_asked():
    """Cells whose class is known, objects before all, and where in the source they were."""
    one = lesson(elbow(), config=Config(batch=3, asked=60))
    shares = []
    for n in range(8):
        asked = one.questions(np.random.default_rng((0, n)))
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
    one = lesson(elbow(), config=Config(batch=1, asked=192))
    asked = one.questions(np.random.default_rng(3))
    made = one.inventor.invent(np.random.default_rng(3))
    parts = (asked.cells, asked.main, asked.rows, asked.cols, asked.known)
    for cell, main, row, col, known in zip(*parts, strict=True):
        y, x = (int(v) * CELL + CELL // 2 for v in divmod(int(cell), 16))
        # in cells, whose middles are whole numbers
        expected = (made.places[y, x] + 0.5) / CELL - 0.5
        assert np.allclose([row, col], expected, atol=1e-4)
        assert bool(known) == (made.state[y, x] == KNOWN)
        # of cells that classes share only those whose middle shows their main one
        assert made.ids[y, x] == main
