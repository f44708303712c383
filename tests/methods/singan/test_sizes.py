import pytest
import torch
import torch.nn.functional as F

from analogon.methods.singan.sizes import enlarged, finest_of, needed, ratios, resized, scaled, shortest


@pytest.mark.parametrize(
    "shape, count, factor, sizes",
    [
        (
            (600, 800),
            9,
            0.777,
            "25x34 33x43 42x56 54x71 69x92 89x118 114x151 147x195 188x250",
        ),
        ((256, 256), 10, 0.774, "25x25 33x33 42x42 54x54 70x70 90x90 117x117 150x150 194x194 250x250"),
    ],
)
def test_sizes_of_the_pyramid_are_the_published_ones(make_config, shape, count, factor, sizes):
    config = make_config("paper")
    shares = ratios(shape, config)
    assert len(shares) == count
    assert shares[-2] == pytest.approx(factor, abs=5e-4)
    assert " ".join(f"{h}x{w}" for h, w in scaled(finest_of(shape, config), shares)) == sizes


@pytest.mark.parametrize(
    "spacing, sizes",
    [
        ("coarse", "25x34 32x42 42x56 63x84 126x167 188x250"),
        ("even", "25x34 38x50 57x75 84x112 126x167 188x250"),
    ],
)
def test_concurrent_stages_have_more_scales_where_the_layout_is_decided(make_config, spacing, sizes):
    config = make_config("concurrent", spacing=spacing)
    assert " ".join(f"{h}x{w}" for h, w in scaled((188, 250), ratios((188, 250), config))) == sizes


@pytest.mark.parametrize("recipe", ["fast", "paper", "concurrent", "harmonize", "upscale", "animate"])
@pytest.mark.parametrize("shape", [(16, 16), (17, 90), (90, 17), (120, 80), (251, 249), (2000, 60)])
def test_every_picture_has_scales_that_a_critic_can_look_at(make_config, recipe, shape):
    config = make_config(recipe)
    shares = ratios(shape, config)
    sizes = scaled(finest_of(shape, config), shares)
    assert len(sizes) >= 2 and sizes[-1] == finest_of(shape, config)
    assert shares == sorted(shares)
    assert min(sizes[0]) >= shortest(config)
    assert max(sizes[-1]) <= max(config.size_limit, 1.3 * shortest(config) * max(shape) / min(shape) + 1)


def test_sizes_follow_their_fields(make_config):
    plain = ratios((200, 200), make_config("paper"))
    for option in ({"min_size": 40}, {"factor": 0.6}, {"scales": 4}, {"size_limit": 100}):
        assert ratios((200, 200), make_config("paper", **option)) != plain


@pytest.mark.parametrize("size", [(23, 41), (11, 13), (8, 13), (30, 9)])
def test_a_window_of_an_enlarged_map_is_a_part_of_the_whole(size):
    values = torch.randn(1, 2, 11, 13, generator=torch.Generator().manual_seed(0))
    whole = enlarged(values, size)
    if size != (11, 13):
        assert torch.equal(whole, F.interpolate(values, size, mode="bicubic", align_corners=False))
    for window in ((0, size[0], 2, 7), (3, 8, 0, size[1]), (4, 7, 5, 9)):
        top, bottom, left, right = window
        part = enlarged(values, size, window)
        assert torch.allclose(part, whole[..., top:bottom, left:right], atol=1e-5)
        # from no more than what it takes
        first, last, west, east = near = needed(window, size, (11, 13))
        known = values[..., first:last, west:east]
        assert torch.equal(enlarged(known, size, window, ((11, 13), near)), part)


def test_shrinking_does_not_alias():
    fine = torch.zeros(1, 1, 64, 64)
    fine[..., ::2] = 1
    assert (resized(fine, (16, 16))[..., 2:-2] - 0.5).abs().max() < 0.02
    assert resized(fine, (64, 64)) is fine
