"""A dataset of hard samples."""

import pytest

from .samples import hard_samples, write_dataset


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("data") / "set", hard_samples())
