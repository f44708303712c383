import pytest

pytest.importorskip("torch", reason="the method needs the extra 'neural'")

import numpy as np
import torch
from pydantic import ValidationError
from tests.networks.small import small_set

import analogon
from analogon.errors import OptionError
from analogon.methods.groupdnet.config import ABLATIONS, PUBLISHED, RECIPES, Config
from analogon.methods.groupdnet.network import GroupDNet, stages_of
from analogon.methods.groupdnet.splitting import interleaved, split
from analogon.networks.batches import Views
from analogon.networks.generator import Block, Modulation, Stage

TINY = {
    "width": 4, "code": 2, "encoder_width": 2, "critic_width": 2, "crop": 64, "load": 64, "depth": "normal",
    "hidden": 8,
}  # fmt: skip
C = 5


def config(**changes):
    return Config(**{**TINY, **changes})


def painter(classes=C, **changes):
    torch.manual_seed(0)
    made = GroupDNet(config(**changes), classes, classes)
    for parameter in made.parameters():  # the usual weights are so small that little would show
        torch.nn.init.normal_(parameter, 0, 0.1)
    return made.eval()


def views(classes=C, size=64):
    torch.manual_seed(1)
    blocks = torch.randint(classes, (1, 8, 8)).repeat_interleave(size // 8, 1).repeat_interleave(size // 8, 2)
    return Views(blocks, classes, None, torch.rand(1, 3, size, size) * 2 - 1)


@pytest.mark.parametrize(
    ("name", "generator", "encoder"),
    [
        ("deepfashion", 96_324_451, 12_835_712),
        ("cityscapes", 76_501_358, 5_768_210),
        ("ade20k", 66_458_715, 4_411_012),
    ],
)
def test_the_published_settings_give_the_published_numbers_of_weights(name, generator, encoder):
    classes, settings = PUBLISHED[name]
    with torch.device("meta"):
        made = GroupDNet(Config(**settings), classes, classes)
    encoding = [made.encoder, made.mean, made.log_variance]
    assert sum(p.numel() for network in encoding for p in network.parameters()) == encoder
    assert sum(p.numel() for network in (made.stem, made.generator) for p in network.parameters()) == generator
    assert made.stride == 64
    for changes in (*RECIPES.values(), *(one.settings for one in ABLATIONS.values())):
        Config(**changes)


def test_a_class_is_split_off_and_enlarged_from_its_box():
    classes = torch.zeros(1, 4, 4, dtype=torch.long)
    classes[0, 1:3, 2:4] = 1
    image = torch.arange(48.0).view(1, 3, 4, 4)
    seen = Views(classes, 3, None, image)
    plain, large = (split(seen, stretch=yes)[0].view(3, 3, 4, 4) for yes in (False, True))
    assert torch.equal(plain.sum(0), image[0])
    assert torch.equal(plain[1, 0], torch.tensor([[0.0] * 4, [0, 0, 6, 7], [0, 0, 10, 11], [0] * 4]))
    assert torch.equal(large[1, 0], torch.tensor([[6.0, 6, 7, 7], [6, 6, 7, 7], [10, 10, 11, 11], [10, 10, 11, 11]]))
    assert torch.equal(large[0], plain[0])  # its box is the whole picture
    assert not large[2].any() and not plain[2].any()
    # a box whose colours add up to nothing is a box all the same
    assert split(Views(classes, 3, None, torch.zeros(1, 3, 4, 4)), stretch=True).shape == (1, 9, 4, 4)


def test_edges_stand_behind_each_class():
    classes, edges = torch.rand(2, 3, 4, 4), torch.rand(2, 1, 4, 4)
    made = interleaved(classes, edges)
    assert torch.equal(made[:, ::2], classes)
    assert all(torch.equal(made[:, n : n + 1], edges) for n in (1, 3, 5))
    assert not interleaved(classes, None)[:, 1::2].any()


@pytest.mark.parametrize("way", ["mask", "mask+stretch"])
def test_codes_of_a_class_come_from_its_pixels_alone(way):
    network, seen = painter(split=way), views()
    other = Views(seen.classes, C, None, torch.where(seen.classes[:, None] == 2, -seen.pictures, seen.pictures))
    for one, two in zip(network.encode(seen), network.encode(other), strict=True):
        changed = (one - two).abs().amax((0, 2, 3)) > 0
        assert changed.nonzero().flatten().tolist() == [4, 5]
    a, b = network.look_of(seen)["codes"], network.look_of(other)["codes"]
    assert a.shape == (1, C, 2, 2, 2)
    assert torch.equal(a[:, [0, 1, 3, 4]], b[:, [0, 1, 3, 4]]) and not torch.equal(a[:, 2], b[:, 2])


@pytest.mark.parametrize("noise", [1.0, 0.1])
def test_codes_begin_with_the_noise_asked_for_and_differ_where_it_is_small(noise):
    torch.manual_seed(0)
    network = GroupDNet(config(code_noise=noise, encoder_norm="none"), C, C).requires_grad_(False)
    mean, log_variance = network.encode(views())
    assert float((log_variance / 2).exp().mean()) == pytest.approx(noise, rel=0.1)
    assert (float(mean.std()) > 0.1) == (noise < 1)


def reached(network, stage, groups):
    """Which groups of features behind a stage change with the code of class 2."""
    seen = views(network.classes)
    one = network.random_look((64, 64), torch.Generator().manual_seed(0))["codes"]
    other = one.clone()
    other[:, 2] += 1
    apart = network.features(seen, one.flatten(1, 2), stage) - network.features(seen, other.flatten(1, 2), stage)
    return (apart.abs().amax((0, 2, 3)) > 1e-7).view(groups, -1).any(1).nonzero().flatten().tolist()


def test_with_as_many_groups_as_classes_each_class_stays_apart():
    network = painter(groups=(C,) * 7, width=5)
    assert reached(network, None, C) == [2]


def test_decreasing_groups_merge_neighbours():
    network = painter(8, groups=(8, 8, 4, 4, 2, 2, 1), width=8, modulation="grouped")
    assert reached(network, 2, 8) == [2]
    assert reached(network, 4, 4) == [1]
    assert reached(network, 6, 2) == [0]
    assert reached(network, 7, 8) == list(range(8))


def test_a_class_that_lies_across_two_groups_reaches_both():
    network = painter(groups=(C, C, 2, 2, 1, 1, 1))
    assert reached(network, 2, C) == [2]
    assert reached(network, 3, 2) == [0, 1]


def test_redrawing_one_class_leaves_the_others_bit_for_bit():
    network = painter()
    looks = [network.random_look((64, 64), torch.Generator().manual_seed(s)) for s in (0, 1)]
    made = network.with_classes(looks[0], {3: looks[1]})["codes"]
    assert torch.equal(made[:, 3], looks[1]["codes"][:, 3])
    assert torch.equal(made[:, [0, 1, 2, 4]], looks[0]["codes"][:, [0, 1, 2, 4]])
    assert looks[0]["codes"].shape == (1, C, 2, 2, 2)


def test_morphing_begins_and_ends_with_the_two_looks():
    network, seen = painter(), views()
    a, b = (network.random_look((64, 64), torch.Generator().manual_seed(s)) for s in (0, 1))
    first, last = (network.picture(seen, [(1.0, one)]) for one in (a, b))
    assert torch.equal(network.picture(seen, [(1.0, a), (0.0, b)]), first)
    assert torch.allclose(network.picture(seen, [(0.0, a), (1.0, b)]), last)
    assert not torch.equal(network.picture(seen, [(0.5, a), (0.5, b)]), first)


def test_one_class_in_one_group_is_the_plain_block():
    torch.manual_seed(0)
    stages = stages_of(config(groups=(1,) * 7), 1)
    grouped, plain = (
        Block(64, stage, "batch") for stage in (stages[0], Stage("head", stages[0].made, Modulation(1, 2)))
    )
    plain.load_state_dict(grouped.state_dict())
    x, maps = torch.randn(1, 64, 4, 4), lambda size: torch.ones(1, 1, *size)
    assert torch.equal(grouped(x, maps), plain(x, maps))


@pytest.mark.parametrize("classes", [1, 2, 3, 5, 7, 8, 11])
@pytest.mark.parametrize("modulation", ["mixed", "interleaved"])
def test_groups_for_any_number_of_classes(classes, modulation):
    with torch.device("meta"):
        made = GroupDNet(config(modulation=modulation), classes, classes)
    groups = [stage.groups for stage in made.generator.stages]
    assert groups[0] == classes and groups == sorted(groups, reverse=True)


@pytest.mark.parametrize(
    ("classes", "changes", "named"),
    [
        (5, {"groups": (5, 5, 5, 2, 1, 1, 1), "channels": (80, 80, 80, 41, 20, 8, 4)}, "'up 0' are 41"),
        (5, {"groups": (4, 4, 4, 4, 4, 4, 1), "modulation": "grouped"}, "'head'"),
        (5, {"groups": (4, 4, 4, 4, 4, 4, 1)}, "stage 'head'"),
        (5, {"crop": 32}, "crop"),
    ],
)
def test_what_does_not_fit_is_refused(classes, changes, named, sentence):
    with pytest.raises(OptionError) as error:
        GroupDNet(config(**changes), classes, classes)
    sentence(error.value, named)


@pytest.mark.parametrize("wrong", [{"groups": (1, 2, 1, 1, 1, 1, 1)}, {"groups": (1, 1)}, {"channels": (0,) * 7}])
def test_lists_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValidationError):
        config(**wrong)


@pytest.mark.parametrize(
    "change",
    [{"width": 8}, {"code": 3}, {"encoder_width": 3}, {"modulation": "interleaved"}, {"depth": "more", "crop": 128},
     {"groups": (5, 1, 1, 1, 1, 1, 1)}, {"channels": (80, 80, 80, 80, 80, 80, 80)}],
    ids=str,
)  # fmt: skip
def test_every_setting_of_the_networks_changes_them(change):
    def shapes(settings):
        return [tuple(p.shape) for p in GroupDNet(settings, C, C).parameters()]

    assert shapes(config(**{"load": 128, **change})) != shapes(config())


def test_hidden_channels_are_those_of_grouped_modulation():
    made = [painter(8, modulation="grouped", hidden=hidden, width=8) for hidden in (8, 16)]
    assert [m.generator.blocks[0].norm0.shared.out_channels for m in made] == [8, 16]


QUICK = {**TINY, "device": "cpu", "recipe": "paper", "steps": 3, "batch": 2, "lr_generator": 0.02, "width": 5}
#: Of the data set's five classes.
QUICK["groups"] = (5, 5, 5, 5, 1, 1, 1)


@pytest.fixture(scope="module")
def model():
    return analogon.train("groupdnet", small_set(), **QUICK)


def test_a_class_takes_the_look_that_it_is_given(model):
    pictures = small_set()
    pair, style = pictures[0], pictures[1].exemplar(pictures.palette)
    target = analogon.LabelMap(pair.labels, pictures.palette)
    plain = model.render(target)
    for look in (style, 17):
        assert (model.render(target, classes={"sky": look}).image != plain.image).any()
    every = dict.fromkeys(pictures.palette.names, style)
    assert model.config["groups"] == list(QUICK["groups"])
    assert np.allclose(model.render(target, classes=every).image, model.render(target, style=style).image, atol=1e-6)
    assert model.render(target, classes={"sky": 17}).record()["wishes"]["styles"] == [
        {"weight": 1.0, "seed": 17, "classes": ["sky"]}
    ]


def test_looks_that_cannot_be_are_refused(model, sentence):
    pictures = small_set()
    target = analogon.LabelMap(pictures[0].labels, pictures.palette)
    with pytest.raises(OptionError) as error:
        model.render(target, classes={"sea": 3})
    sentence(error.value, "'sea'")
    with pytest.raises(OptionError) as error:
        model.render(target, style=model.load_style(pictures[0].image))
    sentence(error.value, "--style")
