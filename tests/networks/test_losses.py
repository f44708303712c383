import pytest
import torch

from analogon.networks.losses import (
    FAMILIES,
    LEVEL_WEIGHTS,
    Perceptual,
    absolute,
    adversarial,
    divergence,
    feature_matching,
    held,
    judges_loss,
)


def judged(*scores, feature=0.0):
    return [
        [torch.full((1, 2, 3, 3), feature), torch.full((1, 4, 2, 2), feature), torch.full((1, 1, 2, 2), s)]
        for s in scores
    ]


def test_hinge_values():
    assert judges_loss("hinge", judged(0.0, 0.0), judged(0.0, 0.0)) == 2
    assert judges_loss("hinge", judged(2.0, 2.0), judged(-2.0, -2.0)) == 0
    assert judges_loss("hinge", judged(2.0, 0.0), judged(-2.0, 0.0)) == 1  # the mean over scales
    assert adversarial("hinge", judged(3.0, 1.0)) == -2


def test_absolute_differences_of_pixels_and_of_classes():
    fake, real = torch.zeros(2, 3, 2, 2), torch.zeros(2, 3, 2, 2)
    fake[0, :, 0, 0] = 0.8  # all of one class, a quarter of the picture
    fake[1, :, 0, 0] = 0.4  # a quarter of the only class
    classes = torch.zeros(2, 3, 2, 2)
    classes[0, 1, 0, 0], classes[0, 0, 0, 1], classes[0, 0, 1] = 1, 1, 1
    classes[1, 2] = 1
    assert float(absolute(fake, real)) == pytest.approx((0.8 + 0.4) / 8)
    assert float(absolute(fake, real, classes)) == pytest.approx((0.8 / 2 + 0.4 / 4) / 2)
    assert float(absolute(fake, real, classes * 0)) == 0  # pixels of no class


@pytest.mark.parametrize(
    ("family", "judges", "painter"),
    [
        ("least-squares", 0.25 + 0.25, 0.25),
        ("cross-entropy", 0.47408 + 0.97408, 0.47408),
        ("wasserstein", 0.0, -0.5),
    ],
)
def test_other_families(family, judges, painter):
    assert float(judges_loss(family, judged(0.5), judged(0.5))) == pytest.approx(judges, abs=1e-4)
    assert float(adversarial(family, judged(0.5))) == pytest.approx(painter, abs=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_who_tells_real_from_fake_loses_less_and_who_fools_it_too(family):
    assert judges_loss(family, judged(0.9), judged(-0.9)) < judges_loss(family, judged(-0.9), judged(0.9))
    assert adversarial(family, judged(0.9)) < adversarial(family, judged(-0.9))


def test_features_are_matched_layer_by_layer_without_the_scores():
    real, fake = judged(0.0, 0.0, feature=1.0), judged(7.0, 7.0, feature=0.0)
    assert feature_matching(real, fake) == 2  # two layers of distance 1, not divided by their number
    fake[1] = judged(7.0, feature=1.0)[0]
    assert feature_matching(real, fake) == 1  # divided by the number of scales


def test_the_real_side_gets_no_gradient():
    real, fake = ([[torch.rand(1, 2, 3, 3, requires_grad=True), torch.zeros(1, 1, 2, 2)]] for _ in range(2))
    feature_matching(real, fake).backward()
    assert real[0][0].grad is None and fake[0][0].grad is not None
    x = torch.rand(1, 3, 16, 16, requires_grad=True)
    Perceptual("filters")(torch.rand(1, 3, 16, 16, requires_grad=True), x).backward()
    assert x.grad is None


def test_divergence_is_a_sum_over_the_batch():
    assert divergence(torch.zeros(2, 3), torch.zeros(2, 3)) == 0
    mean, log_variance = torch.randn(2, 5), torch.randn(2, 5)
    once = divergence(mean, log_variance)
    assert once > 0
    assert torch.allclose(divergence(mean.repeat(2, 1), log_variance.repeat(2, 1)), 2 * once)
    exact = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, (log_variance / 2).exp()), torch.distributions.Normal(0.0, 1.0)
    )
    assert torch.allclose(once, exact.sum())


def test_variances_cannot_overflow():
    assert held(torch.tensor([-1e9, -3.0, 3.0, 1e9])).tolist() == [-10, -3, 3, 10]


def test_vgg_sees_pictures_as_they_are(tmp_path):
    from safetensors.torch import save_file

    from analogon.features.vgg import BLOCKS, VGG19

    draws = torch.Generator().manual_seed(0)
    weights = {}
    for block in BLOCKS:
        for n, given, made in block:
            weights[f"features.{n}.weight"] = torch.randn(made, given, 3, 3, generator=draws) * (2 / given / 9) ** 0.5
            weights[f"features.{n}.bias"] = torch.zeros(made)
    save_file(weights, tmp_path / "vgg.safetensors")
    loss = Perceptual(f"vgg19:{tmp_path / 'vgg.safetensors'}")
    plain = VGG19(tmp_path / "vgg.safetensors", 5)
    plain.mean.zero_()
    plain.std.fill_(1)
    a, b = torch.rand(2, 1, 3, 16, 16, generator=draws) * 2 - 1
    wanted = sum(w * (x - y).abs().mean() for w, x, y in zip(LEVEL_WEIGHTS, plain(a), plain(b), strict=True))
    assert torch.allclose(loss(a, b), wanted, rtol=1e-4)
    assert loss(a, a) == 0
    assert LEVEL_WEIGHTS == (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1)
