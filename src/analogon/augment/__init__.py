"""One annotated picture or a few become many: labelled pictures to train networks with."""

from typing import Any

from analogon.augment.dataset import Dataset, make_dataset
from analogon.augment.exporting import FORMATS, Export, export
from analogon.augment.filtering import Refusal
from analogon.augment.inventing import Invention, invent
from analogon.augment.making import make_sample
from analogon.augment.overview import write_overview
from analogon.augment.pools import MadeSamples, StoredSamples
from analogon.augment.settings import KINDS, Settings
from analogon.augment.sources import Source, Sources, load_sources
from analogon.augment.transform import Transform
from analogon.augment.values import Sample, read_sample, read_samples

__all__ = [
    "FORMATS",
    "KINDS",
    "Dataset",
    "Export",
    "Invention",
    "MadeSamples",
    "Refusal",
    "Sample",
    "SampleDataset",
    "Settings",
    "Source",
    "Sources",
    "StoredSamples",
    "Transform",
    "export",
    "invent",
    "load_sources",
    "make_dataset",
    "make_sample",
    "read_sample",
    "read_samples",
    "write_overview",
]


def __getattr__(name: str) -> Any:
    """The one class that needs PyTorch, when it is asked for."""
    if name != "SampleDataset":
        raise AttributeError(f"module 'analogon.augment' has no attribute {name!r}")
    try:
        from analogon.augment.torch_dataset import SampleDataset
    except ImportError as error:
        from analogon.errors import OptionError

        raise OptionError("SampleDataset needs PyTorch: run pip install 'analogon[neural]'.") from error
    return SampleDataset
