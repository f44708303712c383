"""A model as one ONNX file that knows network and picture, and renders drafts of layouts of any size."""

from __future__ import annotations

import json
import logging
import warnings
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor, nn
from torch.export import Dim

from analogon._version import __version__
from analogon.data import Exemplar
from analogon.methods.collage.advice import Keeper
from analogon.methods.collage.draft import Draft
from analogon.methods.collage.network import Attention
from analogon.ops.arrange import cell_size
from analogon.ops.engine import class_places

#: Older runtimes, those of browsers among them, know the operations of this version.
OPSET = 20
INPUT, OUTPUTS = "labels", ("picture", "places")


class Portable(nn.Module):
    """A draft with its picture, in bytes."""

    image: Tensor

    def __init__(self, draft: Draft, image: Tensor) -> None:
        super().__init__()
        self.draft = draft
        self.register_buffer("image", image)

    def forward(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Layout int32 (h, w) -> picture uint8 (h, w, 3), and its pixels' rows and columns int32 (h, w, 2)."""
        flat = self.draft(labels.long())
        places = torch.stack([flat // self.draft.width, flat % self.draft.width], -1)
        return self.image[flat], places.int()


def portable(network: Attention, exemplar: Exemplar) -> Portable:
    """What is exported: drafts on cells of the exemplar's own size, on the CPU."""
    ids, _ = class_places(exemplar, exemplar.labels)
    keeper = Keeper(deepcopy(network), exemplar, ids, torch.device("cpu"))
    image = torch.from_numpy(np.rint(exemplar.image * 255).astype(np.uint8).reshape(-1, 3))
    return Portable(Draft(keeper, cell_size(exemplar.frame)), image).eval()


def to_onnx(network: Attention, exemplar: Exemplar) -> bytes:
    """See :class:`analogon.methods.base.Exportable`."""
    module = portable(network, exemplar)
    example = torch.from_numpy(exemplar.labels.indices().astype(np.int32))
    said = logging.getLogger("torch.onnx")
    level = said.level
    # torch warns of what it calls itself, and of packages that are not needed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        said.setLevel(logging.ERROR)
        try:
            program = torch.onnx.export(
                module,
                (example,),
                dynamo=True,
                opset_version=OPSET,
                dynamic_shapes={INPUT: {0: Dim.DYNAMIC, 1: Dim.DYNAMIC}},
                input_names=[INPUT],
                output_names=OUTPUTS,
                verbose=False,
            )
        finally:
            said.setLevel(level)
    if program is None:
        raise RuntimeError("torch.onnx.export has made no program")
    model = program.model_proto
    model.doc_string = (
        "A picture for a layout. labels: class of each pixel, as its place in the palette, from 0. picture: red, green "
        "and blue, 0 to 255. places: row and column in the source picture that each pixel is copied from."
    )
    # where each operation stands in the code of this machine is nobody's business
    graph = model.graph
    for one in (graph, *graph.node, *graph.value_info, *graph.initializer, *graph.input, *graph.output):
        del one.metadata_props[:]
    model.producer_name, model.producer_version = "analogon", __version__
    usable = (module.draft.entries >= 0).any(1).tolist()
    facts = {
        "format": 1,
        "method": "collage",
        "palette": [
            {"id": c.id, "name": c.name, "color": list(c.color), "usable": has_pixels}
            for c, has_pixels in zip(exemplar.labels.palette.classes, usable, strict=True)
        ],
        "source_size": list(exemplar.shape),
        "frame": list(exemplar.frame),
        "cell": module.draft.cell,
    }
    for key, value in facts.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = f"analogon.{key}", value if isinstance(value, str) else json.dumps(value)
    data: bytes = model.SerializeToString()
    return data
