import pytest
import torch

from analogon.methods.singan.networks import (
    Growing,
    Pyramid,
    count,
    make_critic,
    make_generator,
    whole,
    wide,
    wider,
    width_of,
)

#: Parameters of a scale's generator and critic by width: five convolutions, four of them normalised.
PUBLISHED = {32: (29_763, 29_185), 64: (114_819, 113_665), 128: (450_819, 448_513)}


def counted(width, last):
    convolutions = 27 * width + width + 3 * (9 * width * width + width) + 9 * width * last + last
    return convolutions + 4 * 2 * width


@pytest.mark.parametrize("scale, width", [(0, 32), (3, 32), (4, 64), (7, 64), (8, 128), (12, 128)])
def test_parameters_of_the_pyramid_are_the_published_ones(make_config, scale, width):
    config = make_config("paper")
    assert width_of(config, scale) == width
    generator = make_generator(config)
    while generator.scales <= scale:
        generator.grow()
    assert count(generator.parts[scale]) == counted(width, 3) == PUBLISHED[width][0]
    assert count(make_critic(config, scale)) == counted(width, 1) == PUBLISHED[width][1]


def test_parameters_of_the_growing_generator_are_the_published_ones(make_config):
    config = make_config("concurrent")
    generator = make_generator(config)
    assert count(generator) == 1_792 + 110_784 + 1_731
    for scales in range(2, 7):
        generator.grow()
        assert generator.scales == scales
        assert count(generator) == 1_792 + scales * 110_784 + 1_731
    assert count(make_critic(config, 5)) == 1_792 + 110_784 + 577


@pytest.mark.parametrize("kind", ["pyramid", "growing"])
def test_a_critic_sees_eleven_pixels(make_config, kind):
    critic = make_critic(make_config(kind), 0).eval()
    picture = torch.randn(1, 3, 25, 27, requires_grad=True)
    scores = critic(picture)
    assert scores.shape == (1, 1, 15, 17)
    (gradient,) = torch.autograd.grad(scores[0, 0, 7, 8], picture)
    rows, cols = torch.nonzero(gradient.abs().sum((0, 1)), as_tuple=True)
    assert (int(rows.min()), int(rows.max())) == (7, 17) and (int(cols.min()), int(cols.max())) == (8, 18)


def drawn(scale, channels, size, window):
    """The noise of a whole map, or a window of it."""
    noise = torch.randn(1, channels, *size, generator=torch.Generator().manual_seed(scale))
    return noise[..., window[0] : window[1], window[2] : window[3]]


@pytest.mark.parametrize("borders", ["zero", "wide"])
@pytest.mark.parametrize("kind", ["pyramid", "growing"])
@pytest.mark.parametrize("layers", [1, 3])
def test_a_window_is_a_part_of_the_whole(make_config, kind, borders, layers):
    """With margins of exactly the receptive field, also at the frame."""
    torch.manual_seed(0)
    generator = make_generator(make_config(kind, borders=borders, layers=layers))
    generator.grow()
    generator.eval().requires_grad_(False)
    for parameter in generator.parameters():
        parameter.normal_(0, 0.2)
    small, size = (18, 21), (26, 33)
    picture = torch.randn(1, 3, *small)
    states = [generator.encoded(picture), generator.advanced(0, None, small, drawn, whole(small))]
    for state in states:
        made = generator.advanced(1, state, size, drawn, whole(size))
        assert made.shape[-2:] == size
        shown = generator.picture(made, size, whole(size))
        for window in ((0, 9, 0, 33), (7, 19, 11, 20), (20, 26, 25, 33)):
            top, bottom, left, right = window
            part = generator.advanced(1, state, size, drawn, window)
            assert torch.allclose(part, made[..., top:bottom, left:right], atol=1e-4)
            around = generator.advanced(1, state, size, drawn, wider(window, size, generator.margin))
            of_part = generator.picture(around, size, window)
            assert torch.allclose(of_part, shown[..., top:bottom, left:right], atol=1e-4)
    for window in ((0, 6, 0, 21), (5, 12, 3, 9)):
        part = generator.encoded(picture, window)
        assert torch.allclose(part, states[0][..., window[0] : window[1], window[2] : window[3]], atol=1e-4)


def test_borders_change_what_is_made(make_config):
    for kind in ("pyramid", "growing"):
        made = []
        for borders in ("zero", "wide"):
            torch.manual_seed(0)
            generator = make_generator(make_config(kind, borders=borders)).eval().requires_grad_(False)
            for parameter in generator.parameters():
                parameter.normal_(0, 0.2)
            made.append(generator.advanced(0, None, (20, 20), drawn, whole((20, 20))))
        assert (made[0] - made[1]).abs().max() > 1e-3


def test_a_new_scale_starts_as_the_one_before_where_it_can(make_config):
    torch.manual_seed(0)
    pyramid, growing = Pyramid(make_config("pyramid")), Growing(make_config("growing"))
    for _ in range(4):
        pyramid.grow()
        growing.grow()

    def same(first, second):
        pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
        return all(a.shape == b.shape and torch.equal(a, b) for a, b in pairs)

    assert same(pyramid.parts[0], pyramid.parts[3])
    assert not same(pyramid.parts[3], pyramid.parts[4])  # twice as wide
    assert same(growing.body[0], growing.body[4])


def test_the_pyramid_adds_to_what_it_is_given(make_config):
    generator = Pyramid(make_config("pyramid"))
    generator.grow()
    generator.eval().requires_grad_(False)
    generator.parts[1][-2].weight.zero_()
    generator.parts[1][-2].bias.zero_()
    picture = torch.rand(1, 3, 20, 20)
    assert torch.equal(generator.encoded(picture), picture)
    assert torch.equal(generator.advanced(1, picture, (20, 20), drawn, whole((20, 20))), picture)
    assert wide((20, 21), 5) == (30, 31)
