"""Two processes that train together, over gloo, as torchrun starts them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import analogon

from .small import SETTINGS, small_set

STEPS = 2
#: Biases before a norm have no gradient but rounding errors, which Adam would bring to the size of any other.
MORE = {"crop": 64, "load": 68, "epsilon": 1e-3}
CODE = """
import os
import sys
import torch
from safetensors.numpy import save_file
import analogon
from tests.networks.small import small_set
from tests.networks.test_together import settings

if __name__ == "__main__":
    torch.set_num_threads(1)
    folder = sys.argv[1]
    for average in sys.argv[2:]:  # the last one is kept
        model = analogon.train("spade", small_set(), folder=folder, **settings(1), average=float(average))
    save_file(dict(model._trained.arrays()), os.path.join(folder, f"rank{os.environ['RANK']}.safetensors"))
"""


STOPPED = """
import os
import signal
import sys
import threading
import time
from pathlib import Path
import torch
import analogon
from tests.networks.small import small_set
from tests.networks.test_together import settings

def taken_away(training):
    while not training.exists():
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)

if __name__ == "__main__":
    torch.set_num_threads(1)
    folder = sys.argv[1]
    if os.environ["RANK"] == "1":
        threading.Thread(target=taken_away, args=[Path(folder, "checkpoint.safetensors")], daemon=True).start()
    model = analogon.train("spade", small_set(), folder=folder, **settings(1, 2000))
    Path(folder, "steps" + os.environ["RANK"]).write_text(f"{model.stopped} {model.config['steps']}")
"""


def settings(batch: int, steps: int = STEPS) -> dict:
    more = {"recipe": "paper", "device": "cpu", "lr_generator": 1e-3, "divergence": 1.0, **MORE}
    return {**SETTINGS, **more, "batch": batch, "steps": steps}


def together(folder: Path, code: str = CODE, averages: tuple[float, ...] = (0.0,)) -> None:
    script = folder / "script.py"
    script.write_text(code)
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    done = subprocess.run(
        [*command, str(folder / "model"), *map(str, averages)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("together")
    together(folder)
    return folder / "model"


def check(folder: Path, average: float = 0.0) -> None:
    """Both processes have what one has with twice the batch."""
    ranks = [load_file(folder / f"rank{rank}.safetensors") for rank in range(2)]
    alone, start = (
        analogon.train("spade", small_set(), **settings(2, steps), average=average)._trained.arrays()
        for steps in (STEPS, 1)
    )
    apart, moved = 0.0, 0.0
    for name, value in alone.items():
        one, other, whole = ranks[0][name], ranks[1][name], torch.from_numpy(value)
        assert torch.equal(one, other), name
        if not name.endswith(("weight", "bias")):
            near = 1e-4 if name.endswith((".u", ".v")) else 1e-5  # singular vectors turn with the last bits of weights
            assert torch.allclose(one, whole, rtol=1e-3, atol=near), name
            continue
        apart += float((one - whole).square().sum())
        moved += float((whole - torch.from_numpy(start[name])).square().sum())
    assert apart < 1e-6 * moved  # a thousandth of the last step: sums come out in another order


def test_two_processes_learn_what_one_learns_with_twice_the_batch(folder):
    check(folder)


@pytest.mark.slow
def test_so_does_the_running_average_whose_norms_measure_its_own_features(tmp_path):
    together(tmp_path, averages=(0.0, 0.6))  # one after the other
    check(tmp_path / "model", average=0.6)


def test_the_first_process_alone_writes(folder):
    assert analogon.is_trained(folder)
    assert sorted(p.name for p in folder.iterdir() if p.suffix == ".jsonl") == ["history.jsonl"]
    assert not list(folder.glob("checkpoint*"))
    model = analogon.load_trained(folder, device="cpu")
    assert model.config["steps"] == STEPS


def test_processes_that_torchrun_did_not_start_cannot_meet(monkeypatch, sentence):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(analogon.OptionError) as error:
        analogon.train("spade", small_set(), **settings(1))
    sentence(error.value, "WORLD_SIZE", "torchrun")


@pytest.mark.slow
def test_all_stop_after_one_step_when_one_machine_is_taken_away(tmp_path):
    together(tmp_path, STOPPED)
    told = [(tmp_path / "model" / f"steps{rank}").read_text() for rank in range(2)]
    assert told[0] == told[1] and told[0].startswith("interrupted")
    assert int(told[0].split()[1]) < 2000
    assert (tmp_path / "model" / "checkpoint.safetensors").is_file()
