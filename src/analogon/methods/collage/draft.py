"""One pass of the network alone: a first picture of a layout.

Each cell is copied whole from the place that the network finds likeliest. Where a border runs through it, the smaller
part continues what a neighbouring cell copies; pixels of another class than they should be are replaced by the nearest
of the right one. All of it can be exported, planes included; a stream has these from compiled kernels.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage as ndi
from torch import Tensor, nn

from analogon.methods.collage.advice import Keeper
from analogon.methods.collage.grids import grid_of, planes_of
from analogon.methods.collage.network import Attention

#: Where a part of a cell looks for what to continue, the first last: corners, neighbours, the cell itself.
WAYS = ((-1, -1), (-1, 1), (1, -1), (1, 1), (-1, 0), (1, 0), (0, -1), (0, 1), (0, 0))


class Draft(nn.Module):
    """A network with the keys and cells of its picture, for layouts of any size on cells of one size.

    Args:
        keeper: of the network and the picture.
        cell: pixels along a cell.
    """

    network: Attention
    cells: Tensor
    keys: Tensor
    entries: Tensor
    pixels: Tensor

    def __init__(self, keeper: Keeper, cell: int) -> None:
        super().__init__()
        source, keys = keeper.source(cell)
        self.network = keeper.network
        self.cell, self.classes = cell, keeper.classes
        self.grid, self.width = source.grid, keeper.ids.shape[1]
        main = source.main.cpu().numpy()
        entries, pixels = _cells_of_classes(keeper.ids, cell, self.classes)
        # source cells that a class is looked for in: those that are mostly of it, else any with a pixel of it
        mostly = [np.flatnonzero(main == c) for c in range(self.classes)]
        asked = [own if len(own) else np.flatnonzero(entries[c] >= 0) for c, own in enumerate(mostly)]
        self.counts = [len(own) for own in asked]
        cells = torch.from_numpy(np.concatenate(asked))
        self.register_buffer("cells", cells)
        self.register_buffer("keys", keys[cells.to(keys.device)].T.contiguous())
        self.register_buffer("entries", torch.from_numpy(entries))
        self.register_buffer("pixels", torch.from_numpy(pixels.astype(np.int32)))
        self.to(keeper.device)

    def forward(self, ids: Tensor) -> Tensor:
        """:meth:`of_planes` with planes that are computed in operations that can be exported."""
        if self.cell == 1:  # the network sees halves of cells
            twice = [torch.arange(2 * n, device=ids.device) // 2 for n in ids.shape]
            return self.of_planes(*planes_of(ids[twice[0]][:, twice[1]], 2, self.classes), ids)
        return self.of_planes(*planes_of(ids, self.cell, self.classes), ids)

    def of_planes(self, planes: Tensor, main: Tensor, ids: Tensor) -> Tensor:
        """Source pixels, as row * width + column, of a layout: int64 (h, w).

        Args:
            planes, main: of the layout, (C, gh, gw) and int64 (gh, gw); see :mod:`analogon.methods.collage.planes`.
            ids: its classes from 0, int64 (h, w).
        """
        rows, cols = (torch.arange(n, device=ids.device) for n in ids.shape)
        queries, _ = self.network.queries(planes[None])
        likeliest, first = [], 0
        for count in self.counts:
            logits = queries[0] @ self.keys[:, first : first + count]
            likeliest.append(self.cells[first + logits.argmax(1)] if count else torch.zeros_like(main).flatten())
            first += count
        chosen = self._continued(main, torch.stack(likeliest).view(-1, *main.shape))
        of_cell = chosen[ids, (rows // self.cell)[:, None], cols // self.cell]
        within = (rows % self.cell)[:, None] * self.cell + cols % self.cell
        return self.pixels[of_cell, within].long()

    def _continued(self, main: Tensor, likeliest: Tensor) -> Tensor:
        """Entries (K, gh, gw) that the pixels of each class in each cell are copied from.

        Args:
            main: the class of each cell (gh, gw).
            likeliest: the source cell of each class (K, gh, gw).
        """
        height, width = main.shape
        classes = torch.arange(self.classes, device=main.device)[:, None, None]
        place = likeliest.gather(0, main[None])[0]
        place = torch.stack([place // self.grid[1], place % self.grid[1], main])
        around = nn.functional.pad(place, (1, 1, 1, 1), value=-1)
        best = self.entries.gather(1, likeliest.flatten(1)).view_as(likeliest)
        for down, across in WAYS:
            row, col, own = around[:, 1 + down : 1 + down + height, 1 + across : 1 + across + width]
            row, col = row - down, col - across
            inside = (row >= 0) & (col >= 0) & (row < self.grid[0]) & (col < self.grid[1])
            flat = (row * self.grid[1] + col).where(inside, 0)
            entry = self.entries[:, flat]
            best = entry.where((own == classes) & inside & (entry >= 0), best)
        return best


def _cells_of_classes(ids: NDArray[np.uint16], cell: int, classes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What each class can be copied from.

    Returns:
        for each class and source cell the number of an entry (K, gh gw), -1 where the cell has no pixel of the class;
        and for each entry the pixel of its class that is nearest to each place in the cell (n, cell cell), as
        row * width + column.
    """
    height, width = ids.shape
    grid = grid_of(height, cell), grid_of(width, cell)
    whole = np.pad(ids, [(0, grid[0] * cell - height), (0, grid[1] * cell - width)], mode="edge")
    rows, cols = (np.minimum(np.arange(g * cell), n - 1) for g, n in zip(grid, ids.shape, strict=True))
    entries, pixels, known = np.full((classes, grid[0] * grid[1]), -1), [], 0
    for c in range(classes):
        there = (whole == c).reshape(grid[0], cell, grid[1], cell).any((1, 3)).ravel()
        count = int(there.sum())
        if not count:
            continue
        entries[c, there] = known + np.arange(count)
        known += count
        near = ndi.distance_transform_edt(ids != c, return_distances=False, return_indices=True)
        flat = (near[0].astype(np.int64) * width + near[1])[np.ix_(rows, cols)]
        cells = flat.reshape(grid[0], cell, grid[1], cell).swapaxes(1, 2).reshape(-1, cell * cell)
        pixels.append(cells[there])
    return entries, np.concatenate(pixels)
