"""An exported model gives what torch gives, pixel for pixel."""

import json

import numpy as np
import pytest
import torch

import analogon
from analogon.cli import main
from analogon.methods.collage.export import portable, to_onnx
from analogon.ops import arrange

from .scenes import BEAST, GROUND, PALETTE, SHAPE, bent, elbow, exemplar_of, labelled

onnx = pytest.importorskip("onnx", reason="exporting needs the extra 'onnx'")
pytest.importorskip("onnxscript", reason="exporting needs the extra 'onnx'")
onnxruntime = pytest.importorskip("onnxruntime", reason="runs what is exported")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model():
    """On cells of four pixels, trained for a moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrange, "GRID", 16)
        yield analogon.fit(
            exemplar_of(elbow()), "collage", steps=30, device="cpu", batch=2, asked=160, learning_rate=0.004
        )


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    """Written by the command, which says no more than it should."""
    folder = tmp_path_factory.mktemp("exported")
    model.save(folder / "model")
    path = folder / "new" / "deep" / "file.onnx"
    assert main(["export", str(folder / "model"), "-o", str(path)]) == 0
    assert [one.name for one in path.parent.iterdir()] == ["file.onnx"]
    return path


@pytest.fixture(scope="module")
def run(exported):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(exported.read_bytes(), options, providers=["CPUExecutionProvider"])
    return lambda ids: session.run(["picture", "places"], {"labels": ids.astype(np.int32)})


def layouts():
    rng = np.random.default_rng(0)
    yield "source", elbow()
    yield "moved", elbow(10, 34)
    yield "bent", bent(-0.5)[0]
    yield "plain", np.zeros(SHAPE, int)
    for shape in ((16, 16), (37, 51), (100, 60), (1, 1)):
        blocks = rng.integers(0, 2, (13, 13)).repeat(8, 0).repeat(8, 1)
        yield str(shape), blocks[: shape[0], : shape[1]]
    yield "noise", rng.integers(0, 2, SHAPE)


@pytest.mark.parametrize(("name", "ids"), list(layouts()), ids=[name for name, _ in layouts()])
def test_onnxruntime_gives_the_picture_that_torch_gives(model, run, name, ids):
    with torch.inference_mode():
        module = portable(model._synthesizer.network, model.exemplar)
        picture, places = (v.numpy() for v in module(torch.from_numpy(ids.astype(np.int32))))
    theirs, from_where = run(ids)
    assert theirs.dtype == np.uint8 and theirs.shape == (*ids.shape, 3)
    assert from_where.dtype == np.int32 and from_where.shape == (*ids.shape, 2)
    # sums come out in another order, so that a cell may fall to the other of two equal places
    assert (from_where == places).all(-1).mean() > 0.99 and (theirs == picture).all(-1).mean() > 0.99
    source = np.rint(model.exemplar.image * 255)
    assert (source[from_where[..., 0], from_where[..., 1]] == theirs).all()
    assert (elbow()[from_where[..., 0], from_where[..., 1]] == ids).all()


def test_it_is_the_first_picture_of_a_stream(model, run):
    target = labelled(bent(0.6)[0])
    first = next(model.stream(target, keep="none"))
    picture, places = run(target.indices())
    assert (first.provenance.places == places).all(-1).mean() > 0.99
    assert (np.rint(first.image * 255) == picture).all(-1).mean() > 0.99


def test_the_file_says_what_it_is(exported):
    made = onnx.load(exported)
    onnx.checker.check_model(made)
    facts = {entry.key: entry.value for entry in made.metadata_props}
    assert facts["analogon.method"] == "collage"
    assert json.loads(facts["analogon.source_size"]) == json.loads(facts["analogon.frame"]) == list(SHAPE)
    assert json.loads(facts["analogon.cell"]) == 4
    palette = json.loads(facts["analogon.palette"])
    assert [entry["id"] for entry in palette] == [c.id for c in PALETTE.classes]
    assert palette[BEAST] == {"id": 4, "name": "beast", "color": [200, 60, 30], "usable": True}
    # nothing of the machine that wrote it
    for weights in made.graph.initializer:
        weights.ClearField("raw_data")  # numbers may spell anything
    data = made.SerializeToString()
    assert b".py" not in data and b"/analogon" not in data
    # self-contained: standard operations alone, and nothing beside the file
    assert {node.domain for node in made.graph.node} == {""} and not made.functions
    assert not any(value.external_data for value in made.graph.initializer)


def test_the_file_says_which_classes_have_pixels(model):
    masked = exemplar_of(elbow(), elbow() == GROUND)
    made = onnx.load_model_from_string(to_onnx(model._synthesizer.network, masked))
    palette = next(json.loads(entry.value) for entry in made.metadata_props if entry.key == "analogon.palette")
    assert [entry["usable"] for entry in palette] == [True, False]
