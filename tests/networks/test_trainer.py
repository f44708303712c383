import pytest
import torch
from pydantic import ValidationError

from .small import small_config, small_trainer


def weights(trainer):
    return torch.cat([p.flatten() for p in trainer.painter.parameters()]).detach().clone()


def after(steps=2, seed=0, **changes):
    trainer = small_trainer(small_config(**changes), seed=seed)
    for n in range(steps):
        trainer.step(n, n / 6)
    return weights(trainer)


@pytest.fixture(scope="module")
def usual():
    return after()


def test_steps_repeat_bit_for_bit(usual):
    assert torch.equal(after(), usual)
    assert not torch.equal(after(seed=1), usual)


@pytest.mark.parametrize(
    "change",
    [
        {"gan": 0.0},
        {"matching": 0.0},
        {"divergence": 0.0},
        {"divergence_from": 0.4},
        {"code_noise": 0.1},
        {"features": "filters"},
        {"l1": 5.0},
        {"family": "least-squares"},
        {"family": "cross-entropy"},
        {"critics": 1},
        {"norm": "instance"},
        {"encoder_norm": "none"},
        {"precision": "bfloat16"},
        {"decay_from": 0.0},
        {"epsilon": 1e-3},
        {"betas": (0.5, 0.999)},
        {"lr_critics": 1e-5},
        {"flip": 0.0},
        {"zoom": 1.5},
        {"load": 60},
        {"instances": False},
    ],
    ids=lambda change: "-".join(f"{k}={v}" for k, v in change.items()),
)
def test_every_setting_changes_what_is_learnt(change, usual):
    learnt = after(**change)
    assert learnt.shape != usual.shape or not torch.equal(learnt, usual)


def test_absolute_differences_count_by_pixels_or_classes():
    assert not torch.equal(after(l1=5.0, balance="classes"), after(l1=5.0))


def test_perceptual_distance_counts_as_it_weighs():
    assert not torch.equal(after(features="filters"), after(features="filters", perceptual=1.0))


def test_every_loss_is_told_and_each_pulls_on_the_painter():
    trainer = small_trainer(small_config(features="filters", l1=1.0))
    batch = trainer.batches(0)
    terms = trainer.terms(batch)
    assert set(terms) == {"gan", "matching", "perceptual", "l1", "divergence"}
    for name, value in terms.items():
        pull = torch.autograd.grad(value, list(trainer.painter.parameters()), retain_graph=True, allow_unused=True)
        assert any(g is not None and g.abs().max() > 0 for g in pull), name
    assert all(p.grad is None for p in trainer.critics.parameters())
    trainer.critics_loss(batch).backward()
    assert all(p.grad is None for p in trainer.painter.parameters())
    assert all(p.grad is not None for p in trainer.critics.parameters())


def test_the_divergence_counts_from_its_share_on():
    trainer = small_trainer(small_config(divergence_from=0.4))
    assert ["divergence" in trainer.step(n, share) for n, share in enumerate((0.0, 0.39, 0.4, 1.0))] == [0, 0, 1, 1]


def test_the_family_is_what_judges_lose_by():
    batch, lost = small_trainer(small_config()).batches(0), []
    for family in ("hinge", "wasserstein", "least-squares", "cross-entropy"):
        lost.append(float(small_trainer(small_config(family=family)).critics_loss(batch).detach()))
    assert lost == pytest.approx([2, 0, 1, 1.386], abs=0.2)


def test_rates_are_constant_then_fall_to_nothing():
    trainer = small_trainer(small_config(decay_from=0.5))
    told = []
    for share in (0.0, 0.5, 0.51, 0.75, 1.0):
        trainer._set_rates(share)
        told.append([o.param_groups[0]["lr"] for o in trainer.optimisers.values()])
    assert told[0] == told[1] == [1e-4, 4e-4]
    assert told[2] == pytest.approx([0.98e-4, 3.92e-4])
    assert told[3] == pytest.approx([0.5e-4, 2e-4])
    assert told[4] == [0.0, 0.0]


@pytest.mark.parametrize("more", [{}, {"average": 0.9, "features": "filters"}], ids=["plain", "average"])
def test_a_resumed_training_goes_on_bit_for_bit(more):
    whole = small_trainer(small_config(**more))
    for n in range(4):
        whole.step(n, n / 6)
    first, second = (small_trainer(small_config(**more), seed=0) for _ in range(2))
    for n in range(2):
        first.step(n, n / 6)
    second.load(first.state())
    for n in (2, 3):
        second.step(n, n / 6)
    theirs = second.state()
    assert whole.state().keys() == theirs.keys()
    assert all(torch.equal(value, theirs[name]) for name, value in whole.state().items())


def test_the_average_follows_and_is_what_makes_pictures():
    trainer = small_trainer(small_config(average=0.9))
    seen = [weights(trainer)]
    for n in range(3):
        trainer.step(n, 0.0)
        seen.append(weights(trainer))
    kept = torch.cat([p.flatten() for p in trainer.rendering.parameters()])
    assert trainer.rendering is trainer.average
    assert torch.allclose(kept, sum(seen[1:]) / 3, atol=1e-7)  # it begins as a mean
    assert not torch.equal(kept, seen[-1])
    norms = [
        dict(one.named_buffers())["generator.blocks.3.norm0.norm.mean"] for one in (trainer.average, trainer.painter)
    ]
    assert norms[0].any() and not torch.equal(*norms)  # those of its own features
    plain = small_trainer(small_config())
    assert plain.rendering is plain.painter


def test_a_step_learns():
    trainer = small_trainer(
        small_config(gan=0.0, matching=0.0, l1=1.0, divergence=0.0, lr_generator=0.01, norm="instance")
    )
    told = [trainer.step(0, 0.0)["l1"]]
    told += [trainer.step(n, 0.0)["l1"] for n in range(1, 25)]
    assert sum(told[-5:]) / 5 < 0.8 * told[0]


@pytest.mark.parametrize(
    "wrong", [{"crop": 300}, {"gan": 0, "matching": 0, "perceptual": 0}, {"gan": 0, "matching": 0}]
)
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValidationError):
        small_config(**{"load": 286, **wrong})


def test_sides_are_whole_multiples():
    config = small_config(crop=100, load=110, aspect=2.0)
    assert config.window(32) == (64, 96)
    assert config.loaded(32) == (64, 110)
    assert small_config(crop=8, load=8).loaded(32) == (32, 32)
