"""Value types of the package: palettes, label maps and exemplars (an image with its label map)."""

from analogon.data.exemplar import Exemplar
from analogon.data.labelmap import LabelMap
from analogon.data.palette import LabelClass, Palette

__all__ = ["Exemplar", "LabelClass", "LabelMap", "Palette"]
