import pytest
import torch
from torch import nn

from analogon.methods.singan.losses import adversarial_loss, critic_loss, gradient_penalty, reconstruction_loss


class Slope(nn.Module):
    """A score that grows by so much with each channel of each pixel."""

    def __init__(self, slopes):
        super().__init__()
        self.slopes = torch.tensor(slopes).view(1, -1, 1, 1)

    def forward(self, picture):
        return (picture * self.slopes).sum(1, keepdim=True)


def test_the_critic_wants_real_patches_to_score_high():
    real, fake = torch.ones(1, 3, 4, 4), torch.zeros(1, 3, 4, 4)
    assert critic_loss(Slope([1.0, 1.0, 1.0]), real, fake) == -3
    assert adversarial_loss(Slope([1.0, 0.0, 0.0]), real) == -1
    assert reconstruction_loss(real, fake) == 1 and reconstruction_loss(real, real) == 0


@pytest.mark.parametrize("slopes, penalty", [([1.0, 0.0, 0.0], 0.0), ([3.0, 4.0, 0.0], 16.0), ([0.0, 0.0, 0.0], 1.0)])
@pytest.mark.parametrize("size", [3, 10])
def test_the_norm_of_a_gradient_is_that_of_a_pixel(slopes, penalty, size):
    """Of all of its channels, and whatever the size of the picture."""
    real, fake = torch.rand(1, 3, size, size), torch.rand(1, 3, size, size)
    assert gradient_penalty(Slope(slopes), real, fake, 0.3).item() == pytest.approx(penalty, abs=1e-5)


def test_the_penalty_is_taken_between_the_pictures():
    class Square(nn.Module):
        def forward(self, picture):
            return picture.square() / 2  # its gradient is the picture

    real, fake = torch.full((1, 1, 2, 2), 5.0), torch.full((1, 1, 2, 2), 1.0)
    for share, at in ((0.0, 1.0), (1.0, 5.0), (0.25, 2.0)):
        assert gradient_penalty(Square(), real, fake, share).item() == pytest.approx((at - 1) ** 2, rel=1e-5)


def test_the_penalty_is_finite_and_of_full_precision_in_mixed_precision():
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Conv2d(3, 4, 3), nn.LeakyReLU(0.2), nn.Conv2d(4, 1, 3))
    real, fake = torch.rand(1, 3, 12, 12), torch.rand(1, 3, 12, 12)
    plain = gradient_penalty(critic, real, fake, 0.5)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = gradient_penalty(critic, real.bfloat16().float(), fake.bfloat16().float(), 0.5)
        assert mixed.dtype == torch.float32
    assert torch.isfinite(mixed) and mixed.item() == pytest.approx(plain.item(), rel=1e-2)
    mixed.backward()
    assert all(torch.isfinite(p.grad).all() for p in critic.parameters() if p.grad is not None)
    # a critic without any slope has a gradient of the penalty, not a number that is none
    still = nn.Conv2d(3, 1, 3)
    nn.init.zeros_(still.weight)
    gradient_penalty(still, real, fake, 0.5).backward()
    assert torch.isfinite(still.weight.grad).all()
