"""A label map as objects that can be moved about: what comes of it is a new label map, and what a render needs."""

from analogon.layout.arrangement import Layout
from analogon.layout.following import carried, guides, keep_mask, places, save_carried
from analogon.layout.history import History, operation
from analogon.layout.moving import Deform, Delete, Duplicate, Flip, Move, Rotate, Scale
from analogon.layout.objects import LayoutObject, ObjectGroup
from analogon.layout.operation import Operation
from analogon.layout.painting import Brush, Fill, Polygon, Spans
from analogon.layout.scene import Relation, Scene
from analogon.layout.sentences import operations_of
from analogon.layout.sorting import Arrange, Group, Merge, Relabel, Ungroup

__all__ = [
    "Arrange",
    "Brush",
    "Deform",
    "Delete",
    "Duplicate",
    "Fill",
    "Flip",
    "Group",
    "History",
    "Layout",
    "LayoutObject",
    "Merge",
    "Move",
    "ObjectGroup",
    "Operation",
    "Polygon",
    "Relabel",
    "Relation",
    "Rotate",
    "Scale",
    "Scene",
    "Spans",
    "Ungroup",
    "carried",
    "guides",
    "keep_mask",
    "operation",
    "operations_of",
    "places",
    "save_carried",
]
