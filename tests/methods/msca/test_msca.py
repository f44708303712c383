import pytest

pytest.importorskip("torch", reason="the method needs the extra 'neural'")

import numpy as np
import torch
from pydantic import ValidationError
from tests.networks.small import small_set

import analogon
from analogon.datasets.augmenting import Augmentation
from analogon.datasets.values import Pair
from analogon.errors import OptionError
from analogon.methods.msca.attention import Attention, LabelPyramid, TrainedPyramid
from analogon.methods.msca.config import ABLATIONS, RECIPES, Config
from analogon.methods.msca.network import MSCA
from analogon.methods.msca.windows import fitting, window_pairs
from analogon.networks.batches import NOTHING, Sampler, Views

TINY = {
    "width": 2, "hidden": 4, "levels": 3, "picture_width": 4, "label_width": 4, "regions": 4, "attention_width": 6,
    "critic_width": 2, "crop": 32, "load": 64,
}  # fmt: skip
C = 5


def config(**changes):
    return Config(**{**TINY, **changes})


def painter(**changes):
    torch.manual_seed(0)
    made = MSCA(config(**changes), C, C)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, 0, 0.2)
    for attention in made.attention:
        torch.nn.init.constant_(attention.open[2].bias, 2.0)
    return made.eval()


def views(seed=0, size=32):
    torch.manual_seed(seed)
    blocks = torch.randint(C, (1, 4, 4)).repeat_interleave(size // 4, 1).repeat_interleave(size // 4, 2)
    return Views(blocks, C, None, torch.rand(1, 3, size, size) * 2 - 1)


def attention(**changes):
    torch.manual_seed(0)
    return Attention(config(**changes), 3, 4)


@pytest.fixture
def maps():
    torch.manual_seed(1)
    return torch.randn(2, 3, 4, 4), torch.randn(2, 4, 4, 4), torch.randn(2, 4, 4, 4)


def test_regions_and_shares_are_distributions(maps):
    picture, layout, new = maps
    module = attention()
    assert torch.allclose(module.where(picture, layout).sum((2, 3)), torch.ones(2, 4))
    assert torch.allclose(module.shares(new).sum(1), torch.ones(2, 4, 4))


def test_it_is_the_product_of_flattened_maps(maps):
    picture, layout, new = maps
    module = attention()
    gates = module.gates(new, layout.mean((2, 3)))
    assert (gates >= 0).all() and (gates <= 1).all()
    made = module.hand_out(new, gates[..., None] * module.gather(picture, layout))
    for n in range(2):
        where, shares = module.where(picture, layout)[n].flatten(1), module.shares(new)[n].flatten(1)
        exact = picture[n].flatten(1) @ where.T @ torch.diag(gates[n]) @ shares
        assert torch.allclose(made[n].flatten(1), exact, atol=1e-5)


def test_one_open_region_is_the_weighted_mean_everywhere(maps):
    picture, layout, new = maps
    module = Attention(config(gate="none"), 3, 1)
    made = module.hand_out(new, module.gather(picture, layout))
    mean = (module.where(picture, layout) * picture).sum((2, 3))
    assert torch.allclose(made, mean[..., None, None].expand_as(made), atol=1e-6)
    assert module.gates(new, layout.mean((2, 3))).eq(1).all()


def test_alike_vectors_make_shares_meaningless(maps):
    _, _, new = maps
    module = attention()
    made = module.hand_out(new, torch.randn(2, 1, 3).expand(2, 4, 3))
    assert torch.allclose(made, made[..., :1, :1].expand_as(made), atol=1e-5)


def test_places_of_the_picture_can_be_shuffled_together(maps):
    picture, layout, _ = maps
    order = torch.randperm(16)
    shuffled = [x.flatten(2)[..., order].view_as(x) for x in (picture, layout)]
    module = attention()
    assert torch.allclose(module.gather(picture, layout), module.gather(*shuffled), atol=1e-6)
    assert not torch.allclose(module.gather(picture, layout), module.gather(picture, shuffled[1]), atol=1e-4)


def test_a_truncated_gate_shuts_a_plain_one_does_not(maps):
    _, layout, new = maps
    for way, shut in (("truncated", True), ("sigmoid", False)):
        module = attention(gate=way)
        torch.nn.init.constant_(module.open[2].bias, -3.0)
        torch.nn.init.zeros_(module.open[2].weight)
        assert module.gates(new, layout.mean((2, 3))).eq(0).all() == shut


def test_without_the_guide_the_layout_does_not_matter_and_without_attention_nothing_does(maps):
    picture, layout, new = maps
    for module, same in ((attention(guided=False), True), (attention(gather="mean"), True), (attention(), False)):
        assert torch.equal(module.gather(picture, layout), module.gather(picture, new)) == same
    assert torch.allclose(attention(gather="mean").gather(picture, layout)[:, 0], picture.mean((2, 3)))


def test_memory_of_attention_grows_with_the_pixels_alone():
    module = attention()
    sizes = {}
    for side in (8, 16):
        seen = torch.randn(1, 3, side, side), torch.randn(1, 4, side, side)
        sizes[side] = module.where(*seen).numel() + module.shares(seen[1]).numel() + module.gather(*seen).numel()
    assert sizes[16] <= 4 * sizes[8]


def test_shut_gates_leave_nothing_of_the_picture():
    network, target = painter(), views()
    one, other = network.look_of(views(1)), network.look_of(views(2))
    assert not torch.equal(network.picture(target, [(1.0, one)]), network.picture(target, [(1.0, other)]))
    for module in network.attention:
        torch.nn.init.constant_(module.open[2].bias, -50.0)
    assert torch.equal(network.picture(target, [(1.0, one)]), network.picture(target, [(1.0, other)]))


def test_looks_lie_on_a_line_that_ends_in_them():
    network, target = painter(), views()
    a, b = network.look_of(views(1)), network.look_of(views(2))
    first = network.aligned(target, [(1.0, a)])
    for one, two in zip(network.aligned(target, [(1.0, a), (0.0, b)]), first, strict=True):
        assert torch.equal(one, two)
    middle = network.aligned(target, [(0.5, a), (0.5, b)])
    for one, two, mean in zip(first, network.aligned(target, [(1.0, b)]), middle, strict=True):
        assert torch.allclose((one + two) / 2, mean, atol=1e-5)


def test_looks_can_be_mixed_place_by_place():
    network, target = painter(), views()
    a, b = (network.aligned(target, [(1.0, network.look_of(views(n)))]) for n in (1, 2))
    left = [torch.cat([x[..., : x.shape[-1] // 2], y[..., x.shape[-1] // 2 :]], -1) for x, y in zip(a, b, strict=True)]
    made = network.decode(target, left)
    assert made.shape == (1, 3, 32, 32)
    assert not torch.equal(made, network.decode(target, a)) and not torch.equal(made, network.decode(target, b))


def test_what_attention_does_can_be_seen():
    found = painter().attentions(views(0, 64), views(1))
    assert [x["where"].shape for x in found] == [(1, 2, 32, 32), (1, 4, 16, 16), (1, 4, 8, 8)]
    assert [x["shares"].shape for x in found] == [(1, 2, 64, 64), (1, 4, 32, 32), (1, 4, 16, 16)]
    assert [x["gates"].shape for x in found] == [(1, 2), (1, 4), (1, 4)]


def test_pyramids_halve_and_see_the_layout_at_each_size():
    layout = views(0).semantics
    found = LabelPyramid(C, 4, 3)(layout)
    assert [tuple(x.shape) for x in found] == [(1, 4, 32, 32), (1, 4, 16, 16), (1, 4, 8, 8)]
    assert [tuple(x.shape[1:]) for x in TrainedPyramid([2, 4, 8])(torch.rand(1, 3, 32, 32))] == [
        (2, 32, 32), (4, 16, 16), (8, 8, 8)
    ]  # fmt: skip


# -- windows -----------------------------------------------------------------------------------------------------


def numbered(shape=(64, 64)):
    """Labels that tell where each pixel of the picture was."""
    rows, columns = np.indices(shape)
    labels = rows * shape[1] + columns
    return Pair("n", np.repeat((labels / labels.max())[..., None], 3, -1).astype(np.float32), labels, labels.copy())


def test_labels_follow_their_windows():
    cut = window_pairs(Augmentation(crop=(32, 32), flip=0.5), 0.0, 32)
    mirrored = 0
    for n in range(20):
        window, other = cut(numbered(), (0, n))
        assert not set(window.labels.ravel()) & set(other.labels.ravel())
        for one in (window, other):
            assert one.shape == (32, 32)
            assert np.allclose(one.image[..., 0], one.labels / (64 * 64 - 1), atol=0.003)
            assert (one.instances == one.labels).all()
            mirrored += one.labels[0, 0] > one.labels[0, 1]
    assert 5 < mirrored < 35


def test_the_whole_picture_has_the_window_blanked():
    window, other = window_pairs(Augmentation(crop=(32, 32), flip=0.0), 1.0, 32)(numbered(), (0, 1))
    assert other.shape == (32, 32)
    blank = other.labels == NOTHING
    assert abs(blank.mean() - 0.25) < 0.02
    assert (other.image[blank] == 0.5).all()
    assert not set(window.labels.ravel()) & set(other.labels.ravel())
    alone, same = window_pairs(Augmentation(crop=(32, 32), flip=0.0), 1.0, 32)(numbered((32, 32)), (0, 1))
    assert (alone.labels == same.labels).all()


def test_small_pictures_have_smaller_windows():
    assert fitting((128, 128), (64, 64), 32) == (64, 64)
    assert fitting((64, 96), (64, 64), 32) == (64, 32)
    assert fitting((96, 64), (64, 64), 32) == (32, 64)
    assert fitting((32, 32), (64, 64), 32) == (32, 32)


def test_batches_have_the_look_beside_them():
    cut = window_pairs(Augmentation(crop=(32, 32)), 1.0, 32)
    batch = Sampler(small_set(), cut, batch=2, seed=0, edges=True, device=torch.device("cpu"))(0)
    assert batch.style.pictures.shape == batch.views.pictures.shape == (2, 3, 32, 32)
    assert (batch.style.classes == NOTHING).any() and not (batch.views.classes == NOTHING).any()
    assert batch.style.one_hot.sum(1).min() == 0


# -- settings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [{"width": 4}, {"hidden": 8}, {"seen_by": "filters"}, {"levels": 2}, {"picture_width": 8},
     {"picture_most": 4}, {"label_width": 8}, {"regions": 8}, {"attention_width": 8}, {"gather": "mean"},
     {"guided": False}],
    ids=str,
)  # fmt: skip
def test_every_setting_of_the_networks_changes_them(change):
    def shapes(settings):
        return [tuple(p.shape) for p in MSCA(settings, C, C).parameters()]

    assert shapes(config(**change)) != shapes(config())


@pytest.mark.parametrize("change", [{"gate": "none"}, {"gate": "sigmoid"}, {"scales": "coarsest"}], ids=str)
def test_ways_of_attention_change_the_picture(change):
    plain, other = painter(), painter(**change)
    other.load_state_dict(plain.state_dict())
    looks = [[(1.0, network.look_of(views(1)))] for network in (plain, other)]
    assert not torch.equal(plain.picture(views(), looks[0]), other.picture(views(), looks[1]))


def test_a_depth_says_how_coarse_the_start_grid_is():
    assert [painter(depth=depth).stride for depth in ("normal", "more", "most")] == [32, 64, 128]


def test_recipes_and_ablations_can_be():
    for changes in (*RECIPES.values(), *(one.settings for one in ABLATIONS.values())):
        Config(**changes)
    with pytest.raises(ValidationError, match="two windows"):
        config(load=60)
    with pytest.raises(OptionError):
        MSCA(config(seen_by="eyes"), C, C)


QUICK = {**TINY, "device": "cpu", "recipe": "paper", "steps": 3, "batch": 2, "lr_generator": 0.02, "norm": "instance"}


@pytest.fixture(scope="module")
def model():
    return analogon.train("msca", small_set(), **QUICK)


def test_the_share_of_whole_pictures_changes_what_is_learnt(model):
    other = analogon.train("msca", small_set(), **{**QUICK, "whole": 0.0})
    ours, theirs = (one._trained.arrays()["stem.weight"] for one in (model, other))
    assert (ours != theirs).any()


def test_a_layout_takes_the_look_of_another_picture(model, tmp_path, sentence):
    pictures = small_set()
    target = analogon.LabelMap(pictures[0].labels, pictures.palette)
    looks = [pictures[n].exemplar(pictures.palette) for n in (1, 2)]
    images = [model.render(target, style=look).image for look in looks]
    assert images[0].shape == (64, 64, 3) and (images[0] != images[1]).any()
    beyond = model.render(target, style=[(1.5, looks[0]), (-0.5, looks[1])]).image
    assert (beyond != images[0]).any()
    model.save(tmp_path)
    assert (analogon.load_trained(tmp_path, device="cpu").render(target, style=looks[0]).image == images[0]).all()
    for wrong in ({}, {"style": model.load_style(pictures[0].image)}, {"style": looks[0], "classes": {"sky": 3}}):
        with pytest.raises(OptionError) as error:
            model.render(target, **wrong)
        sentence(error.value)
