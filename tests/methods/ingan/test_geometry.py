import numpy as np
import pytest
import torch
import torch.nn.functional as F

from analogon.methods.ingan.geometry import IDENTITY, WHOLE, Transformation, homography, quadrilateral

OPPOSITE, OTHER = (0.3, -0.3), (0.3, 0.3)


def taken(matrix, x, y):
    point = matrix @ np.array([x, y, 1.0])
    return point[:2] / point[2]


@pytest.fixture
def planes():
    return torch.rand(1, 4, 13, 22, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shifts", [OPPOSITE, OTHER, (-0.4, 0.1), (0.0, 0.7)], ids=str)
def test_a_homography_takes_its_four_points_where_they_belong(shifts):
    matrix = homography(*shifts)
    assert np.allclose(taken(matrix, -1, -1), (-1 + shifts[0], -1))
    assert np.allclose(taken(matrix, 1, 1), (1 + shifts[1], 1))
    assert np.allclose(taken(matrix, -1, 0), (-1, 0))
    assert np.allclose(taken(matrix, 1, 0), (1, 0))


def test_opposite_shifts_are_a_shear_and_others_move_the_other_corners_too():
    assert np.allclose(homography(*OPPOSITE), [[1, -0.3, 0], [0, 1, 0], [0, 0, 1]])
    assert np.allclose(taken(homography(*OTHER), -1, 1), (-1.75, 2.5))
    # to change the signs is the way back for the former only
    for shifts, exact in ((OPPOSITE, True), (OTHER, False)):
        there, back = homography(*shifts), homography(*(-s for s in shifts))
        assert np.allclose(there @ back / (there @ back)[2, 2], np.eye(3)) == exact


@pytest.mark.parametrize("shifts", [(0.0, 0.0), OPPOSITE, OTHER, (-0.5, 0.2)], ids=str)
def test_the_way_back_is_the_inverse_for_any_shifts(shifts):
    there = Transformation.of((31, 17), shifts)
    back = there.inverse((24, 40))
    assert back.size == (24, 40)
    both = there.matrix @ back.matrix
    assert np.allclose(both / both[2, 2], np.eye(3))
    assert back.rectangular == there.rectangular == (not any(shifts))


@pytest.mark.parametrize("size", [(13, 22), (26, 44), (7, 50), (40, 9)], ids=str)
def test_without_a_shift_it_is_plain_resizing_by_one_convention(planes, size):
    plain = F.interpolate(planes, size, mode="bilinear", align_corners=False)
    assert torch.equal(Transformation.of(size).apply(planes), plain)
    # the sampling of homographies, with the matrix that leaves everything where it is
    almost = np.eye(3) + np.array([[0, 0, 1e-12], [0, 0, 0], [0, 0, 0]])
    sampled = Transformation(size, almost)
    assert not sampled.rectangular
    inside = sampled.covered()
    assert inside[1:-1, 1:-1].all()
    assert torch.allclose(sampled.apply(planes)[..., 1:-1, 1:-1], plain[..., 1:-1, 1:-1], atol=1e-5)
    assert not torch.allclose(
        F.interpolate(planes, size, mode="bilinear", align_corners=True), plain, atol=1e-3
    ) or size == tuple(planes.shape[-2:])


def test_a_transformation_has_no_parameters_and_hands_gradients_on(planes):
    planes.requires_grad_()
    Transformation.of((9, 31), OTHER).apply(planes).sum().backward()
    assert planes.grad is not None and (planes.grad != 0).float().mean() > 0.3


def test_rows_are_not_columns(planes):
    """A shear moves along the rows, by more the farther a row is from the middle one."""
    ramp = torch.linspace(-1, 1, 40).expand(1, 1, 30, 40)
    moved = Transformation.of((30, 40), (0.4, -0.4)).apply(ramp)[0, 0]
    inner = moved[:, 15:25]
    assert torch.allclose(inner[1:] - inner[:-1], torch.full((29, 10), -0.4 * 2 / 30 * 39 / 40), atol=2e-3)


def test_what_is_covered_is_the_area_of_the_outline():
    corners = ((0.0, 0.25), (0.0, 0.75), (1.0, 1.0), (1.0, 0.0))
    trapezoid = Transformation.into((200, 300), corners)
    covered = trapezoid.covered()
    assert abs(covered.mean() - 0.75) < 0.01
    for row in (5, 100, 190):
        half = 0.25 + 0.25 * (row + 0.5) / 200
        assert abs(covered[row].mean() - 2 * half) < 0.01
        assert (covered[row] == covered[row][::-1]).all()
    assert Transformation.of((5, 6)).covered().all()
    sheared = Transformation.of((200, 300), OPPOSITE).covered()
    # two triangles of 0.15 widths by half a height
    assert abs(sheared.mean() - (1 - 0.075)) < 0.01


@pytest.mark.parametrize(
    "corners",
    [WHOLE, ((0.0, 0.25), (0.0, 0.75), (1.0, 1.0), (1.0, 0.0)), ((0.1, 0.0), (0.3, 0.9), (0.6, 1.0), (1.0, 0.2))],
    ids=str,
)
def test_an_outline_shows_the_corners_of_the_picture_at_its_own(corners):
    matrix = quadrilateral(corners)
    for (row, column), (y, x) in zip(corners, ((-1, -1), (-1, 1), (1, 1), (1, -1)), strict=True):
        assert np.allclose(taken(matrix, 2 * column - 1, 2 * row - 1), (x, y))
    assert Transformation.into((20, 20), corners).rectangular == (corners == WHOLE)


def test_an_outline_far_from_the_middle_shows_the_picture_and_nothing_else():
    """Beyond the horizon of a strong perspective the formula would show the picture once more."""
    corners = ((0.02, 0.02), (0.3, 0.1), (0.32, 0.2), (0.05, 0.25))
    covered = Transformation.into((160, 160), corners).covered()
    diagonals = np.array(corners)[2:] - np.array(corners)[:2]
    area = 0.5 * abs(np.linalg.det(diagonals))
    assert abs(covered.mean() - area) < 0.003
    assert not covered[60:].any() and not covered[:, 50:].any()


def test_outside_lies_the_mirror_image():
    ramp = torch.linspace(0, 1, 20).expand(1, 1, 20, 20)
    shown = Transformation.of((20, 20), (-0.8, 0.8))
    made = shown.apply(ramp)[0, 0]
    outside = ~torch.from_numpy(shown.covered())
    assert outside.any() and 0.02 < float(made[outside].mean()) < 0.98
    assert np.array_equal(IDENTITY, np.eye(3))
