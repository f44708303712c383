import pytest
import torch

from analogon.methods.singan import ladder as module
from analogon.methods.singan.ladder import BAND, Drawn, banded
from analogon.methods.singan.networks import whole
from analogon.methods.singan.sizes import scaled

KINDS = ["pyramid", "growing"]


def test_a_window_of_noise_is_a_part_of_the_whole():
    size = (3 * BAND + 5, 21)
    noise = banded((7, 0, 1), 2, size, whole(size))
    assert noise.shape == (1, 2, *size) and abs(noise.mean()) < 0.05 and abs(noise.std() - 1) < 0.05
    for window in ((0, 5, 0, 21), (BAND - 1, BAND + 1, 3, 9), (40, 101, 20, 21)):
        top, bottom, left, right = window
        assert torch.equal(banded((7, 0, 1), 2, size, window), noise[..., top:bottom, left:right])
    others = [banded(key, 2, size, whole(size)) for key in ((8, 0, 1), (7, 1, 1), (7, 0, 2))]
    assert all((other - noise).abs().mean() > 0.5 for other in others)
    assert (noise[..., :BAND, :] - noise[..., BAND : 2 * BAND, :]).abs().mean() > 0.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("start", [0, 1, 2])
def test_large_pictures_are_made_strip_by_strip(trained, picture, kind, start, monkeypatch):
    """The same picture, and no strip larger than asked for."""
    ladder = trained(kind).ladder
    sizes = scaled((100, 90), ladder.shares)
    noise = Drawn(ladder, 3)
    plain = ladder.painted(sizes, noise, start=start, given=picture)
    monkeypatch.setattr(module, "STRIP_PIXELS", 20 * 90)
    seen = []
    advanced = type(ladder.generator).advanced

    def watched(self, scale, below, size, noise, window, known=None):
        seen.append(window)
        return advanced(self, scale, below, size, noise, window, known)

    monkeypatch.setattr(type(ladder.generator), "advanced", watched)
    striped = ladder.painted(sizes, noise, start=start, given=picture)
    assert torch.allclose(striped, plain, atol=1e-4) and plain.std() > 0.01
    assert max(bottom - top for top, bottom, _, _ in seen[-3:]) <= 20 + 2
    # as training sees it
    made = ladder.made(sizes, noise, start=start, given=picture)
    assert torch.allclose(made, plain, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_scales_below_the_first_have_the_kept_noise(trained, kind):
    trainer = trained(kind)
    ladder, sizes = trainer.ladder, trainer.sizes
    again = ladder.painted(sizes, ladder.kept)
    assert torch.equal(ladder.painted(sizes, Drawn(ladder, 1, first=3)), again)
    differences = [(ladder.painted(sizes, Drawn(ladder, 1, first=n)) - again).abs().mean() for n in (0, 1, 2)]
    assert min(differences) > 0
    weak = ladder.painted(sizes, Drawn(ladder, 1, first=2, strength=0.2))
    assert 0 < (weak - again).abs().mean() < differences[2]
    assert not torch.equal(
        ladder.painted(sizes, Drawn(ladder, 1, stream=1)), ladder.painted(sizes, Drawn(ladder, 1, stream=2))
    )


def test_noise_is_as_strong_as_it_was_measured(trained):
    ladder = trained("growing").ladder
    window = (0, 40, 0, 56)
    for scale in (1, 2):
        noise = Drawn(ladder, 0)(scale, 64, (40, 56), window)
        assert float(noise.std()) == pytest.approx(ladder.amplitudes[scale], rel=0.05)
    single = Drawn(trained("pyramid").ladder, 0)(0, 3, (40, 56), window)
    assert torch.equal(single[:, 0], single[:, 1])  # one channel, three times


@pytest.mark.parametrize("size", [(1, 1), (7, 90), (61, 13), (40, 56)])
@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_any_size_are_made(trained, kind, size):
    ladder = trained(kind).ladder
    made = ladder.painted(scaled(size, ladder.shares), Drawn(ladder, 0))
    assert made.shape == (1, 3, *size) and torch.isfinite(made).all()
