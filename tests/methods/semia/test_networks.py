import pytest
import torch

from analogon.methods.semia.critics import Discriminator, Segmenter
from analogon.methods.semia.networks import Generator, guidance, layout_change, translate


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_parameter_counts_are_those_of_the_released_layout():
    assert count(Generator(3, output="norm-lrelu", norm="batch")) == 5_511_686
    assert count(Discriminator()) == 1_058_625  # without the scale that is never run
    assert count(Segmenter(3)) == 222_083


def test_feature_sizes_of_the_released_layout():
    generator = Generator(3, width=32)
    head, levels = generator.layout_encoder(torch.rand(1, 3, 48, 64))
    assert head.shape == (1, 32, 48, 64)
    assert [tuple(x.shape[1:]) for x in levels] == [(64, 24, 32), (128, 12, 16), (256, 6, 8)]
    assert generator.image_encoder.tail(levels[-1]).shape == levels[-1].shape
    scores, features = Discriminator()(torch.rand(1, 3, 48, 64))
    assert [tuple(x.shape[1:]) for x in scores] == [(1, 12, 16), (1, 6, 8)]
    assert [tuple(x.shape[1:]) for x in features] == [(128, 12, 16), (256, 6, 8)]


@pytest.mark.parametrize("output", ["norm-lrelu", "tanh", "residual"])
def test_any_size_comes_back_at_its_size(output):
    generator = Generator(2, width=4, output=output)
    picture, modulations = generator(*(torch.rand(1, c, 21, 35) for c in (3, 2, 2)))
    assert picture.shape == (1, 3, 21, 35)
    assert len(modulations) == 3


def test_unit_modulation_is_plain_instance_normalisation():
    x = torch.randn(2, 5, 9, 7)
    biased = torch.nn.functional.instance_norm(x, eps=1e-5)
    unbiased = biased * (62 / 63) ** 0.5
    assert torch.allclose(translate(x, torch.ones(1), torch.zeros(1)), unbiased, atol=1e-4)


def test_translation_scales_and_shifts():
    x = torch.randn(1, 3, 8, 8)
    plain = translate(x, torch.ones(1), torch.zeros(1))
    assert torch.allclose(translate(x, torch.full((1,), 2.0), torch.full((1,), 0.5)), 2 * plain + 0.5, atol=1e-6)


def test_bounded_ratio_stays_in_range_where_the_raw_one_explodes():
    torch.manual_seed(0)
    source, target = torch.randn(1, 8, 32, 32), torch.randn(1, 8, 32, 32)
    source[:, :2] = 0  # constant regions give features that are exactly zero
    raw, _ = layout_change(source, target, "raw")
    bounded, difference = layout_change(source, target, "bounded")
    assert raw.abs().max() > 1e6
    assert bounded.min() >= 0 and bounded.max() <= 2
    assert torch.equal(difference, target - source)


def test_what_gamma_and_beta_come_from():
    source, target = torch.randn(1, 4, 6, 6), torch.randn(1, 4, 6, 6)
    gamma, beta = layout_change(source, target, "bounded")
    for modulation, wanted in (
        ("change", (gamma, beta)),
        ("ratio", (gamma, None)),
        ("difference", (None, beta)),
        ("target", (target, target)),
    ):
        for made, expected in zip(guidance(source, target, "bounded", modulation), wanted, strict=True):
            assert made is expected is None or torch.equal(made, expected)


@pytest.mark.parametrize("left_out, kept", [("ratio", 0), ("difference", 1)])
def test_a_parameter_that_is_left_out_is_that_of_plain_normalisation(left_out, kept):
    generator = Generator(2, width=8, modulation=left_out, gamma_offset=True)
    for pair in generator.modulations(torch.rand(1, 2, 16, 16), torch.rand(1, 2, 16, 16)):
        assert (pair[1 - kept] == (1 - kept == 0)).all()
        assert pair[kept].std() > 0


def test_by_the_target_alone_the_source_layout_is_not_seen():
    source, other, target = (torch.rand(1, 2, 16, 16) for _ in range(3))
    for modulation in ("target", "change"):
        generator = Generator(2, width=8, norm="instance", modulation=modulation).eval()
        made = [generator.modulations(layout, target) for layout in (source, other)]
        alike = all(
            torch.allclose(a, b, atol=1e-6) for m, n in zip(*made, strict=True) for a, b in zip(m, n, strict=True)
        )
        assert alike is (modulation == "target")


@pytest.mark.parametrize("ratio", ["raw", "bounded"])
def test_equal_layouts_have_ratio_one_and_no_difference(ratio):
    features = torch.randn(1, 4, 6, 6)
    gamma, beta = layout_change(features, features, ratio)
    assert torch.allclose(gamma, torch.ones_like(gamma))
    assert not beta.any()


def test_encoded_together_equal_layouts_give_equal_features_in_training():
    """Spectral norm moves the weights between two passes; one batch has one set of weights."""
    torch.manual_seed(0)
    layout, image = torch.rand(1, 2, 16, 16), torch.rand(1, 3, 16, 16)
    changes = {}
    for together in (True, False):
        torch.manual_seed(1)
        generator = Generator(2, width=8, norm="instance", encode_together=together).train()
        seen = []
        generator.to_beta[0].register_forward_hook(lambda _, given, __, seen=seen: seen.append(given[0]))
        generator(image, layout, layout)
        changes[together] = float(seen[0].abs().max().detach())
    assert changes[True] == 0
    assert changes[False] > 0


@pytest.mark.parametrize(
    "field, values",
    [
        ("norm", ("batch", "instance")),
        ("spectral", (True, False)),
        ("ratio", ("raw", "bounded")),
        ("modulation", ("change", "ratio", "difference", "target")),
        ("gamma_offset", (False, True)),
        ("translate_in", ("both", "encoder", "decoder")),
        ("skip", (False, True)),
        ("output", ("norm-lrelu", "tanh", "residual")),
    ],
)
def test_every_option_changes_the_output(field, values):
    inputs = [torch.rand(1, c, 16, 16, generator=torch.Generator().manual_seed(c)) for c in (3, 2, 2)]
    inputs[2] = inputs[2].flip(-1)
    made = []
    for value in values:
        torch.manual_seed(0)
        generator = Generator(2, width=8, **{field: value})
        made.append(generator(*inputs)[0].detach())
    assert all((made[0] - other).abs().max() > 1e-4 for other in made[1:])


def test_train_and_evaluation_agree_with_instance_norm_and_not_with_batch_norm():
    torch.manual_seed(0)
    inputs = [torch.rand(1, c, 32, 32) for c in (3, 2, 2)]
    gaps = {}
    for norm in ("instance", "batch"):
        generator = Generator(2, width=8, norm=norm, spectral=False)
        with torch.no_grad():
            trained = generator.train()(*inputs)[0]
            gaps[norm] = float((trained - generator.eval()(*inputs)[0]).abs().mean())
    assert gaps["instance"] < 1e-6
    assert gaps["batch"] > 1e-3


def test_the_segmenter_works_at_a_reduced_scale():
    image = torch.rand(1, 3, 21, 34)
    assert Segmenter(4, 8, scale=3)(image).shape == (1, 4, 21, 34)
