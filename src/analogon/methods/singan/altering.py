"""Altered pictures to practise on: what is pasted into a picture that is to be made consistent."""

from __future__ import annotations

import torch
from torch import Tensor

#: At most so many pieces, with sides of these shares of the picture's.
MOST_PIECES, LEAST_SIDE, MOST_SIDE = 4, 0.12, 0.5
#: Pieces of colour: contrast and channels by up to this factor, brightness by this shift in [-1, 1].
CONTRAST, TINT, SHIFT = 0.5, 0.3, 0.4


def altered(picture: Tensor, kind: str, draws: torch.Generator) -> Tensor:
    """The picture (1, 3, h, w) with some rectangles in other places (``"pieces"``) or other colours (``"colours"``)."""
    out = picture.clone()
    height, width = picture.shape[-2:]
    for _ in range(int(torch.randint(1, MOST_PIECES + 1, (), generator=draws))):
        drawn = torch.rand(13, generator=draws).tolist()
        rows, cols = (
            max(round((LEAST_SIDE + (MOST_SIDE - LEAST_SIDE) * drawn[i]) * n), 1) for i, n in ((0, height), (1, width))
        )
        (top, left), (to_top, to_left) = (
            (int(drawn[i] * (height - rows + 1)), int(drawn[i + 1] * (width - cols + 1))) for i in (2, 4)
        )
        piece = picture[..., top : top + rows, left : left + cols]
        if kind == "pieces":
            out[..., to_top : to_top + rows, to_left : to_left + cols] = piece.flip(-1) if drawn[6] < 0.5 else piece
        else:
            mean = piece.mean((2, 3), keepdim=True)
            tint = 1 + TINT * (2 * torch.tensor(drawn[7:10]) - 1).view(1, 3, 1, 1).to(piece.device)
            contrast = 1 + CONTRAST * (2 * drawn[10] - 1)
            changed = ((piece - mean) * contrast + mean + 1) * tint - 1 + SHIFT * (2 * drawn[11] - 1)
            out[..., top : top + rows, left : left + cols] = changed.clamp(-1, 1)
    return out
