import pytest
import torch

from analogon.methods.semia import augment
from analogon.methods.semia.augment import Warp


def warp(flip=False, bend=None, zoom=1.0):
    return Warp(flip, bend, zoom)


def test_no_warp_changes_nothing():
    image, indices = torch.rand(1, 3, 13, 21), torch.randint(0, 4, (13, 21))
    for nothing in (warp(), warp(bend=torch.zeros(9, 2))):
        at = augment.grid(nothing, (13, 21))
        assert torch.allclose(augment.apply_picture(image, at), image, atol=1e-4)
        assert torch.equal(augment.apply_layout(indices, at), indices)


def test_flip_mirrors_both():
    image, indices = torch.rand(1, 3, 10, 15), torch.randint(0, 4, (10, 15))
    at = augment.grid(warp(flip=True), (10, 15))
    assert torch.allclose(augment.apply_picture(image, at), image.flip(-1), atol=1e-5)
    assert torch.equal(augment.apply_layout(indices, at), indices.flip(-1))


def test_ids_are_never_blended():
    indices = torch.tensor([0, 200]).repeat_interleave(10).expand(20, 20).contiguous()
    strong = augment.grid(augment.draw(1.0, torch.Generator().manual_seed(3), bend=0.2), (20, 20))
    bent = augment.grid(warp(bend=(torch.rand(9, 2) - 0.5) * 0.3, zoom=1.3), (20, 20))
    for at in (strong, bent):
        assert set(augment.apply_layout(indices, at).unique().tolist()) <= {0, 200}


def test_picture_and_layout_move_together():
    indices = torch.zeros(40, 60, dtype=torch.long)
    indices[10:30, 20:45] = 1
    image = indices[None, None].float().expand(1, 3, -1, -1)
    at = augment.grid(warp(flip=True, bend=torch.full((9, 2), 0.05), zoom=1.2), (40, 60))
    moved, ids = augment.apply_picture(image, at), augment.apply_layout(indices, at)
    assert ((moved[0, 0] > 0.5) == (ids == 1)).float().mean() > 0.995
    assert (ids != indices).any()


def test_the_spline_moves_a_control_point_by_its_shift_and_leaves_the_corners():
    """The axes of a picture that is not square bend the same way."""
    shifts = torch.zeros(9, 2)
    shifts[4] = torch.tensor([0.1, -0.05])  # the centre, as shares of height and width
    size = (41, 81)
    at = augment.grid(warp(bend=shifts), size)[0]
    plain = augment.grid(warp(), size)[0]
    moved = (at - plain).flip(-1)  # (row, col), frame is 2 wide
    assert torch.allclose(moved[20, 40], torch.tensor([0.2, -0.1]), atol=1e-3)
    for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        assert moved[corner].abs().max() < 1e-3


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_strength_bounds_the_draws(strength):
    generator = torch.Generator().manual_seed(0)
    drawn = [augment.draw(strength, generator, bend=0.02, zoom=0.2) for _ in range(200)]
    assert all(1 <= d.zoom <= 1 + 0.2 * strength for d in drawn)
    assert all(d.bend.abs().max() <= 0.02 * strength for d in drawn if d.bend is not None)
    assert abs(sum(d.flip for d in drawn) / 200 - 0.5 * strength) < 0.12
    assert 60 < sum(d.bend is not None for d in drawn) < 140
