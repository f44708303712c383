import pytest
import torch
from safetensors.torch import save_file

from analogon.errors import OptionError
from analogon.methods import registry
from analogon.methods.semia import config as semia
from analogon.methods.semia.config import Config
from analogon.methods.semia.training import Trainer

SMALL = {
    "width": 4,
    "discriminator_width": 4,
    "segmenter_width": 4,
    "generator_steps": 1,
    "discriminator_steps": 1,
    "patch_samples": (6, 4),
}


def trainer(exemplar, recipe="paper", targets=(), seed=0, **options):
    values = {**semia.RECIPES[recipe], **SMALL, **options}
    return Trainer(exemplar, Config.model_validate(values), seed=seed, device="cpu", targets=targets)


def weights(trained):
    return torch.cat([p.detach().flatten() for p in trained.generator.parameters()])


PAPER_TERMS = ("gan", "matching", "reconstruction", "fixed_gamma", "fixed_beta", "align", "patch")


@pytest.mark.parametrize("term", PAPER_TERMS)
def test_each_loss_moves_the_generator(exemplar, term):
    """Alone, with all other weights zero: over a reconstructing and a sampling iteration the weights change."""
    only = {name: float(name == term) for name in PAPER_TERMS}
    # encoded together, equal layouts have beta = 0 exactly while the biases are 0
    moved = trainer(exemplar, noise=0, ramp=1, encode_together=term != "fixed_beta", **only)
    before = weights(moved)
    pulls = {}
    for n in range(2):
        if term in moved.step(n):
            pulls[n] = max(float(p.grad.abs().max()) for p in moved.generator.parameters() if p.grad is not None)
    assert max(pulls.values()) > 1e-6
    assert (weights(moved) - before).abs().max() > 1e-4


@pytest.mark.parametrize("term", [*PAPER_TERMS, "detail"])
def test_each_weight_counts(exemplar, target, term):
    """A fast run without the term ends elsewhere than one with it."""
    ends = []
    for weight in (0.0, 2.0):
        run = trainer(exemplar, "fast", (target,), invented=2, reconstruct_every=2, **{term: weight})
        for n in range(4):
            run.step(n)
        ends.append(weights(run))
    assert not torch.equal(*ends)


def test_each_mode_has_the_terms_of_the_paper(exemplar):
    run = trainer(exemplar, ramp=1)
    judges = {"discriminator"}
    reconstruction, sampling = set(run.step(0)), set(run.step(1))
    assert reconstruction == judges | {"segmenter", "gan", "matching", "reconstruction", "fixed_gamma", "fixed_beta"}
    assert sampling == judges | {"gan", "matching", "align", "patch"}


def test_a_carried_pair_has_no_answer_to_match_features_with(exemplar, target):
    run = trainer(exemplar, "fast", (target,), invented=1)
    assert set(run.step(1)) == {"discriminator", "gan", "reconstruction", "detail", "align", "patch"}


def test_without_any_loss_the_generator_stays(exemplar):
    still = trainer(exemplar, **dict.fromkeys(PAPER_TERMS, 0.0))
    before = weights(still)
    for n in range(2):
        still.step(n)
    assert torch.equal(weights(still), before)


def test_alignment_as_released_carries_no_gradient(exemplar):
    only = {name: float(name == "align") for name in PAPER_TERMS}
    inert = trainer(exemplar, ramp=1, align_gradient=False, **only)
    before = weights(inert)
    log = inert.step(1)
    assert log["align"] > 0
    assert torch.equal(weights(inert), before)


def test_the_judges_are_frozen_while_they_judge(exemplar):
    run = trainer(exemplar, ramp=1)
    run.step(0)
    judges = [p.clone() for net in (run.discriminator, run.segmenter) for p in net.parameters()]
    pair, real = run._draw(1, torch.Generator().manual_seed(1))
    run._generator_step(pair, real, torch.Generator().manual_seed(2))
    after = [p for net in (run.discriminator, run.segmenter) for p in net.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(judges, after, strict=True))
    assert all(p.requires_grad for p in after) and run.segmenter.training


@pytest.mark.parametrize(
    "field, value",
    [
        ("conditions", "geometry"),
        ("width", 6),
        ("norm", "batch"),
        ("spectral", True),
        ("ratio", "raw"),
        ("modulation", "ratio"),
        ("modulation", "difference"),
        ("modulation", "target"),
        ("gamma_offset", True),
        ("encode_together", False),
        ("translate_in", "decoder"),
        ("skip", True),
        ("output", "norm-lrelu"),
        ("betas", (0.5, 0.9)),
        ("discriminator_width", 6),
        ("segmenter_width", 6),
        ("discriminator_sees", "picture+layout"),
        ("segmenter_scale", 2),
        ("segmenter_target", "colour"),
        ("segmenter_dropout", True),
        ("patch_labels", False),
        ("patch_sizes", (2, 2)),
        ("patch_samples", (20, 10)),
        ("patch_neighbours", 1),
        ("bend", 0.1),
        ("zoom", 0.5),
        ("ramp", 3),
        ("exchange", 0.0),
        ("reconstruct_every", 2),
        ("reconstruct_every", 1),
        ("reconstruct_every", 0),
        ("noise", 0.1),
        ("generator_steps", 2),
        ("discriminator_steps", 2),
        ("lr_generator", 0.001),
        ("lr_segmenter", 0.0001),
        ("lr_discriminator", 0.001),
        ("decay_from", 0.9),
        ("decay_to", 0.5),
        ("initial_gain", 0.5),
        ("carry", True),
        ("invented", 2),
        ("average", 0.5),
        ("steps", 12),
    ],
)
def test_every_option_changes_what_is_learnt(exemplar, field, value):
    ends = []
    for options in ({}, {field: value}):
        values = {"steps": 6, "ramp": 1, "decay_from": 0.2, "spectral": False, "invented": 1} | options
        values["carry"] = values.get("carry", field == "invented")
        run = trainer(exemplar, **values)
        for n in range(6):
            run.step(n, n / run.steps)
        ends.append(torch.cat([p.detach().flatten() for p in run.rendering.parameters()]))
    assert ends[0].shape != ends[1].shape or not torch.equal(*ends)


@pytest.mark.parametrize("every, modes", [(2, [True, False] * 3), (1, [True] * 6), (0, [False] * 6)])
def test_the_modes_alternate_as_asked(exemplar, every, modes):
    run = trainer(exemplar, ramp=1, reconstruct_every=every)
    logs = [run.step(n) for n in range(6)]
    assert ["reconstruction" in log for log in logs] == modes
    assert ["align" not in log for log in logs] == modes
    # the segmenter learns where the picture is reconstructed, or else all the time
    assert ["segmenter" in log for log in logs] == (modes if every else [True] * 6)


LEFT_OUT = {
    "no-alignment": {"align"},
    "no-patch": {"patch"},
    "no-matching": {"matching"},
    "plain-sft": {"fixed_gamma", "fixed_beta"},
    "no-reconstruction": {"reconstruction", "fixed_gamma", "fixed_beta"},
    "no-translation": {"align", "patch"},
}


@pytest.mark.parametrize("recipe", ["paper", "fast"])
def test_every_ablation_changes_what_is_learnt(exemplar, target, recipe):
    def learnt(**settings):
        shown = {"spectral": False, "ramp": 4} if recipe == "paper" else {}
        run = trainer(exemplar, recipe, (target,), **{**shown, "reconstruct_every": 2, "invented": 1, **settings})
        logs = [run.step(n, n / 4) for n in range(4)]
        return {term for log in logs for term in log}, weights(run)

    ablations = registry.get("semia").ablations_of(recipe)
    assert set(semia.ABLATIONS) - set(ablations) == ({"no-progression"} if recipe == "fast" else set())
    whole, end = learnt()
    for name, ablation in ablations.items():
        terms, other = learnt(**ablation.settings)
        lost = LEFT_OUT.get(name, set())
        if recipe == "fast" and name == "no-reconstruction":
            lost = lost - {"reconstruction"} | {"matching"}  # a carried pair that comes home has an answer
        elif recipe == "fast" and name == "no-translation":
            lost = lost | {"detail"}
        assert whole - terms == lost, name
        assert not torch.equal(end, other), name


def test_invented_layouts_and_targets_are_practised(exemplar, target):
    assert len(trainer(exemplar, "fast", invented=2).practice.journeys) == 4  # there, and there and back
    assert len(trainer(exemplar, "fast", (target,), invented=0).practice.journeys) == 1


def test_a_residual_generator_starts_with_what_was_carried(exemplar, target):
    run = trainer(exemplar, "fast", (target,), invented=0)
    pair = run.practice.carried(run.practice.journeys[0], flip=False)
    made, _ = run.generator(pair.source, pair.source_layout, pair.target_layout)
    assert torch.allclose(made, pair.source)


def test_a_carried_picture_is_painted_over_where_it_is_open_only(exemplar, target):
    run = trainer(exemplar, "fast", (target,), invented=0, reconstruct_every=100, noise=0, lr_generator=0.02)
    for n in range(1, 5):
        run.step(n)
    pair = run.practice.carried(run.practice.journeys[0], flip=False)
    made, _ = run._render(pair, torch.Generator().manual_seed(0))
    change = (made - pair.source).abs().amax(1, keepdim=True)
    assert not change[pair.open == 0].any() and change[pair.open > 0.5].max() > 0.01
    assert 0.02 < (pair.open == 0).float().mean() < 0.98


def test_a_step_depends_on_its_number_and_the_seed_alone(exemplar):
    """Whatever was drawn before, in torch's global state or elsewhere."""
    first, second = trainer(exemplar), trainer(exemplar)
    first.step(0)
    second.step(0)
    torch.rand(17)
    a, b = first.step(1), second.step(1)
    assert a == b and torch.equal(weights(first), weights(second))
    assert not torch.equal(weights(first), weights(trainer(exemplar, seed=1)))


@pytest.mark.parametrize("recipe", ["paper", "fast"])
def test_a_state_taken_back_goes_on_bit_for_bit(exemplar, target, recipe):
    whole = trainer(exemplar, recipe, (target,), steps=6)
    for n in range(6):
        whole.step(n, n / 6)
    half = trainer(exemplar, recipe, (target,), steps=6)
    for n in range(3):
        half.step(n, n / 6)
    state = half.state()
    resumed = trainer(exemplar, recipe, (target,), steps=6)
    resumed.load(state)
    late = trainer(exemplar, recipe, (target,), steps=6)
    late.load(state)
    for n in range(3, 6):
        resumed.step(n, n / 6)
        late.step(n - 1, n / 6)  # off by one
    assert all(torch.equal(a, b) for a, b in zip(resumed.state().values(), whole.state().values(), strict=True))
    assert not torch.equal(weights(late), weights(whole))


def test_training_reconstructs_the_picture(exemplar):
    """What the paper's objective is for: the error on the picture itself falls a good way."""
    run = trainer(exemplar, width=8, steps=80, lr_generator=0.01, bend=0, zoom=0, spectral=False, generator_steps=3)
    errors = [log["reconstruction"] for log in (run.step(n, n / 80) for n in range(80)) if "reconstruction" in log]
    assert sum(errors[-4:]) / 4 < 0.5 * errors[0]


def test_carrying_needs_layouts_to_practise_on(exemplar):
    with pytest.raises(OptionError, match="set 'invented' to 1 or more, or name targets"):
        trainer(exemplar, "fast", invented=0)


def test_patches_shrink_to_fit_a_tiny_picture(exemplar):
    small = exemplar.resize((16, 20))
    run = trainer(small, patch_sizes=(15, 15), ramp=1)
    assert 0 < run.step(1)["patch"] < 10


def test_other_features_are_learnt_from(exemplar, tmp_path):
    generator = torch.Generator().manual_seed(0)
    shapes = ((0, 3, 64), (2, 64, 64), (5, 64, 128))
    tensors = {f"features.{n}.weight": torch.randn(o, i, 3, 3, generator=generator) * 0.1 for n, i, o in shapes}
    save_file(tensors | {f"features.{n}.bias": torch.zeros(o) for n, _, o in shapes}, tmp_path / "vgg.safetensors")
    ends = []
    for features in ("filters", f"vgg19:{tmp_path / 'vgg.safetensors'}"):
        run = trainer(exemplar, features=features, ramp=1)
        run.step(1)
        ends.append(weights(run))
    assert not torch.equal(*ends)


def test_global_random_state_is_left_alone(exemplar):
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    trainer(exemplar).step(0)
    assert torch.equal(torch.random.get_rng_state(), before)
