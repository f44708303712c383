import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from analogon import InputError, LabelClass, LabelMap, OptionError, Palette
from analogon.metrics.learned import Weights, segment

PALETTE = Palette(
    (LabelClass(5, "red", (220, 30, 30)), LabelClass(2, "green", (30, 200, 30)), LabelClass(8, "blue", (30, 30, 220)))
)


def write(path, colors=PALETTE.colors, *, after=(), inputs=1, kind=TensorProto.FLOAT, size=("h", "w")):
    """A network whose score of a class falls with the distance from its colour: a convolution of one pixel."""
    colors = np.asarray(colors, np.float32) / 255
    parts = [
        numpy_helper.from_array(2 * colors[:, :, None, None], "weight"),
        numpy_helper.from_array(-(colors**2).sum(1), "bias"),
    ]
    nodes = [helper.make_node("Cast", ["image"], ["picture"], to=TensorProto.FLOAT)]
    nodes += [helper.make_node("Conv", ["picture", "weight", "bias"], ["seen0"])]
    for n, (name, options) in enumerate(after):
        nodes.append(helper.make_node(name, [f"seen{n}"], [f"seen{n + 1}"], **options))
    last = onnx.ValueInfoProto()
    last.name = f"seen{len(after)}"
    given = [
        helper.make_tensor_value_info(f"{'image' * (n == 0)}{n or ''}", kind, [1, 3, *size]) for n in range(inputs)
    ]
    graph = helper.make_graph(nodes, "colours", given, [last], parts)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return Weights(segmenter=path)


@pytest.fixture
def target():
    return LabelMap(np.array(PALETTE.ids)[np.random.default_rng(0).integers(0, 3, (14, 18))], PALETTE)


def painted(target):
    return (target.colors() / 255).astype(np.float32)


def test_the_largest_score_is_the_class_in_the_order_of_the_palette(tmp_path, target):
    weights = write(tmp_path / "net.onnx")
    assert (segment(painted(target), PALETTE, weights).ids == target.ids).all()
    near = (painted(target) + np.random.default_rng(1).normal(0, 0.05, (14, 18, 3))).clip(0, 1).astype(np.float32)
    assert (segment(near, PALETTE, weights).ids == target.ids).all()
    turned = write(tmp_path / "turned.onnx", PALETTE.colors[::-1])
    swapped = {5: 8, 2: 2, 8: 5}
    assert (segment(painted(target), PALETTE, turned).ids == np.vectorize(swapped.get)(target.ids)).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"colors": [(1, 2, 3)] * 4}, "answers with 1x4x14x18 where 1x3x14x18 is needed"),
        ({"after": [("AveragePool", {"kernel_shape": [2, 2], "strides": [2, 2]})]}, "answers with 1x3x7x9"),
        ({"after": [("ArgMax", {"axis": 1})]}, "answers with 1x1x14x18"),
        ({"after": [("Cast", {"to": TensorProto.INT32})]}, "no finite numbers"),
        ({"after": [("Sqrt", {})]}, "no finite numbers"),
        ({"inputs": 2}, "has 2 inputs"),
        ({"kind": TensorProto.DOUBLE}, "takes double where float32 is needed"),
        ({"size": (32, 32)}, "fails on a picture of 18x14 pixels"),
    ],
)
def test_a_network_that_does_not_fit(tmp_path, target, changes, words, sentence, capfd):
    with pytest.raises(InputError) as error:
        segment(painted(target), PALETTE, write(tmp_path / "net.onnx", **changes))
    sentence(error.value, tmp_path / "net.onnx", words, "(1, K, h, w) in the order of the palette")
    assert not any(capfd.readouterr())


def test_files_that_are_no_network(tmp_path, target, sentence, monkeypatch):
    (tmp_path / "text.onnx").write_text("no network")
    for name, words in (("text.onnx", "cannot be read"), ("missing.onnx", "no such file")):
        with pytest.raises(InputError) as error:
            segment(painted(target), PALETTE, Weights(segmenter=tmp_path / name))
        sentence(error.value, tmp_path / name, words)
    with pytest.raises(OptionError) as error:
        segment(painted(target), PALETTE, Weights())
    sentence(error.value, "'segmenter'")
