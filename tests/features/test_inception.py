import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from analogon.errors import InputError
from analogon.features.inception import InceptionV3, Mixed, Unit


def meta(dims):
    with torch.device("meta"):
        return InceptionV3(dims)


@pytest.mark.parametrize("dims, count", [(64, 28_768), (192, 172_672), (768, 8_965_856), (2048, 21_785_568)])
def test_parameter_counts(dims, count):
    """21,785,568 is what the published network has without classifiers; below, its first parts."""
    assert sum(p.numel() for p in meta(dims).parameters()) == count


def test_tensors_have_the_names_of_the_releases():
    known = {name: tuple(tensor.shape) for name, tensor in meta(2048).state_dict().items()}
    for name, shape in {
        "Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3),
        "Conv2d_2b_3x3.bn.running_mean": (64,),
        "Conv2d_4a_3x3.conv.weight": (192, 80, 3, 3),
        "Mixed_5b.branch5x5_2.conv.weight": (64, 48, 5, 5),
        "Mixed_5d.branch3x3dbl_3.bn.weight": (96,),
        "Mixed_6a.branch3x3.conv.weight": (384, 288, 3, 3),
        "Mixed_6a.branch3x3dbl_3.conv.weight": (96, 96, 3, 3),
        "Mixed_6c.branch7x7_2.conv.weight": (160, 160, 1, 7),
        "Mixed_6c.branch7x7_3.conv.weight": (192, 160, 7, 1),
        "Mixed_6e.branch7x7dbl_2.conv.weight": (192, 192, 7, 1),
        "Mixed_6e.branch7x7dbl_5.conv.weight": (192, 192, 1, 7),
        "Mixed_7a.branch7x7x3_3.conv.weight": (192, 192, 7, 1),
        "Mixed_7a.branch7x7x3_4.conv.weight": (192, 192, 3, 3),
        "Mixed_7b.branch3x3_2b.conv.weight": (384, 384, 3, 1),
        "Mixed_7c.branch3x3dbl_3a.conv.weight": (384, 384, 1, 3),
        "Mixed_7c.branch_pool.conv.weight": (192, 2048, 1, 1),
    }.items():
        assert known[name] == shape, name
    assert len([name for name in known if name.endswith("conv.weight")]) == 94


def test_sizes_are_those_of_the_published_network():
    network, seen = meta(2048), {}
    for name, block in network.named_children():
        block.register_forward_hook(lambda _, __, out, name=name: seen.update({name: tuple(out.shape[1:])}))
    with torch.device("meta"):
        assert network.eval()(torch.zeros(1, 3, 40, 50)).shape == (1, 2048)
    assert seen["Conv2d_2b_3x3"] == (64, 147, 147) and seen["Conv2d_4a_3x3"] == (192, 71, 71)
    assert seen["Mixed_5b"] == (256, 35, 35) and seen["Mixed_5d"] == (288, 35, 35)
    assert seen["Mixed_6a"] == seen["Mixed_6e"] == (768, 17, 17)
    assert seen["Mixed_7a"] == (1280, 8, 8) and seen["Mixed_7b"] == seen["Mixed_7c"] == (2048, 8, 8)


def test_a_unit_is_convolution_norm_and_relu():
    unit = Unit(2, 3, 3, padding=1)
    with torch.no_grad():
        for values in (unit.bn.weight, unit.bn.bias, unit.bn.running_mean):
            values.copy_(torch.randn(3))
        unit.bn.running_var.copy_(torch.rand(3) + 0.5)
    x = torch.randn(1, 2, 5, 6)
    y = torch.nn.functional.conv2d(x, unit.conv.weight, padding=1)
    scale = unit.bn.weight / (unit.bn.running_var + 0.001).sqrt()
    wanted = ((y - unit.bn.running_mean[:, None, None]) * scale[:, None, None] + unit.bn.bias[:, None, None]).relu()
    assert torch.allclose(unit.eval()(x), wanted, atol=1e-6)


@pytest.mark.parametrize("pool, mean", [(5, True), (5, False), (0, True)])
def test_a_block_joins_its_branches_and_its_pooling(pool, mean):
    stride = 1 if pool else 2
    fork = (("b_2a", 2, (1, 3), 1), ("b_2b", 2, (3, 1), 1)) if pool else (("b_2", 4, 3, 2),)
    block = Mixed(3, [[(("a", 4, 3, stride),)], [(("b_1", 6, 1, 1),), fork]], pool, mean=mean).eval()
    x = torch.randn(1, 3, 9, 11)
    first = block.a(x)
    parts = [first, *(getattr(block, step[0])(block.b_1(x)) for step in fork)]
    if pool and mean:  # the mean of the pixels that are there, one place after the other
        pooled = torch.stack(
            [x[0, :, max(r - 1, 0) : r + 2, max(c - 1, 0) : c + 2].mean((1, 2)) for r in range(9) for c in range(11)], 1
        ).reshape(1, 3, 9, 11)
        parts.append(block.branch_pool(pooled))
    elif pool:
        parts.append(block.branch_pool(torch.nn.functional.max_pool2d(x, 3, 1, 1)))
    else:
        parts.append(torch.nn.functional.max_pool2d(x, 3, 2))
    assert torch.allclose(block(x), torch.cat(parts, 1), atol=1e-6)
    assert block(x).shape == (1, 8 + (pool or 3), *((9, 11) if pool else (4, 5)))


def test_the_last_block_alone_pools_by_the_maximum():
    network = meta(2048)
    assert [name for name in network.mixed if not getattr(network, name).mean] == ["Mixed_7c"]


def test_the_features_by_hand(tmp_path):
    """The layers before the second pooling, from the file's tensors; a picture of its own size, scaled to [-1, 1]."""
    generator, tensors = torch.Generator().manual_seed(0), {}
    for name, tensor in meta(192).state_dict().items():
        if not name.endswith("num_batches_tracked"):
            tensors[name] = torch.rand(tensor.shape, generator=generator) * 0.1 + 0.01
    save_file(tensors | {"fc.weight": torch.zeros(2, 2)}, tmp_path / "w.safetensors")
    network = InceptionV3.load(tmp_path / "w.safetensors", 192)
    image = torch.rand(1, 3, 40, 45)
    x = 2 * image - 1
    for name, stride, padding in (
        ("Conv2d_1a_3x3", 2, 0),
        ("Conv2d_2a_3x3", 1, 0),
        ("Conv2d_2b_3x3", 1, 1),
        ("Conv2d_3b_1x1", 1, 0),
        ("Conv2d_4a_3x3", 1, 0),
    ):
        if name == "Conv2d_3b_1x1":
            x = torch.nn.functional.max_pool2d(x, 3, 2)
        x = torch.nn.functional.conv2d(x, tensors[f"{name}.conv.weight"], stride=stride, padding=padding)
        norm = [tensors[f"{name}.bn.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        x = torch.nn.functional.batch_norm(x, *norm, eps=0.001).relu()
    assert torch.allclose(network.before_second_pooling(image), x, rtol=1e-4, atol=1e-5)
    assert not any(p.requires_grad for p in network.parameters()) and not network.training
    # a set's features: resized, pooled, and the mean over the places
    resized = torch.nn.functional.interpolate(image, (299, 299), mode="bilinear", align_corners=False)
    pooled = torch.nn.functional.max_pool2d(network.before_second_pooling(resized), 3, 2).mean((2, 3))
    assert torch.allclose(network(image), pooled, rtol=1e-5)


def test_files_that_cannot_be_used(tmp_path, sentence):
    (tmp_path / "text.safetensors").write_text("not tensors")
    save_file({"Conv2d_1a_3x3.conv.weight": torch.zeros(2, 2)}, tmp_path / "shape.safetensors")
    save_file({"other": torch.zeros(2)}, tmp_path / "lacks.safetensors")
    for name, words in (
        ("missing.safetensors", "do not exist"),
        ("text.safetensors", "no safetensors file"),
        ("shape.safetensors", "has 2x2 in 'Conv2d_1a_3x3.conv.weight' where 32x3x3x3 is needed"),
        ("lacks.safetensors", "has no tensor 'Conv2d_1a_3x3.conv.weight'"),
    ):
        with pytest.raises(InputError) as error:
            InceptionV3.load(tmp_path / name, 64)
        sentence(error.value, tmp_path / name, words)


def test_half_precision_files_are_read(tmp_path):
    tensors = {n: torch.ones(t.shape).half() for n, t in meta(64).state_dict().items() if "batches" not in n}
    save_file(tensors, tmp_path / "half.safetensors")
    made = InceptionV3.load(tmp_path / "half.safetensors", 64)(torch.rand(2, 3, 20, 20))
    assert made.dtype == torch.float32 and np.isfinite(made.numpy()).all() and made.shape == (2, 64)
