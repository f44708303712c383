"""Data sets: labelled pictures in folders or made on the fly, for methods that learn many of them.

Nothing here knows of networks. `folders` reads the layouts of published sets and of one's own (`layouts`,
`class_lists`), `scenes` makes a set of which everything is known and `oracle` reads it, `augmenting` varies pairs,
`order` says which picture comes when.
"""

from analogon.datasets.augmenting import Augmentation, augmented
from analogon.datasets.class_lists import KNOWN_LISTS, ClassList, known_classes, read_classes, write_classes
from analogon.datasets.folders import FolderPictures, find_splits, load_pictures
from analogon.datasets.layouts import LAYOUTS, SPLITS
from analogon.datasets.oracle import read_pixels, read_styles
from analogon.datasets.order import epoch_order, step_batch
from analogon.datasets.retrieval import Match, class_shares, likeness, matched, rank, read_matches, write_matches
from analogon.datasets.scenes import Scene, Scenes, SceneSettings, make_scene, write_scenes
from analogon.datasets.survey import Survey, survey
from analogon.datasets.values import Pair, Pictures
from analogon.datasets.windows import blanked, disjoint_windows, window_pair

__all__ = [
    "KNOWN_LISTS",
    "LAYOUTS",
    "SPLITS",
    "Augmentation",
    "ClassList",
    "FolderPictures",
    "Match",
    "Pair",
    "Pictures",
    "Scene",
    "SceneSettings",
    "Scenes",
    "Survey",
    "augmented",
    "blanked",
    "class_shares",
    "disjoint_windows",
    "epoch_order",
    "find_splits",
    "known_classes",
    "likeness",
    "load_pictures",
    "make_scene",
    "matched",
    "rank",
    "read_classes",
    "read_matches",
    "read_pixels",
    "read_styles",
    "step_batch",
    "survey",
    "window_pair",
    "write_classes",
    "write_matches",
    "write_scenes",
]
