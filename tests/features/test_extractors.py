import math

import pytest
import torch
from safetensors.torch import load_file, save_file

from analogon.errors import InputError, OptionError
from analogon.features import extractor
from analogon.features.filters import FilterBank
from analogon.features.vgg import BLOCKS


@pytest.fixture
def weights(tmp_path):
    """A weights file of the right shapes (the values do not matter here)."""
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for n, i, o in ((0, 3, 64), (2, 64, 64), (5, 64, 128)):
        tensors[f"features.{n}.weight"] = torch.randn(o, i, 3, 3, generator=generator) * 0.1
        tensors[f"features.{n}.bias"] = torch.randn(o, generator=generator) * 0.1
    save_file(tensors, tmp_path / "vgg19.safetensors")
    return tmp_path / "vgg19.safetensors"


def test_sizes(weights):
    image = torch.rand(1, 3, 17, 22)
    assert [tuple(f.shape) for f in extractor("filters")(image)] == [(1, 11, 17, 22), (1, 11, 8, 11)]
    assert [tuple(f.shape) for f in extractor(f"vgg19:{weights}")(image)] == [
        (1, 64, 17, 22),
        (1, 128, 8, 11),
    ]


def test_filters_answer_to_their_orientation_and_not_to_flat_colour():
    bank = FilterBank()
    flat = bank(torch.full((1, 3, 16, 16), 0.4))[0]
    assert flat[:, 3:].abs().max() < 1e-5
    stripes = torch.sin(torch.arange(32) * math.pi / 3).expand(1, 3, 32, 32)  # vary along columns
    answer = bank(stripes)[0][0, 3:7, 8:-8, 8:-8].abs().amax((1, 2))
    assert answer[0] > 5 * answer[2]  # edges across columns, not across rows


def test_vgg_is_the_network_it_says_it_is(weights):
    """Against the same layers written out by hand."""
    stored, image = load_file(weights), torch.rand(1, 3, 12, 12)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = (image - mean[:, None, None]) / std[:, None, None]

    def layer(x, n):
        weight, bias = stored[f"features.{n}.weight"], stored[f"features.{n}.bias"]
        return torch.relu(torch.nn.functional.conv2d(x, weight, bias, padding=1))

    first = layer(x, 0)
    second = layer(torch.nn.functional.max_pool2d(layer(first, 2), 2), 5)
    made = extractor(f"vgg19:{weights}")(image)
    assert torch.allclose(made[0], first, atol=1e-6) and torch.allclose(made[1], second, atol=1e-5)
    assert not any(p.requires_grad for p in extractor(f"vgg19:{weights}").parameters())


def test_weights_that_cannot_be_used_are_named(tmp_path, weights):
    (tmp_path / "text.safetensors").write_text("not tensors")
    save_file({"features.0.weight": torch.zeros(2, 2)}, tmp_path / "other.safetensors")
    narrow = {"features.0.weight": torch.zeros(64, 3, 1, 1), "features.0.bias": torch.zeros(1)}
    save_file(load_file(weights) | narrow, tmp_path / "narrow.safetensors")
    for file in ("missing.safetensors", "text.safetensors", "other.safetensors", "narrow.safetensors"):
        with pytest.raises(InputError, match=file) as caught:
            extractor(f"vgg19:{tmp_path / file}")
        assert "features.0" in str(caught.value)


@pytest.mark.parametrize("name", ["resnet", "vgg19", "vgg19:"])
def test_unknown_names_say_what_there_is(name):
    with pytest.raises(OptionError, match="'filters' or 'vgg19:FILE'"):
        extractor(name)


@pytest.fixture
def deep_weights(tmp_path):
    """The weights of all convolutions up to the fifth block's first, random."""
    generator = torch.Generator().manual_seed(1)
    tensors = {}
    for n, i, o in (layer for block in BLOCKS for layer in block):
        tensors[f"features.{n}.weight"] = torch.randn(o, i, 3, 3, generator=generator) * (2 / (9 * i)) ** 0.5
        tensors[f"features.{n}.bias"] = torch.zeros(o)
    save_file(tensors, tmp_path / "deep.safetensors")
    return tmp_path / "deep.safetensors"


def test_deep_pyramids(deep_weights):
    image = torch.rand(1, 3, 35, 48)
    sizes = [(35, 48), (17, 24), (8, 12), (4, 6), (2, 3)]
    filters = extractor("filters", 5)(image)
    assert [tuple(f.shape) for f in filters] == [(1, 11, *size) for size in sizes]
    vgg = extractor(f"vgg19:{deep_weights}", 5)(image)
    channels = (64, 128, 256, 512, 512)
    assert [tuple(f.shape) for f in vgg] == [(1, c, *size) for c, size in zip(channels, sizes, strict=True)]
    assert all(f.std() > 0.01 for f in vgg)
    for name, deep in (("filters", filters), (f"vgg19:{deep_weights}", vgg)):
        shallow = extractor(name)(image)
        assert len(shallow) == 2 and all((a == b).all() for a, b in zip(shallow, deep, strict=False))


def test_a_deep_network_passes_every_convolution(deep_weights):
    """Against the layers in a row, as the network is usually written."""
    stored, image = load_file(deep_weights), torch.rand(1, 3, 32, 32)
    x = (image - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor([0.229, 0.224, 0.225])[
        :, None, None
    ]
    for n in range(29):
        if f"features.{n}.weight" in stored:
            weight, bias = stored[f"features.{n}.weight"], stored[f"features.{n}.bias"]
            x = torch.relu(torch.nn.functional.conv2d(x, weight, bias, padding=1))
        elif n in (4, 9, 18, 27):
            x = torch.nn.functional.max_pool2d(x, 2)
    assert torch.allclose(extractor(f"vgg19:{deep_weights}", 5)(image)[-1], x, rtol=1e-3, atol=1e-4)


def test_weights_for_two_maps_are_not_enough_for_five(weights):
    with pytest.raises(InputError, match=r"'features\.0\|2\|5\|7\|10"):
        extractor(f"vgg19:{weights}", 5)
