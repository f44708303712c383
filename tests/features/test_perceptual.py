import pytest
import torch
from safetensors.torch import load_file, save_file

from analogon.errors import InputError
from analogon.features.perceptual import ALEXNET, LPIPS, VGG16

HEADS = {ALEXNET: (64, 192, 384, 256, 256), VGG16: (64, 128, 256, 512, 512)}


def meta(backbone):
    with torch.device("meta"):
        return LPIPS(backbone)


@pytest.fixture
def file(tmp_path):
    def write(backbone):
        generator, tensors = torch.Generator().manual_seed(0), {}
        for name, tensor in meta(backbone).state_dict().items():
            scale = (2 / tensor[0].numel()) ** 0.5 if tensor.dim() == 4 else 0.1
            tensors[name] = torch.randn(tensor.shape, generator=generator) * scale
        save_file(tensors | {"classifier.1.weight": torch.zeros(2)}, tmp_path / "lpips.safetensors")
        return tmp_path / "lpips.safetensors"

    return write


@pytest.mark.parametrize("backbone, count", [(ALEXNET, 2_469_696), (VGG16, 14_714_688)])
def test_parameter_counts_are_those_of_the_published_networks(backbone, count):
    network = meta(backbone)
    assert sum(p.numel() for p in network.features.parameters()) == count
    assert sum(p.numel() for p in network.parameters()) - count == sum(HEADS[backbone])


def test_tensors_have_the_names_of_the_releases():
    for backbone, numbers in (
        (ALEXNET, (0, 3, 6, 8, 10)),
        (VGG16, (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)),
    ):
        wanted = {f"features.{n}.{part}" for n in numbers for part in ("weight", "bias")}
        assert set(meta(backbone).state_dict()) == wanted | {f"lin{n}.model.1.weight" for n in range(5)}
    known = meta(ALEXNET).state_dict()
    assert known["features.3.weight"].shape == (192, 64, 5, 5)
    assert known["lin2.model.1.weight"].shape == (1, 384, 1, 1)


def test_alexnet_by_hand(file):
    """Strides, paddings, where it pools, the scaling of the input, unit length, heads, and means: written out."""
    stored, network = load_file(file(ALEXNET)), LPIPS.load(file(ALEXNET))
    images = torch.rand(2, 3, 40, 52)
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
    x, stages = (2 * images - 1 - shift[:, None, None]) / scale[:, None, None], []
    for number, stride, padding, pooled in ((0, 4, 2, 0), (3, 1, 2, 1), (6, 1, 1, 1), (8, 1, 1, 0), (10, 1, 1, 0)):
        if pooled:
            x = torch.nn.functional.max_pool2d(x, 3, 2)
        weight, bias = stored[f"features.{number}.weight"], stored[f"features.{number}.bias"]
        x = torch.nn.functional.conv2d(x, weight, bias, stride, padding).relu()
        stages.append(x)
    total = 0
    for n, stage in enumerate(stages):
        unit = stage / (stage.norm(dim=1, keepdim=True) + 1e-10)
        weighed = (unit[0] - unit[1]).square() * stored[f"lin{n}.model.1.weight"][0]
        total = total + weighed.sum(0).mean()
    assert torch.allclose(network(images[:1], images[1:]), total, rtol=1e-4)
    assert total.abs() > 1e-4


@pytest.mark.parametrize("backbone", [ALEXNET, VGG16])
def test_sizes_of_the_stages_and_the_smallest_picture(backbone, file):
    network = LPIPS.load(file(backbone))
    assert network.backbone is backbone
    sides = {ALEXNET: (15, 7, 3, 3, 3), VGG16: (64, 32, 16, 8, 4)}[backbone]
    for stage, side, channels in zip(network.stages(torch.rand(1, 3, 64, 64)), sides, HEADS[backbone], strict=True):
        assert stage.shape == (1, channels, side, side)
        assert (stage.norm(dim=1) < 1.001).all()
    least = torch.rand(1, 3, backbone.least, backbone.least)
    assert torch.isfinite(network(least, least.flip(-1)))
    with pytest.raises(RuntimeError):
        network(least[..., 1:, :], least[..., 1:, :])


def test_files_that_cannot_be_used(tmp_path, file, sentence):
    stored = load_file(file(ALEXNET))
    save_file({"features.0.weight": torch.zeros(8, 3, 3, 3)}, tmp_path / "unknown.safetensors")
    save_file({n: t for n, t in stored.items() if not n.startswith("lin")}, tmp_path / "headless.safetensors")
    for name, words in (
        ("missing.safetensors", "do not exist"),
        ("unknown.safetensors", "no known network"),
        ("headless.safetensors", "has no tensor 'lin0.model.1.weight' where 1x64x1x1 is needed"),
    ):
        with pytest.raises(InputError) as error:
            LPIPS.load(tmp_path / name)
        sentence(error.value, tmp_path / name, words)
