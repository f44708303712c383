"""Files to arrays and back: pictures, label maps, masks and other maps, case folders.

Nothing else in the package opens these files.
"""

from analogon.io.animations import animation_writer, check_animation
from analogon.io.atomic import Writer, replacing, write_text, write_together
from analogon.io.folders import Case, find_case
from analogon.io.images import image_writer, read_image, to_bytes, write_image
from analogon.io.label_files import load_npy
from analogon.io.labels import labels_writer, read_labels, read_target, write_labels
from analogon.io.maps import read_map, read_mask
from analogon.io.matching import UnusedKeys
from analogon.io.opening import ImageSource, LabelSource

__all__ = [
    "Case",
    "ImageSource",
    "LabelSource",
    "UnusedKeys",
    "Writer",
    "animation_writer",
    "check_animation",
    "find_case",
    "image_writer",
    "labels_writer",
    "load_npy",
    "read_image",
    "read_labels",
    "read_map",
    "read_mask",
    "read_target",
    "replacing",
    "to_bytes",
    "write_image",
    "write_labels",
    "write_text",
    "write_together",
]
