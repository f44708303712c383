"""A U-Net of half a million weights, and its training on crops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from pictures import Ids, Picture, Pixels, Task, scored
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (16, 32, 64, 128)


def block(inside: int, outside: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inside, outside):
        layers += [nn.Conv2d(channels, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(True)]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Four sizes, each of two convolutions on the way down and two on the way up."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.down = nn.ModuleList(block(a, b) for a, b in zip((channels, *WIDTHS), WIDTHS, strict=False))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in WIDTHS[-2::-1])
        self.merge = nn.ModuleList(block(2 * w, w) for w in WIDTHS[-2::-1])
        self.out = nn.Conv2d(WIDTHS[0], classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """What speaks for each class, (n, classes, h, w), of (n, channels, h, w) with sides that 8 divides."""
        kept: list[Tensor] = []
        for n, down in enumerate(self.down):
            x = down(x if n == 0 else functional.max_pool2d(x, 2))
            kept.append(x)
        for up, merge, before in zip(self.up, self.merge, kept[-2::-1], strict=True):
            x = merge(torch.cat([up(x), before], 1))
        answer: Tensor = self.out(x)
        return answer


@dataclass(frozen=True)
class Distortion:
    """Standard augmentation: geometry and intensity, as strong as is said. All zero is none."""

    flips: bool = True
    turn: float = 0.26  # radians, either way
    zoom: float = 0.15
    elastic: float = 3.0  # pixels
    knots: int = 5  # of the elastic field, across a crop
    contrast: float = 0.2
    gamma: float = 0.2
    noise: float = 0.5  # of the picture's deviation
    blur: float = 0.3  # share of crops that are softened


@dataclass(frozen=True)
class Schedule:
    """How long, on how many crops at once, and how fast."""

    steps: int = 600
    batch: int = 4
    rate: float = 3e-3
    decay: float = 1e-4


class Stock:
    """Pictures as tensors: z-scored image and one plane per class."""

    def __init__(self, pictures: Sequence[Picture], classes: int) -> None:
        self.planes = [
            torch.cat(
                [
                    torch.from_numpy(scored(p.image)).permute(2, 0, 1),
                    functional.one_hot(torch.from_numpy(p.labels), classes).permute(2, 0, 1).float(),
                ]
            )
            for p in pictures
        ]


def uniform(rng: np.random.Generator, reach: float) -> float:
    return float(rng.uniform(-reach, reach))


def crop(planes: Tensor, side: int, task: Task, how: Distortion | None, rng: np.random.Generator) -> Tensor:
    """One crop of a picture, turned, bent and zoomed; (channels + classes, side, side)."""
    height, width = planes.shape[1:]
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    if how is None:
        return planes[:, top : top + side, left : left + side]
    turn, zoom = uniform(rng, how.turn), 1 + uniform(rng, how.zoom)
    quarter = int(rng.integers(4)) if how.flips and task.turned else 0
    flip = -1.0 if how.flips and rng.random() < 0.5 else 1.0
    angle = turn + quarter * np.pi / 2
    span = torch.arange(side, dtype=torch.float32) - (side - 1) / 2
    y, x = torch.meshgrid(span, span, indexing="ij")
    x = x * flip
    bend = torch.from_numpy(rng.normal(0, 1, (1, 2, how.knots, how.knots)).astype(np.float32)) * how.elastic
    bend = functional.interpolate(bend, (side, side), mode="bicubic", align_corners=True)[0]
    row = zoom * (np.cos(angle) * y - np.sin(angle) * x) + bend[0] + float(top) + (side - 1) / 2
    column = zoom * (np.sin(angle) * y + np.cos(angle) * x) + bend[1] + float(left) + (side - 1) / 2
    grid = torch.stack([2 * column / (width - 1) - 1, 2 * row / (height - 1) - 1], -1)[None]
    found: Tensor = functional.grid_sample(planes[None], grid, padding_mode="reflection", align_corners=True)[0]
    return found


def toned(image: Tensor, how: Distortion, rng: np.random.Generator) -> Tensor:
    """Contrast, brightness, gamma, noise and softness of a crop, changed a little."""
    image = image * (1 + uniform(rng, how.contrast)) + uniform(rng, how.contrast)
    if how.gamma:
        low, high = image.amin(), image.amax()
        span = high - low + 1e-6
        image = ((image - low) / span) ** float(np.exp(uniform(rng, how.gamma))) * span + low
    if rng.random() < how.blur:
        image = functional.avg_pool2d(functional.pad(image[None], (1, 1, 1, 1), "reflect"), 3, 1)[0] * 0.5 + image * 0.5
    grain = torch.from_numpy(rng.normal(0, 1, tuple(image.shape)).astype(np.float32))
    return image + grain * float(rng.uniform(0, how.noise))


def likeliest(planes: Tensor) -> Tensor:
    """The place of the largest plane, the first of equal ones; `argmax` takes thirty times as long."""
    best, ids = planes[0], torch.zeros(planes.shape[1:], dtype=torch.long)
    for n, plane in enumerate(planes[1:], 1):
        ids = torch.where(plane > best, n, ids)
        best = torch.maximum(best, plane)
    return ids


def loss_of(answer: Tensor, truth: Tensor, task: Task) -> Tensor:
    """Cross-entropy, and one less the Dice of the foreground classes over the batch."""
    counted = torch.ones_like(truth, dtype=torch.float32)
    if task.ignored is not None:
        counted = (truth != task.ignored).float()
        answer = answer[:, : task.ignored]
        truth = torch.where(truth == task.ignored, 0, truth)
    entropy = (functional.cross_entropy(answer, truth, reduction="none") * counted).sum() / counted.sum().clamp(1)
    share = answer.softmax(1) * counted[:, None]
    goal = functional.one_hot(truth, answer.shape[1]).permute(0, 3, 1, 2) * counted[:, None]
    dice = (2 * (share * goal).sum((0, 2, 3)) + 1) / (share.sum((0, 2, 3)) + goal.sum((0, 2, 3)) + 1)
    return entropy + 1 - dice[list(task.foreground)].mean()


Draw = Callable[[np.random.Generator, float], tuple[Stock, Distortion | None]]


def train(task: Task, draw: Draw, schedule: Schedule, seed: int) -> UNet:
    """A network trained on crops; `draw` says of which stock one is, and how it is distorted, by the share done."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    channels, classes = task.pool[0].image.shape[2], len(task.classes)
    net = UNet(channels, classes).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), schedule.rate, weight_decay=schedule.decay)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimizer, schedule.rate, schedule.steps)
    rng = np.random.default_rng((seed, 7))
    net.train()
    for step in range(schedule.steps):
        images, truths = [], []
        for _ in range(schedule.batch):
            stock, how = draw(rng, step / schedule.steps)
            planes = crop(stock.planes[rng.integers(len(stock.planes))], task.crop, task, how, rng)
            image = planes[:channels]
            images.append(image if how is None else toned(image, how, rng))
            truths.append(likeliest(planes[channels:]))
        batch = torch.stack(images).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            answer = net(batch)
        loss = loss_of(answer.float(), torch.stack(truths), task)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        rates.step()
    return net.eval()


@torch.inference_mode()
def predict(net: UNet, image: Pixels, task: Task) -> Pixels:
    """How likely each class is, float32 (h, w, classes)."""
    height, width = image.shape[:2]
    planes = torch.from_numpy(scored(image)).permute(2, 0, 1)[None]
    planes = functional.pad(planes, (0, -width % 8, 0, -height % 8), "reflect").contiguous(
        memory_format=torch.channels_last
    )
    with torch.autocast("cpu", dtype=torch.bfloat16):
        answer = net(planes)
    answer = answer.float()[0, :, :height, :width]
    if task.ignored is not None:
        answer[task.ignored] = -torch.inf
    return answer.softmax(0).permute(1, 2, 0).numpy()


def decided(share: Pixels, task: Task, threshold: float = 0.5) -> Ids:
    """The likeliest class; with two classes the second, where it is likelier than the threshold."""
    if len(task.classes) == 2:
        return (share[..., 1] > threshold).astype(np.int64)
    return share.argmax(-1)
