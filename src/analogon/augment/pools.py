"""Samples by number: made when they are asked for, read from a dataset, and a bounded memory of either."""

from __future__ import annotations

from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

from analogon.augment.settings import Settings
from analogon.augment.sources import Sources
from analogon.augment.values import Sample, read_sample, sample_folders
from analogon.errors import InputError, OptionError

#: Samples that are refused in a row before it is given up.
_MOST_REFUSED = 50


class _Pool(Sequence[Sample]):
    """Samples from 0 to one less than their number; counted from the end where the number is negative."""

    @overload
    def __getitem__(self, number: int) -> Sample: ...
    @overload
    def __getitem__(self, number: slice) -> list[Sample]: ...
    def __getitem__(self, number: int | slice) -> Sample | list[Sample]:
        if isinstance(number, slice):
            return [self._get(n) for n in range(*number.indices(len(self)))]
        if not -len(self) <= number < len(self):
            raise IndexError(f"There is no sample {number}: there are {len(self)}.")
        return self._get(int(number) % len(self))

    @abstractmethod
    def _get(self, number: int) -> Sample:
        """The sample with a number from 0 on."""


class MadeSamples(_Pool):
    """Samples that are made when they are asked for, each time anew; the same number gives the same sample.

    Where a sample is refused, one of the same annotated picture takes its place, as many places further on as there are
    samples or a few more. Nothing is compared with other samples.

    Args:
        sources: annotated pictures.
        settings: of the samples; their seed, and the number, decide about a sample.
        count: how many there are.

    Raises:
        OptionError: ``count`` is below 1.
    """

    def __init__(self, sources: Sources, settings: Settings, count: int) -> None:
        if count < 1:
            raise OptionError(f"There cannot be {count} samples: ask for 1 or more.")
        self.sources, self.settings, self._number = sources, settings, count

    def __len__(self) -> int:
        """How many samples there are."""
        return self._number

    def _get(self, number: int) -> Sample:
        from analogon.augment.making import make_sample  # with all that renders; stored samples do without

        reason, pictures = "", len(self.sources.pictures)
        further = -(-self._number // pictures) * pictures
        for turn in range(_MOST_REFUSED):
            made = make_sample(self.sources, self.settings, number + turn * further)
            if isinstance(made, Sample):
                return made
            reason = str(made.reason)
        raise OptionError(
            f"Of {_MOST_REFUSED} samples in a row all were refused, the last for '{reason}': let the setting of that "
            "name allow more."
        )

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs: not what these sources hold for their own use."""
        return {"sources": self.sources.pack(), "settings": self.settings.record(), "number": self._number}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.sources, self.settings = Sources.unpack(state["sources"]), Settings(**state["settings"])
        self._number = state["number"]


class StoredSamples(_Pool):
    """The samples of a dataset that is there, by name.

    Raises:
        InputError: there is none; later, a sample is damaged.
    """

    def __init__(self, dataset: str | Path) -> None:
        self._folders = sample_folders(dataset)
        if not self._folders:
            raise InputError(f"'{dataset}' holds no samples yet: make some with analogon augment first.")

    def __len__(self) -> int:
        """How many samples there are."""
        return len(self._folders)

    def _get(self, number: int) -> Sample:
        return read_sample(self._folders[number])


class Remembered(_Pool):
    """Samples, of which those asked for last are kept in memory; another process begins with none of them.

    Args:
        samples: what is asked for those that are not kept.
        most: how many are kept; 0 keeps none.

    Raises:
        OptionError: ``most`` is below 0, or there are no samples.
    """

    def __init__(self, samples: Sequence[Sample], most: int) -> None:
        if most < 0:
            raise OptionError(f"A cache cannot keep {most} samples: use 0 or more.")
        if not len(samples):
            raise OptionError("There are no samples to draw from: give at least one.")
        self._samples, self._most = samples, most
        self._kept: OrderedDict[int, Sample] = OrderedDict()

    def __len__(self) -> int:
        """How many samples there are."""
        return len(self._samples)

    def _get(self, number: int) -> Sample:
        sample = self._kept.pop(number) if number in self._kept else self._samples[number]
        self._kept[number] = sample
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return sample

    def __getstate__(self) -> dict[str, Any]:
        return {"_samples": self._samples, "_most": self._most, "_kept": OrderedDict()}
