"""Files to arrays and back: pictures, label maps, case folders.

Nothing else in the package opens these files.
"""

from analogon.io.atomic import replacing, write_text
from analogon.io.folders import Case, find_case
from analogon.io.images import read_image, write_image
from analogon.io.labels import read_labels, read_target, write_labels
from analogon.io.matching import UnusedKeys
from analogon.io.opening import ImageSource, LabelSource

__all__ = [
    "Case",
    "ImageSource",
    "LabelSource",
    "UnusedKeys",
    "find_case",
    "read_image",
    "read_labels",
    "read_target",
    "replacing",
    "write_image",
    "write_labels",
    "write_text",
]
