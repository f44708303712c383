import itertools
import math

import pytest
import torch
import torch.nn.functional as F

from analogon.methods.ingan.geometry import Transformation
from analogon.methods.ingan.networks import (
    Critic,
    Critics,
    Generator,
    SpectralConv,
    judges_of,
    refresh,
    scale_weights,
)


def count(module):
    return sum(p.numel() for p in module.parameters())


def conv(given, made, side):
    return given * made * side**2 + made


def layer(given, made, side):
    """A convolution and the scale and shift of a norm."""
    return conv(given, made, side) + 2 * made


def picture(h, w, seed=0):
    return torch.rand(1, 3, h, w, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.fixture
def generator():
    torch.manual_seed(0)
    return Generator(width=4, blocks=1)


def test_the_papers_networks_have_the_parameters_of_their_layers():
    block = layer(512, 128, 1) + layer(128, 128, 3) + layer(128, 512, 1)
    encoder = layer(64, 128, 3) + layer(128, 256, 3) + layer(256, 512, 3)
    decoder = layer(512, 256, 3) + layer(256, 128, 3) + layer(128, 64, 3)
    assert count(Generator()) == layer(3, 64, 7) + encoder + 6 * block + decoder + conv(64, 3, 7) == 4_804_611
    critic = layer(3, 64, 3) + layer(64, 128, 3) + layer(128, 128, 3) + conv(128, 1, 1)
    assert count(Critic()) == critic == 224_001
    assert count(Critics(9)) == 9 * critic


def test_nine_judges_for_crops_of_256():
    assert judges_of(256) == 9
    assert [judges_of(side) for side in (16, 24, 64, 128, 160)] == [1, 2, 5, 7, 7]
    assert judges_of(512) == math.ceil(math.log(32) / math.log(1.4)) == 11


def test_a_score_is_of_a_patch_of_nine_pixels_every_second_one():
    critic = Critic(4)
    for module in critic.modules():  # the norm looks at all of the picture
        if type(module).__name__ == "PictureNorm":
            module.forward = lambda x: x
    image = picture(31, 40).requires_grad_()
    scores = critic(image)
    assert scores.shape == (1, 1, 12, 16)
    scores[0, 0, 5, 7].backward()
    rows, columns = image.grad[0].abs().sum(0).nonzero().T
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 18, 14, 22)


@pytest.mark.parametrize(
    ("iteration", "finest", "coarsest"), [(0, 0.02, 0.30), (25_000, 1 / 9, 1 / 9), (50_000, 0.30, 0.02)]
)
def test_scales_count_as_much_as_the_released_formula_says(iteration, finest, coarsest):
    weights = scale_weights(256, iteration / 75_000, 9)
    assert len(weights) == 9
    assert weights[0] == pytest.approx(finest, abs=0.006) and weights[-1] == pytest.approx(coarsest, abs=0.006)
    for a, b in itertools.pairwise(weights):
        assert b / a == pytest.approx(1.4 ** ((25_000 - iteration) / 25_000))


def test_at_the_end_the_finest_scales_count_most():
    assert scale_weights(256, 1.0, 9)[:2] == pytest.approx([0.49, 0.25], abs=0.006)


@pytest.mark.parametrize("side", [16, 24, 100, 256, 268, 300, 576, 1024])
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_the_weights_of_the_scales_there_are_add_up_to_one(side, share):
    weights = scale_weights(side, share, 9)
    assert sum(weights) == pytest.approx(1)
    wanted = math.ceil(math.log(side / 13) / math.log(1.4))
    assert len(weights) == min(9, wanted)
    if side == 576:  # as released, only these shares of twelve scales would have been added up
        twelve = [1.4 ** (i * (1 - 3 * share)) for i in range(12)]
        assert wanted == 12
        assert share or sum(twelve[:9]) / sum(twelve) == pytest.approx(0.354, abs=0.001)


def test_scores_are_weighed_and_each_scale_has_a_judge_of_its_own():
    torch.manual_seed(1)
    critics = Critics(3, width=4)
    image = picture(40, 52)
    each = list(critics.scores(image, 0.2))
    assert [tuple(score.shape[-2:]) for _, score in each] == [(16, 22), (11, 15), (6, 10)]
    total = sum(weight * F.interpolate(score, (16, 22), mode="bilinear", align_corners=False) for weight, score in each)
    assert torch.allclose(critics(image, 0.2), total, atol=1e-6)
    assert bool((total >= 0).all()) and bool((total <= 1).all())
    seen = F.interpolate(image, (29, 37), mode="bilinear", align_corners=False)
    assert torch.equal(each[1][1], critics.judges[1](seen))
    assert not torch.equal(critics.judges[0](seen), critics.judges[1](seen))
    critics.smooth = True
    smooth = list(critics.scores(image, 0.2))
    assert torch.equal(smooth[0][1], each[0][1]) and not torch.equal(smooth[1][1], each[1][1])


@pytest.mark.parametrize("given", [(16, 16), (21, 45), (40, 17)], ids=str)
@pytest.mark.parametrize("size", [(16, 16), (24, 40), (33, 57), (5, 70), (1, 1)], ids=str)
def test_any_size_is_made_of_any_size(generator, given, size):
    made = generator(picture(*given), Transformation.of(size))
    assert made.shape == (1, 3, *size) and bool(torch.isfinite(made).all())
    assert generator(picture(*given), Transformation.of(size, (0.3, 0.2))).shape == (1, 3, *size)


@pytest.mark.parametrize("factor", [0.15, 0.5, 1.0, 2.25])
def test_the_factors_of_training_on_both_sides(generator, factor):
    size = round(64 * factor), round(48 * factor)
    assert generator(picture(64, 48), Transformation.of(size)).shape[-2:] == size


def test_the_transformation_is_of_features_and_changes_the_picture(generator):
    image = picture(32, 32)
    plain = generator(image, Transformation.of((32, 32)))
    sheared = generator(image, Transformation.of((32, 32), (0.3, -0.3)))
    assert not torch.allclose(plain, sheared, atol=1e-3)


def test_a_residual_generator_begins_near_the_stretched_picture():
    torch.manual_seed(0)
    image, to = picture(32, 32), Transformation.of((48, 24))
    residual = Generator(width=4, blocks=1, residual=True)(image, to)
    painted = Generator(width=4, blocks=1)(image, to)
    stretched = to.apply(image)
    assert (residual - stretched).abs().mean() < 0.2 < (painted - stretched).abs().mean()


def test_spectral_norm_divides_by_the_largest_singular_value():
    torch.manual_seed(0)
    layer = SpectralConv(8, 12, 3)
    layer.refresh(100)
    given = picture(9, 9).repeat(1, 3, 1, 1)[:, :8]
    largest = torch.linalg.svdvals(layer.weight.detach().flatten(1))[0]
    assert torch.allclose(layer(given), F.conv2d(given, layer.weight / largest, layer.bias), atol=1e-5)


def test_singular_vectors_are_followed_when_asked_only():
    torch.manual_seed(0)
    layer = SpectralConv(8, 12, 3)
    with torch.no_grad():
        layer.weight.add_(torch.randn(layer.weight.shape))
    before = layer.u.clone()
    layer(torch.zeros(1, 8, 5, 5))
    assert torch.equal(layer.u, before)
    refresh(torch.nn.Sequential(layer))
    assert not torch.equal(layer.u, before)


def test_features_computed_again_give_the_same_gradients_bit_for_bit():
    grads = []
    for recompute in (False, True):
        torch.manual_seed(0)
        network = Generator(width=4, blocks=2, recompute=recompute)
        network(picture(32, 40), Transformation.of((48, 32))).square().mean().backward()
        grads.append([p.grad for p in network.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*grads, strict=True))


def test_features_are_not_kept_where_they_are_computed_again():
    def kept(recompute):
        network, sizes = Generator(width=4, blocks=2, recompute=recompute), []
        hooks = torch.autograd.graph.saved_tensors_hooks(lambda t: sizes.append(t.numel()) or t, lambda t: t)
        with hooks:
            network(picture(64, 64), Transformation.of((64, 64)))
        return sum(sizes)

    assert kept(True) < kept(False) / 2
    assert kept(None) == kept(False), "small outputs are kept"
