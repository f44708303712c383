import pytest
import torch
import torch.nn.functional as F

from analogon.errors import OptionError
from analogon.networks.convolutions import Conv, SpectralConv, refresh
from analogon.networks.discriminator import Discriminator
from analogon.networks.encoder import Encoder, halvings
from analogon.networks.generator import Generator, Modulated, Modulation, Stage, doubling, ladder, resized
from analogon.networks.norms import PlainNorm


def count(*networks):
    return sum(p.numel() for network in networks for p in network.parameters())


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.mark.parametrize(
    ("channels", "weights"), [(184, 97_480_899), (151, 96_492_483), (36, 93_048_003)], ids=["coco", "ade20k", "city"]
)
@pytest.mark.parametrize("depth", ["normal", "more"])
def test_the_generator_has_the_published_number_of_weights(channels, weights, depth):
    with torch.device("meta"):
        wide, stages = ladder(64, depth, lambda _: Modulation(channels))
        assert count(Generator(wide, stages), Conv(channels, wide)) == weights


def test_the_judges_have_the_published_number_of_weights():
    with torch.device("meta"):
        assert count(Discriminator(184 + 3)) == 5_904_514


@pytest.mark.parametrize(
    ("side", "fine", "coarse"),
    [(256, (129, 65, 33, 34, 35), (65, 33, 17, 18, 19)), (64, (33, 17, 9, 10, 11), (17, 9, 5, 6, 7))],
)
def test_the_judges_features_have_the_published_sizes(side, fine, coarse):
    layers = Discriminator(5, 2)(torch.randn(1, 5, side, side))
    assert [tuple(x.shape[-1] for x in each) for each in layers] == [fine, coarse]
    assert [x.shape[1] for x in layers[0]] == [2, 4, 8, 16, 1]


def test_the_coarse_judge_sees_means_without_what_is_outside():
    judges = Discriminator(1, 2)
    flat = judges(torch.ones(1, 1, 16, 16))[1][0]
    assert torch.allclose(flat, judges.judges[1](torch.ones(1, 1, 8, 8))[0])


@pytest.mark.parametrize(("depth", "times"), [("normal", 32), ("more", 64), ("most", 128)])
def test_a_depth_says_how_coarse_the_start_grid_is(depth, times):
    wide, stages = ladder(2, depth, lambda _: Modulation(3, 4))
    assert wide == 32 and doubling(stages) == times
    assert [stage.made for stage in stages[-4:]] == ([8, 4, 2, 1] if depth == "most" else [16, 8, 4, 2])
    sizes = []
    maps = resized(torch.randn(1, 3, times, 2 * times))
    made = Generator(wide, stages)(torch.randn(1, wide, 1, 2), lambda size: sizes.append(size) or maps(size))
    assert made.shape == (1, 3, times, 2 * times)
    assert made.abs().max() <= 1
    assert set(sizes) == {(2**n, 2 ** (n + 1)) for n in range(times.bit_length()) if 2**n <= times}


def layer(channels=4, given=3, **more):
    made = Modulated(channels, Modulation(given, 8), "batch")
    for conv in (made.shared, made.gamma, made.beta):
        torch.nn.init.normal_(conv.weight, 0, 0.3)
    return made


def test_without_weights_for_scale_and_shift_it_is_the_plain_norm():
    modulated, x = layer(), torch.randn(2, 4, 6, 6)
    for conv in (modulated.gamma, modulated.beta):
        torch.nn.init.zeros_(conv.weight)
    assert torch.equal(modulated(x, resized(torch.randn(2, 3, 6, 6))), PlainNorm("batch", 4)(x))
    assert torch.allclose(modulated(x, resized(torch.randn(2, 3, 6, 6))), F.batch_norm(x, None, None, training=True))


def change(modulated, one, other):
    """Where two layouts differ in what they do to the same features."""
    modulated.eval()
    x = torch.ones(1, 4, *one.shape[-2:])
    return (modulated(x, resized(one)) - modulated(x, resized(other))).abs().amax((0, 1)) > 0


def test_an_edit_reaches_two_pixels_beyond_itself_and_no_farther():
    one = torch.zeros(1, 3, 16, 16)
    one[:, 0] = 1
    other = one.clone()
    other[0, :, 6:9, 7:10] = torch.tensor([0.0, 1, 0])[:, None, None]
    changed = change(layer(), one, other)
    assert changed[6:9, 7:10].all()
    reach = torch.zeros(16, 16, dtype=torch.bool)
    reach[4:11, 5:12] = True
    assert not (changed & ~reach).any()
    assert (changed & reach)[4, 5:12].any()


def test_a_constant_layout_modulates_alike_but_at_the_border():
    modulated = layer().eval()
    one = torch.zeros(1, 3, 12, 12)
    one[:, 1] = 1
    made = modulated(torch.ones(1, 4, 12, 12), resized(one))[0]
    inner = made[:, 2:-2, 2:-2]
    assert torch.allclose(inner, inner[:, :1, :1].expand_as(inner), atol=1e-6)
    assert not torch.allclose(made, made[:, 5:6, 5:6].expand_as(made), atol=1e-3)


def test_layouts_are_resized_to_the_nearest_place_and_once_only():
    maps = resized(torch.arange(16.0).view(1, 1, 4, 4))
    assert maps((2, 2)).flatten().tolist() == [0, 2, 8, 10]
    assert maps((2, 2)) is maps((2, 2))


def test_spectral_norm_divides_by_the_largest_singular_value():
    conv = SpectralConv(3, 5, bias=False)
    torch.nn.init.normal_(conv.weight)
    for _ in range(200):
        refresh(conv)
    x = torch.randn(1, 3, 7, 7)
    exact = F.conv2d(x, conv.weight / torch.linalg.matrix_norm(conv.weight.flatten(1), 2), padding=1)
    assert torch.allclose(conv(x), exact, atol=1e-5)
    assert not torch.allclose(conv(x), F.conv2d(x, conv.weight, padding=1), atol=1e-2)


def test_which_layers_have_spectral_norm():
    wide, stages = ladder(2, "normal", lambda _: Modulation(3, 4))
    block = Generator(wide, stages).blocks[3]
    assert all(isinstance(c, SpectralConv) for c in (block.conv0, block.conv1, block.conv2))
    assert not any(isinstance(c, SpectralConv) for c in (block.norm0.shared, block.norm0.gamma, block.norm0.beta))
    assert block.conv2.bias is None
    judge = Discriminator(3, 2).judges[0]
    assert [isinstance(c, SpectralConv) for c in (judge.first, *judge.middle, judge.last)] == [0, 1, 1, 1, 0]


def test_a_pixel_of_its_own_and_a_constant_have_no_deviation():
    assert (PlainNorm("instance", 3)(torch.randn(2, 3, 1, 1)) == 0).all()
    assert (PlainNorm("batch", 3)(torch.randn(1, 3, 1, 1)) == 0).all()


def test_batch_norm_takes_the_batch_in_training_and_running_averages_afterwards():
    norm, x = PlainNorm("batch", 2), 3 + 2 * torch.randn(8, 2, 6, 6)
    made = norm(x)
    assert abs(float(made.mean())) < 1e-5
    assert torch.allclose(norm.mean, 0.1 * x.mean((0, 2, 3)), atol=1e-5)
    norm.eval()
    assert float(norm(x).mean()) > 1
    instance = PlainNorm("instance", 2)
    assert torch.allclose(instance(x), instance.eval()(x))
    assert torch.allclose(instance(x), F.instance_norm(x), atol=1e-5)


@pytest.mark.parametrize(
    ("groups", "modulation", "named"),
    [
        (3, Modulation(4, 8), "stage 'one' are 8"),
        (1, Modulation(4, 8, (3, 1)), "stage 'one' are 4"),
        (1, Modulation(4, 8, (4, 3)), "3 groups"),
        (1, Modulation(4, 9, (1, 3)), "modulated channels of stage 'one' are 8"),
    ],
)
def test_groups_that_do_not_divide_are_refused(groups, modulation, named, sentence):
    with pytest.raises(OptionError) as error:
        Generator(8, [Stage("one", 8, modulation, groups)])
    sentence(error.value, named)


def test_a_grouped_encoder_keeps_its_groups_apart():
    encoder, x = Encoder(6, [4, 8], 2), torch.randn(1, 6, 16, 16)
    changed = x.clone()
    changed[:, :3] += torch.randn(1, 3, 16, 16)
    apart = (encoder(x) - encoder(changed)).abs().amax((0, 2, 3)) > 0
    assert apart.tolist() == [True] * 4 + [False] * 4
    with pytest.raises(OptionError, match="layer 2"):
        Encoder(6, [4, 9], 2)


def test_without_norms_features_keep_their_size():
    x = torch.randn(4, 15, 64, 64)
    made = Encoder(15, [30, 60, 120, 240, 240], 5, norm=False)(x)
    assert 0.2 < made.square().mean().sqrt() / x.square().mean().sqrt() < 5


def test_so_many_layers_leave_the_grid():
    assert [halvings(side, 4) for side in (256, 512, 64, 96, 8, 4)] == [6, 6, 4, 4, 1, 1]
