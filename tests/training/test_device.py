import pytest

pytest.importorskip("torch", reason="training needs the extra 'neural'")

import torch

from analogon.errors import OptionError
from analogon.training.device import flushed_denormals, pick, threads


def test_cpu():
    assert pick("cpu") == torch.device("cpu")


def test_auto_takes_an_accelerator_where_there_is_one():
    wanted = "cuda" if torch.cuda.is_available() else "cpu"
    assert pick("auto").type == wanted


@pytest.mark.parametrize(
    "name",
    [
        *("abacus", "", "cpu:x", "cpu:0", "cuda:99", "cuda:9999999999", "cuda:", "cuda:-1", "CPU", " cpu", "auto:0"),
        # torch has these; some only pretend to compute
        *("meta", "hpu", "xpu", "fpga", "privateuseone", "mkldnn", "vulkan"),
    ],
)
def test_an_unknown_device(name, sentence):
    with pytest.raises(OptionError) as error:
        pick(name)
    assert f"'{name}'" in sentence(error.value)
    assert "'auto' or 'cpu'" in str(error.value)


def test_the_number_of_threads_is_torchs():
    before = torch.get_num_threads()
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            assert threads() == number
    finally:
        torch.set_num_threads(before)


def test_denormals_are_zero_inside_the_block_only():
    denormal = torch.tensor([1e-40])
    if not torch.set_flush_denormal(False):
        pytest.skip("this processor cannot flush denormals")
    assert (denormal * 1).item() != 0
    with flushed_denormals():
        assert (denormal * 1).item() == 0
    assert (denormal * 1).item() != 0
    with pytest.raises(ValueError, match="inside"), flushed_denormals():
        raise ValueError("inside")
    assert (denormal * 1).item() != 0
