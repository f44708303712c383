import numpy as np
import pytest
import torch

from analogon.methods import registry
from analogon.methods.ingan import config as ingan
from analogon.methods.ingan.config import Config
from analogon.methods.ingan.geometry import Transformation
from analogon.methods.ingan.training import Trainer, draw, inverse_loss

SMALL = {"width": 4, "blocks": 1, "critic_width": 4, "crop": 32, "ramp": 0.0, "extra_from": 0.0}
TERMS = ("gan", "inverse", "extra_inverse")


@pytest.fixture(scope="module")
def picture():
    """40x48 pixels: stripes, a ramp and noise."""
    rows, columns = np.mgrid[0:40, 0:48]
    noise = np.random.default_rng(0).normal(0, 0.03, (40, 48, 3))
    planes = np.stack([columns % 8 < 4, rows % 6 < 3, columns / 48], -1)
    return np.clip(0.1 + 0.8 * planes + noise, 0, 1).astype(np.float32)


def trainer(picture, recipe="paper", seed=0, **options):
    values = {**ingan.RECIPES[recipe], **SMALL, **options}
    return Trainer(picture, Config.model_validate(values), seed=seed, device=torch.device("cpu"))


def weights(trained, name="generator"):
    return torch.cat([p.detach().flatten() for p in getattr(trained, name).parameters()])


def generator_of(numbers):
    return torch.Generator().manual_seed(numbers)


@pytest.mark.parametrize("term", TERMS)
def test_each_loss_alone_moves_the_generator(picture, term):
    moved = trainer(picture, noise=0, **{name: float(name == term) for name in TERMS})
    before, judges = weights(moved), weights(moved, "critics")
    log = moved.step(0)
    assert set(log) == ({"gan", "critics"} if term == "gan" else {term})
    assert (weights(moved) - before).abs().max() > 1e-5
    assert torch.equal(weights(moved, "critics"), judges) == (term != "gan")


@pytest.mark.parametrize("recipe", ingan.RECIPES)
@pytest.mark.parametrize("term", TERMS)
def test_each_weight_counts(picture, recipe, term):
    ends = []
    for weight in (0.0, 2.0):
        run = trainer(picture, recipe, **{term: weight, "steps": 3})
        for n in range(3):
            run.step(n, n / 3)
        ends.append(weights(run))
    assert not torch.equal(*ends)


def test_without_the_inverse_loss_there_is_no_way_back(picture):
    """What the term is for: with it the picture comes back from half its width, without it, it does not."""
    apart = {}
    for weight in (0.0, 10.0):
        run = trainer(
            picture, gan=1.0, inverse=weight, extra_inverse=0.0, lr_generator=3e-3, largest=1.0, smallest=0.5, noise=0
        )
        for n in range(40):
            run.step(n, n / 40)
        real = run.image[..., :32, :32]
        to = Transformation.of((32, 24))
        with torch.no_grad():
            again = run.generator(run.generator(real, to), to.inverse((32, 32)))
        apart[weight] = float((again - real).abs().mean())
    assert apart[10.0] < 0.7 * apart[0.0]


def test_the_extra_step_trains_the_way_back_alone(picture):
    """Its gradient does not reach the pass that made the picture it starts from."""
    run = trainer(picture, noise=0, gan=0.0, inverse=0.0)
    seen = []
    hook = run.generator.register_forward_hook(lambda _, given, made: seen.append((given[0], made)))
    run.step(0)
    hook.remove()
    assert len(seen) == 2
    (_, first), (second, _) = seen
    assert torch.equal(first, second) and not second.requires_grad


@pytest.mark.parametrize(("share", "there"), [(0.0, False), (0.13, False), (0.14, True)])
def test_the_extra_step_begins_when_the_paper_says(picture, share, there):
    assert ("extra_inverse" in trainer(picture, extra_from=2 / 15).step(0, share)) == there


def test_a_step_follows_the_largest_singular_values(picture):
    run = trainer(picture)
    for name in ("generator", "critics"):
        before = [values.clone() for _, values in getattr(run, name).named_buffers()]
        run.step(0)
        after = [values for _, values in getattr(run, name).named_buffers()]
        assert before and all(not torch.equal(a, b) for a, b in zip(before, after, strict=True) if a.numel() > 1)


def test_critics_learn_to_tell_the_picture_from_noise(picture):
    run = trainer(picture, critic_width=8, lr_critics=5e-3, initial_scale=100.0, noise=0)
    fake = torch.rand(1, 3, 32, 32, generator=generator_of(1)) * 2 - 1
    first = run._critics_step(fake, run.image[..., :32, :32], 0.5, generator_of(0))
    for _ in range(40):
        last = run._critics_step(fake, run.image[..., :32, :32], 0.5, generator_of(0))
    assert last < 0.6 * first


def test_the_judges_are_left_alone_while_they_judge(picture):
    run = trainer(picture)
    before = weights(run, "critics")
    real, to = run.image[..., :32, :32], Transformation.of((24, 40))
    run._generator_step(run.generator(real, to), real, to.inverse((32, 32)), 0.5, generator_of(0))
    assert torch.equal(weights(run, "critics"), before)
    assert all(p.grad is None and p.requires_grad for p in run.critics.parameters())


def test_the_inverse_loss_counts_what_is_shown_only():
    wanted = torch.zeros(1, 3, 16, 16)
    back = Transformation.of((16, 16), (-0.6, 0.6))
    shown = torch.from_numpy(back.covered())
    wrong = torch.where(shown, 0.5, 7.0).expand(1, 3, 16, 16)
    assert not shown.all()
    assert float(inverse_loss(wrong, wanted, back)) == pytest.approx(0.5)
    assert float(inverse_loss(torch.full_like(wanted, 0.25), wanted, Transformation.of((16, 16)))) == pytest.approx(
        0.25
    )


def drawn(share, recipe="paper", size=(256, 160), count=300, **options):
    config = Config.model_validate({**ingan.RECIPES[recipe], **options})
    return [draw(config, size, share, generator_of(n)) for n in range(count)]


def test_the_range_of_transformations_grows_to_that_of_the_paper():
    assert all(to.size == (256, 160) and to.rectangular for to in drawn(0.0))
    half, whole = (np.array([to.size for to in drawn(share)]) / (256, 160) for share in (1 / 15, 2 / 15))
    assert 0.57 < half.min() < 0.65 and 1.55 < half.max() < 1.68
    assert 0.15 <= whole.min() < 0.25 and 2.15 < whole.max() <= 2.3
    assert abs(np.corrcoef(whole.T)[0, 1]) < 0.15, "height and width are independent"
    assert all(n % 8 == 0 and n >= 16 for to in drawn(1.0) for n in to.size)


def test_distortion_grows_as_well():
    def shifts(tos):
        return np.array([to.matrix[0, 1] for to in tos])

    assert all(to.rectangular for to in drawn(0.0, distortion=0.3))
    small, large = (np.abs(shifts(drawn(share, distortion=0.3))).max() for share in (1 / 15, 1.0))
    assert 0 < small < 0.16 < large < 0.31
    assert 0.15 < np.mean([not to.rectangular for to in drawn(1.0, distortion=0.3, distorted=0.25)]) < 0.35


@pytest.mark.parametrize(
    ("shape", "crop", "sides"),
    [((256, 256), 256, (256, 256)), ((300, 100), 256, (256, 96)), ((40, 48), 32, (32, 32)), ((21, 16), 256, (16, 16))],
)
def test_crops_are_whole_eights_and_as_large_as_can_be(shape, crop, sides):
    run = trainer(np.zeros((*shape, 3), np.float32), crop=crop)
    assert run.crop == sides
    cropped = {run._crop(generator_of(n)).shape[2:] for n in range(3)}
    assert cropped == {sides}


def test_crops_come_from_everywhere(picture):
    run = trainer(picture)
    seen = {(float(c[0, 0, 0, 0]), float(c[0, 0, -1, -1])) for c in (run._crop(generator_of(n)) for n in range(60))}
    assert len(seen) > 40


def test_rates_are_constant_and_then_fall_to_nothing(picture):
    run = trainer(picture)

    def rate(share):
        run._set_rates(share)
        return {name: optimiser.param_groups[0]["lr"] for name, optimiser in run.optimisers.items()}

    assert rate(0.0) == rate(4 / 15) == {"generator": 5e-5, "critics": 5e-5}
    assert rate(19 / 30)["generator"] == pytest.approx(2.5e-5)
    assert rate(1.0)["critics"] == 0


def test_the_average_is_of_the_weights_so_far(picture):
    run = trainer(picture, "fast", average=0.9)
    passed = []
    for n in range(3):
        run.step(n, n / 3)
        passed.append(weights(run))
    assert torch.allclose(weights(run, "average"), torch.stack(passed).mean(0), atol=1e-6)
    assert run.rendering is run.average
    assert trainer(picture).rendering is not trainer(picture).average


CHANGES = [
    ("crop", 24),
    ("width", 6),
    ("blocks", 2),
    ("critic_width", 6),
    ("output", "residual"),
    ("smooth_scales", True),
    ("judged", "each"),
    ("initial_scale", 100.0),
    ("smallest", 0.6),
    ("largest", 1.5),
    ("distortion", 0.3),
    ("distorted", 0.0),
    ("ramp", 1.0),
    ("noise", 0.1),
    ("lr_generator", 1e-4),
    ("lr_critics", 1e-4),
    ("betas", (0.0, 0.9)),
    ("decay_from", 0.9),
    ("average", 0.5),
    ("extra_from", 0.9),
]


@pytest.mark.parametrize(("field", "value"), CHANGES)
def test_every_option_changes_what_is_learnt(picture, field, value):
    ends = []
    for options in ({}, {field: value}):
        given = {"distortion": 0.2} if field == "distorted" else {}
        run = trainer(picture, **{"steps": 3, **given, **options})
        for n in range(3):
            run.step(n, n / 3)
        ends.append(torch.cat([p.detach().flatten() for p in run.rendering.parameters()]))
    assert ends[0].shape != ends[1].shape or not torch.equal(*ends)


def test_every_field_is_tried(picture):
    tried = {field for field, _ in CHANGES} | set(TERMS) | {"steps", "size_limit", "strength"}
    assert set(Config.model_fields) == tried | {"checkpointing"}
    logs = [trainer(picture, checkpointing=value).step(0) for value in ("off", "on", "auto")]
    assert logs[0] == logs[1] == logs[2], "it saves memory and changes nothing else"


@pytest.mark.parametrize("recipe", ingan.RECIPES)
def test_every_ablation_changes_what_is_learnt(picture, recipe):
    def learnt(**settings):
        run = trainer(picture, recipe, **{"ramp": 0.9, **settings})
        for n in range(3):
            run.step(n, n / 3)
        return weights(run)

    whole, ablations = learnt(), registry.get("ingan").ablations_of(recipe)
    assert "no-inverse" in ablations and "no-curriculum" in ablations
    for name, ablation in ablations.items():
        assert not torch.equal(learnt(**ablation.settings), whole), name


def test_a_step_depends_on_its_number_and_the_seed_alone(picture):
    first, second = trainer(picture), trainer(picture)
    first.step(0)
    second.step(0)
    torch.rand(17)
    assert first.step(1) == second.step(1) and torch.equal(weights(first), weights(second))
    assert not torch.equal(weights(first), weights(trainer(picture, seed=1)))


@pytest.mark.parametrize("recipe", ingan.RECIPES)
def test_a_state_taken_back_goes_on_bit_for_bit(picture, recipe):
    """Curriculum, weights of the scales and rates go on, too: they follow the share, not the sitting."""
    whole = trainer(picture, recipe, ramp=0.5)
    for n in range(6):
        whole.step(n, n / 6)
    half = trainer(picture, recipe, ramp=0.5)
    for n in range(3):
        half.step(n, n / 6)
    state = half.state()
    resumed, anew = trainer(picture, recipe, ramp=0.5), trainer(picture, recipe, ramp=0.5)
    resumed.load(state)
    anew.load(state)
    for n in range(3, 6):
        resumed.step(n, n / 6)
        anew.step(n - 3, (n - 3) / 6)  # as the released code does
    assert all(torch.equal(a, b) for a, b in zip(resumed.state().values(), whole.state().values(), strict=True))
    assert not torch.equal(weights(anew), weights(whole))
