import numpy as np
import pytest

pytest.importorskip("torch", reason="the method needs the extra 'neural'")

import torch
from tests.networks.small import small_config, small_set, small_trainer

from analogon import LabelMap
from analogon.datasets.scenes import CLASSES
from analogon.methods.spade.config import ABLATIONS, RECIPES, Config
from analogon.methods.spade.method import METHOD
from analogon.methods.spade.network import Spade, StyleEncoder
from analogon.networks.batches import Views
from analogon.rendering import Style
from analogon.run import Run


def test_the_encoder_has_the_published_number_of_weights():
    with torch.device("meta"):
        encoder = StyleEncoder(256, 64, 256)
        assert sum(p.numel() for p in encoder.parameters()) == 10_463_424
        assert len(encoder.convs.convs) == 6
        # of smaller windows: fewer layers, and linear ones that fit
        small = StyleEncoder(64, 64, 256)
    assert (len(small.convs.convs), small.mean.in_features) == (4, 512 * 16)


@pytest.mark.parametrize("side", [32, 64, 256])
def test_the_encoder_takes_pictures_of_any_size(side):
    mean, log_variance = StyleEncoder(side, 2, 5)(torch.randn(2, 3, 40, 24))
    assert mean.shape == log_variance.shape == (2, 5)


def test_the_default_settings_are_the_published_ones():
    config = Config()
    assert (config.lr_generator, config.lr_critics, config.betas) == (1e-4, 4e-4, (0.0, 0.9))
    assert (config.matching, config.perceptual, config.divergence, config.gan) == (10, 10, 0.05, 1)
    assert (config.load, config.crop, config.width, config.hidden, config.code) == (286, 256, 64, 128, 256)
    for changes in (*RECIPES.values(), *(one.settings for one in ABLATIONS.values())):
        Config(**changes)


def views(count=1):
    pictures = small_set()
    cut = [pictures[i] for i in range(count)]
    return Views.of([type(p)(p.name, p.image[:32, :32], p.labels[:32, :32]) for p in cut], pictures, edges=False)


@pytest.fixture(scope="module")
def painter():
    trainer = small_trainer(small_config(instances=False, lr_generator=0.02, norm="batch"))
    for n in range(4):
        trainer.step(n, 0.0)
    return trainer.painter.eval()


def test_a_code_decides_the_look_and_the_same_code_gives_the_same_picture(painter):
    a, b = (painter.look_of(Views(v.classes, 5, None, v.image)) for v in (views(), views(2)))
    one, other = {"code": torch.zeros(1, 4)}, {"code": torch.ones(1, 4)}
    first = painter.picture(views(), [(1.0, one)])
    assert torch.equal(first, painter.picture(views(), [(1.0, one)]))
    assert not torch.allclose(first, painter.picture(views(), [(1.0, other)]), atol=1e-4)
    middle = painter.picture(views(), [(0.5, one), (0.5, other)])
    assert torch.equal(middle, painter.picture(views(), [(1.0, {"code": torch.full((1, 4), 0.5)})]))
    assert a["code"].shape == (1, 4) and b["code"].shape == (2, 4)


def test_random_looks_come_from_the_seed(painter):
    looks = [painter.random_look((32, 32), torch.Generator().manual_seed(s))["code"] for s in (0, 0, 1)]
    assert torch.equal(looks[0], looks[1]) and not torch.equal(looks[0], looks[2])


def test_sizes_that_were_not_learnt_are_painted_too(painter):
    wide = torch.randint(5, (1, 64, 96))
    assert painter.picture(Views(wide, 5), [(1.0, {"code": torch.zeros(1, 4)})]).shape == (1, 3, 64, 96)


def test_without_an_encoder_a_layout_has_one_look():
    plain = Spade(small_config(styled=False), 5, 5).eval()
    assert plain.random_look((32, 32), torch.Generator()) == {}
    assert plain.picture(views(), [(1.0, {})]).shape == (1, 3, 32, 32)
    assert not any(name.startswith("encoder") for name, _ in plain.named_parameters())


@pytest.mark.parametrize(
    "change",
    [{"width": 4}, {"depth": "more"}, {"hidden": 8}, {"code": 8}, {"encoder_width": 4}, {"aspect": 2.0}],
    ids=str,
)
def test_every_setting_of_the_networks_changes_them(change):
    def shapes(config):
        return [tuple(p.shape) for p in Spade(config, 5, 5).parameters()]

    usual = small_config(crop=64, load=64)
    changed = usual.model_copy(update=change)
    assert shapes(changed) != shapes(usual)


@pytest.mark.slow
def test_it_learns_eight_scenes():
    """The oracle reads the classes of overfitted scenes, and the look that another picture has."""
    from analogon.datasets.oracle import read_pixels

    pictures = small_set(8)
    settings = {**RECIPES["fast"], "batch": 4, "steps": 700, "load": 64, "flip": 0.0}
    trained = METHOD.train(pictures, Config(**settings), Run(device="cpu"))
    scores = []
    for i in range(8):
        pair = pictures[i]
        target = LabelMap(pair.labels, CLASSES)
        made = trained.render(target, Run(device="cpu"), [Style(pair.exemplar(CLASSES))]).image
        found, _ = read_pixels(made)
        for c in np.unique(pair.labels):
            both, either = (found == c) & (pair.labels == c), (found == c) | (pair.labels == c)
            scores.append(both.sum() / either.sum())
    assert np.mean(scores) > 0.9
