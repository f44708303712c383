"""A network of a hundred weights to be driven."""

import json

import torch
from torch import nn

from analogon.run import Run
from analogon.training import driver
from analogon.training.driver import drive
from analogon.training.state import gather, scatter

IDENTITY = {"seed": 0}


class Learner:
    """Learns noise of step n, at a rate that falls with the budget: any slip of a step shows."""

    def __init__(self, steps: int = 20) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.network = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
        self.optimiser = torch.optim.Adam(self.network.parameters(), 0.01)
        self.steps = steps
        self.done: list[int] = []
        self.shares: list[float] = []

    def step(self, n: int, share: float) -> dict[str, float]:
        self.done.append(n)
        self.shares.append(share)
        draws = torch.Generator().manual_seed(n)
        loss = (self.network(torch.randn(5, 6, generator=draws)) - torch.randn(5, 3, generator=draws)).square().mean()
        for group in self.optimiser.param_groups:
            group["lr"] = 0.01 * (1 - share)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return {"error": float(loss.detach())}

    def state(self) -> dict[str, torch.Tensor]:
        return gather({"network": self.network}, {"network": self.optimiser})

    def load(self, state: dict[str, torch.Tensor]) -> None:
        scatter(state, {"network": self.network}, {"network": self.optimiser})


def go(learner, run=None, preview=None, identity=IDENTITY, started=None):
    run = run or Run()
    started = driver.time.monotonic() if started is None else started
    return drive(learner, run, identity, started=started, preview=preview)


def same(a: Learner, b: Learner) -> bool:
    theirs = b.state()
    return all(torch.equal(value, theirs[key]) for key, value in a.state().items())


def history(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


class Timed(Learner):
    """Takes a given time for each step."""

    def __init__(self, clock, seconds, steps=1000):
        super().__init__(steps)
        self.clock, self.seconds = clock, seconds

    def step(self, n, share):
        self.clock.now += self.seconds(n) if callable(self.seconds) else self.seconds
        return super().step(n, share)


class ListenerError(Exception):
    """Raised to break a run off."""


def stop_at(step):
    def listener(event):
        if event.step == step:
            raise ListenerError

    return listener
