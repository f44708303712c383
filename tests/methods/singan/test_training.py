import copy

import pytest
import torch

from analogon.methods.singan.altering import altered
from analogon.methods.singan.ladder import Drawn
from analogon.methods.singan.training import Trainer

KINDS = ["pyramid", "growing"]


def weights(trainer):
    return torch.cat([p.detach().flatten() for p in trainer.generator.parameters()])


def run(trainer, first=0, last=None, steps=None):
    steps = steps or trainer.steps
    return [trainer.step(n, n / steps) for n in range(first, steps if last is None else last)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("term", ["adversarial", "reconstruction", "fed"])
def test_each_loss_moves_the_generator(make_trainer, kind, term):
    """Alone; without it nothing does."""
    ends = {}
    for weight in (0.0, 1.0):
        only = {"adversarial": 0.0, "reconstruction": 0.0, term: weight}
        trainer = make_trainer(kind, steps=2, scales=2, **only)
        trainer.step(0, 0.5)
        before = weights(trainer)
        assert (term in trainer.step(1, 0.75)) == bool(weight)
        ends[weight] = (weights(trainer) - before).abs().max()
    assert ends[0.0] == 0 and ends[1.0] > 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_the_penalty_holds_the_critic_back(make_trainer, kind):
    """Its gradient comes nearer to 1 than without, and its weights end elsewhere."""
    ends = []
    for weight in (0.0, 10.0):
        trainer = make_trainer(kind, steps=40, penalty=weight, adversarial=0.0, reconstruction=0.0, rate=2e-3)
        logs = [trainer.step(n, 0.0) for n in range(40)]
        assert ("penalty" in logs[0]) == bool(weight)
        window = (0, *trainer.sizes[0][:1], 0, trainer.sizes[0][1])
        real = trainer._real(window)[:, :, :, :].clone().requires_grad_()
        (gradient,) = torch.autograd.grad(trainer.critic(real).sum(), real)
        ends.append((gradient.square().sum(1).sqrt() - 1).square().mean())
    assert ends[1] < 0.5 * ends[0]


@pytest.mark.parametrize("kind", KINDS)
def test_the_critic_is_still_while_it_judges(make_trainer, kind):
    trainer = make_trainer(kind)
    trainer.step(0, 0.0)
    before = [p.clone() for p in trainer.critic.parameters()]
    trainer._generator_step(torch.Generator().manual_seed(1))
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.critic.parameters(), strict=True))
    assert all(p.requires_grad for p in trainer.critic.parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_a_critic_tells_real_from_made(make_trainer, kind):
    trainer = make_trainer(kind, adversarial=0.0, reconstruction=0.0)
    logs = [trainer.step(n, 0.0) for n in range(30)]
    assert logs[-1]["critic"] < logs[0]["critic"] - 0.05


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "option",
    [
        {"steps": 12},
        {"iterations": 3},
        {"falling": 0.5},
        {"size_limit": 40},
        {"min_size": 16},
        {"scales": 2},
        {"scales": 0, "factor": 0.6},
        {"spacing": "coarse"},
        {"width": 5},
        {"layers": 2},
        {"norm": "none"},
        {"critic_norm": "none"},
        {"slope": 0.3},
        {"start": "even"},
        {"borders": "wide"},
        {"window": 24},
        {"critic_steps": 2},
        {"generator_steps": 2},
        {"rate": 1e-3},
        {"betas": (0.0, 0.9)},
        {"decay_from": 0.9},
        {"decay_to": 0.9},
        {"practice": 0.9},
        {"practice": 0.9, "altered": "colours"},
        {"adversarial": 2.0},
        {"penalty": 1.0},
        {"reconstruction": 1.0},
        {"noise": 1.0},
        {"together": 3},
        {"below": 0.9},
        {"shared": True},
        {"penalty_every": 2},
        {"settled": True},
        {"fed": 10.0},
    ],
    ids=str,
)
def test_every_option_changes_what_is_learnt(make_trainer, kind, option):
    base = {"iterations": 2, "decay_from": 0.5, "spacing": "even", "borders": "zero", "norm": "batch"}
    base |= {"critic_norm": "batch", "start": "small"}
    if "altered" in option:
        base |= {"practice": 0.9}
    elif "factor" in option:
        base |= {"scales": 0}
    elif "below" in option:
        base |= {"together": 2}
    elif "settled" in option:
        base |= {"together": 2, "norm": "batch"}
    elif "spacing" in option:
        base |= {"scales": 4}
        option = {**option, "scales": 4}
    ends = []
    for changes in (base, {**base, **option}):
        trainer = make_trainer(kind, **changes)
        run(trainer)
        ends.append(weights(trainer))
    assert ends[0].shape != ends[1].shape or not torch.equal(*ends)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stop", range(1, 9))
def test_a_state_taken_back_goes_on_bit_for_bit(make_trainer, kind, stop):
    """At every step, of which each scale has three."""
    options = {"steps": 9, "practice": 0.4, "window": 30}
    whole = make_trainer(kind, **options)
    run(whole)
    half = make_trainer(kind, **options)
    run(half, last=stop)
    state = {name: tensor.clone() for name, tensor in half.state().items()}
    assert int(state["scale"]) == (stop - 1) // 3
    resumed, late = make_trainer(kind, **options), make_trainer(kind, **options)
    resumed.load(state)
    late.load(state)
    run(resumed, first=stop)
    for n in range(stop, 9):
        late.step(n - 1, n / 9)  # off by one
    ends = resumed.state(), whole.state()
    assert list(ends[0]) == list(ends[1])
    assert all(torch.equal(a, b) for a, b in zip(*(end.values() for end in ends), strict=True))
    assert not torch.equal(weights(late), weights(whole))


def test_a_state_of_other_scales_is_refused(make_trainer):
    state = make_trainer("pyramid").state()
    with pytest.raises(ValueError, match="other scales"):
        make_trainer("pyramid", min_size=16).load(state)
    with pytest.raises((KeyError, RuntimeError, ValueError)):
        make_trainer("growing").load(state)


def test_a_step_depends_on_its_number_and_the_seed_alone(make_trainer):
    for kind in KINDS:
        first, second = make_trainer(kind), make_trainer(kind)
        torch.manual_seed(5)
        before = torch.random.get_rng_state()
        first.step(0, 0.0)
        assert torch.equal(torch.random.get_rng_state(), before)
        torch.rand(17)
        second.step(0, 0.0)
        assert first.step(1, 0.5) == second.step(1, 0.5) and torch.equal(weights(first), weights(second))
        other = make_trainer(kind, seed=1)
        other.step(0, 0.0)
        assert not torch.equal(weights(first), weights(other))


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_finest_scales_are_trained(make_trainer, kind):
    trainer = make_trainer(kind, steps=3)
    for n in range(3):
        before = copy.deepcopy(trainer.generator)
        trainer.step(n, n / 3)
        assert trainer.scale == n
        scales = trainer.generator.parts if kind == "pyramid" else trainer.generator.body
        olds = before.parts if kind == "pyramid" else before.body
        pairs = [(new.state_dict(), old.state_dict()) for new, old in zip(scales, olds, strict=False)]
        moved = [any(not torch.equal(new[name], old[name]) for name in new) for new, old in pairs]
        together = 1 if kind == "pyramid" else 2
        assert moved == [place > n - together for place in range(n)] + [True] * (len(moved) - n)


@pytest.mark.parametrize("kind", KINDS)
def test_a_scale_begins_with_the_critic_of_the_one_before(make_trainer, kind):
    """But where a pyramid's networks grow wider."""
    trainer = make_trainer(kind, scales=5)
    trainer.step(0, 0.0)
    for scale in range(1, 5):
        before = {name: values.clone() for name, values in trainer.critic.state_dict().items()}
        trainer._next()
        after = trainer.critic.state_dict()
        same = all(
            a.shape == b.shape and torch.equal(a, b) for a, b in zip(before.values(), after.values(), strict=True)
        )
        assert same == (kind == "growing" or scale < 4)


def test_rates_fall_with_the_scales_below_and_late_in_a_scale(make_trainer):
    trainer = make_trainer("growing", steps=30, together=2, below=0.5, rate=1e-3, decay_from=0.8, decay_to=0.1)
    expected = {0: [1, 1, 1], 1: [1, 0.5, 0.5, 1], 2: [1, 0.5, 1]}  # the head goes with the coarsest, the tail stays
    for n in (0, 8, 10, 18, 20, 28):
        trainer.step(n, n / 30)
        fallen = 0.1 if n % 10 == 8 else 1.0
        rates = [group["lr"] for group in trainer.optimisers["generator"].param_groups]
        assert rates == pytest.approx([1e-3 * fallen * share for share in expected[n // 10]])
        assert trainer.optimisers["critic"].param_groups[0]["lr"] == pytest.approx(1e-3 * fallen)


def test_the_share_of_the_budget_says_which_scale_is_trained(make_trainer):
    steps = make_trainer("pyramid", iterations=100)
    assert steps.steps == 300 and steps.ends == pytest.approx([1 / 3, 2 / 3, 1])
    assert [steps.place(share)[0] for share in (0, 0.32, 0.34, 0.66, 0.67, 0.999)] == [0, 0, 1, 1, 2, 2]
    assert steps.place(0.5) == (1, pytest.approx(0.5))
    # of time each scale gets what its steps take: fine ones more
    timed = make_trainer("pyramid", iterations=100, timed=True)
    parts = [end - begin for begin, end in zip([0.0, *timed.ends], timed.ends, strict=False)]
    assert parts == sorted(parts) and parts[-1] > parts[0]
    # fewer iterations where there are more pixels
    falling = make_trainer("pyramid", iterations=100, falling=0.5)
    counts = [falling.steps * (end - begin) for begin, end in zip([0.0, *falling.ends], falling.ends, strict=False)]
    ratio = falling.sizes[0][0] * falling.sizes[0][1] / (40 * 56)
    assert counts[0] == pytest.approx(100, abs=1) and counts[2] == pytest.approx(100 * ratio**0.5, abs=1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_time_budget_that_leaps_leaves_no_scale_out(make_trainer, kind):
    trainer = make_trainer(kind)
    trainer.step(0, 0.0)
    trainer.step(1, 0.99)
    assert trainer.scale == 2 and trainer.generator.scales == 3 and len(trainer.ladder.amplitudes) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_noise_is_measured_by_what_coarser_scales_lack(make_trainer, kind):
    trainer = make_trainer(kind, steps=3, noise=0.5)
    run(trainer, last=1)
    assert trainer.ladder.amplitudes == [1.0]
    run(trainer, first=1, last=2)
    twice = make_trainer(kind, steps=3, noise=1.0)
    run(twice, last=2)
    assert twice.ladder.amplitudes[1] == pytest.approx(2 * trainer.ladder.amplitudes[1])
    assert 0.1 < twice.ladder.amplitudes[1] < 1


@pytest.mark.parametrize("kind", KINDS)
def test_training_reconstructs_the_picture_and_noise_shrinks(make_trainer, kind):
    """The picture that the kept noise makes comes nearer at each scale; so each is given less noise."""
    options = {"width": 8, "rate": 3e-3, "adversarial": 0.02, "noise": 1.0}
    trainer, new = make_trainer(kind, steps=100, **options), make_trainer(kind, steps=3, **options)
    run(trainer)
    run(new)
    trainer.generator.eval()
    with torch.no_grad():
        made = trainer.ladder.made(trainer.sizes, trainer.ladder.kept)
    psnr = 10 * torch.log10(4 / (made - trainer.reals[-1]).square().mean())
    assert psnr > 15
    assert 0 < max(trainer.ladder.amplitudes[1:]) < min(1.0, *new.ladder.amplitudes[1:])
    assert trainer.ladder.amplitudes[2] < 0.6 * new.ladder.amplitudes[2]


def test_a_scale_learns_to_enlarge_the_picture_up_to_its_full_size(make_trainer, picture):
    """Fed the picture itself it makes the picture itself, which is not so without that loss."""
    options = {"width": 8, "rate": 3e-3, "adversarial": 0.5, "scales": 2, "min_size": 16, "size_limit": 36}
    errors = {}
    for weight in (0.0, 20.0):
        trainer = make_trainer(steps=120, fed=weight, settled=True, **options)
        assert [tuple(one.shape[-2:]) for one in trainer.larger] == ([(40, 56)] if weight else [])
        run(trainer)
        trainer.generator.eval()
        with torch.no_grad():
            sizes = [tuple(trainer.reals[1].shape[-2:]), (40, 56)]
            made = trainer.ladder.made(sizes, trainer.ladder.kept, start=1, given=trainer.reals[1])
        errors[weight] = float((made - picture).square().mean())
    assert errors[20.0] < 0.5 * errors[0.0]


def test_the_critic_s_fake_is_the_generator_s(make_trainer, monkeypatch):
    """Where it is shared, one is made for both."""
    made = []
    fake = Trainer._fake
    monkeypatch.setattr(Trainer, "_fake", lambda *given: made.append(1) or fake(*given))
    for shared, count in ((False, 2), (True, 1)):
        made.clear()
        trainer = make_trainer(shared=shared)
        trainer.step(0, 0.0)
        assert len(made) == count
    trainer = make_trainer(shared=True, critic_steps=2, generator_steps=3)
    made.clear()
    trainer.step(0, 0.0)
    assert len(made) == 2 + 2  # the second of the critic's is also the first of the generator's


def test_the_penalty_is_now_and_then_and_counts_as_much_more(make_trainer):
    trainer = make_trainer(penalty_every=3)
    assert ["penalty" in trainer.step(n, 0.0) for n in range(7)] == [True, False, False] * 2 + [True]


@pytest.mark.parametrize("kind", KINDS)
def test_statistics_stay_once_the_rate_has_fallen(make_trainer, kind):
    for settled in (False, True):
        trainer = make_trainer(kind, steps=30, norm="batch", settled=settled, together=1, scales=2)
        moved = []
        for n, share in enumerate((0.0, 0.1, 0.45, 0.49)):
            before = {name: v.clone() for name, v in trainer.generator.state_dict().items() if "running" in name}
            trainer.step(n, share)
            after = trainer.generator.state_dict()
            moved.append(any(not torch.equal(v, after[name]) for name, v in before.items()))
        assert before and moved == [True, True, not settled, not settled]


@pytest.mark.parametrize("kind", KINDS)
def test_a_window_is_a_part_of_the_whole(trained, kind):
    """Though only what it looks at of the coarser scales is made."""
    trainer = trained(kind)
    sizes = trainer.sizes
    for start in (0, 1, 2):
        given = trainer.reals[start - 1] if start else None
        noise = Drawn(trainer.ladder, 3)
        made = trainer.ladder.made(sizes, noise, start=start, given=given)
        for top, bottom, left, right in ((3, 30, 5, 40), (0, 24, 32, 56), (10, 11, 20, 21)):
            part = trainer.ladder.made(sizes, noise, start=start, given=given, window=(top, bottom, left, right))
            assert torch.allclose(part, made[..., top:bottom, left:right], atol=1e-4)


def test_windows_bound_what_a_step_looks_at(make_trainer):
    trainer = make_trainer("growing", window=24)
    run(trainer, last=1)
    trainer.step(1, 0.9)
    draws = torch.Generator().manual_seed(0)
    windows = [trainer._window(draws) for _ in range(60)]
    height, width = trainer.sizes[-1]
    assert {(b - a, d - c) for a, b, c, d in windows} == {(24, 24)}
    assert {w[0] for w in windows} >= {0, height - 24} and all(0 <= w[2] <= width - 24 for w in windows)
    assert trainer._fake(draws, windows[0]).shape == (1, 3, 24, 24)


@pytest.mark.parametrize("kind", ["pieces", "colours"])
def test_an_altered_picture_is_altered_in_parts(picture, kind):
    before = picture.clone()
    made = [altered(picture, kind, torch.Generator().manual_seed(n)) for n in range(20)]
    assert torch.equal(picture, before)
    shares = [float((one != picture).any(1).float().mean()) for one in made]
    assert min(shares) > 0 and max(shares) < 0.95 and len(set(shares)) > 10
    assert all(one.min() >= -1 and one.max() <= 1 for one in made)
    if kind == "pieces":  # every pixel is one of the picture's
        pixels = {tuple(p) for p in picture[0].flatten(1).T.tolist()}
        assert {tuple(p) for p in made[0][0].flatten(1).T.tolist()} <= pixels


def test_the_kept_noise_is_drawn_once(make_trainer):
    trainer = make_trainer("pyramid")
    anchor = trainer.ladder.anchor.clone()
    run(trainer, last=2)
    assert torch.equal(trainer.ladder.anchor, anchor)
    assert torch.equal(anchor[:, 0], anchor[:, 2]) and 0.8 < float(anchor.std()) < 1.2  # one channel, three times
    growing = make_trainer("growing")
    assert torch.equal(growing.ladder.anchor, growing.reals[0])


def test_a_large_picture_is_trained_in_windows(make_config):
    """What a step keeps in memory does not grow with the picture."""
    torch.manual_seed(0)
    config = make_config("paper", width=4, window=32, critic_steps=1, generator_steps=1, size_limit=300, scales=2)
    trainer = Trainer(torch.rand(1, 3, 300, 300), config, seed=0, device="cpu")
    kept = []

    def keep(tensor):
        kept.append(tensor.numel())
        return tensor

    trainer.step(0, 0.6)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        trainer.step(1, 0.6)
    assert max(kept) < 4 * 42 * 42 * 4
