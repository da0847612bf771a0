"""A model folder that costs nothing: a graph of a few operators whose features are statistics of pixels and edges."""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from contrique.card import ENCODER_GRAPH, ENCODER_WEIGHTS, new_card, write_card
from contrique.evaluation.regressor import Regressor
from contrique.model import QualityModel

DIM = 18


def write_tiny_model(folder: Path, *, regressor: bool = True) -> Path:
    """Means, mean squares, and mean absolute and squared differences along both axes, of each channel.

    Args:
        folder: made if need be.
        regressor: whether it scores: brighter is better.
    """
    from onnx import TensorProto, helper, numpy_helper

    def constant(name: str, values: list) -> object:
        return numpy_helper.from_array(np.array(values, np.int64), name)

    axes = [constant("space", [1, 2]), constant("one", [1]), constant("end", [2**31]), constant("zero", [0])]
    axes += [constant("last", [-1]), constant("h", [1]), constant("w", [2])]
    divisor = numpy_helper.from_array(np.array(255, np.float32), "full")
    nodes = [
        helper.make_node("Cast", ["images"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["float", "full"], ["x"]),
        helper.make_node("Mul", ["x", "x"], ["x2"]),
    ]
    means = ["x", "x2"]
    for axis in "hw":
        nodes += [
            helper.make_node("Slice", ["x", "one", "end", axis], [f"later_{axis}"]),
            helper.make_node("Slice", ["x", "zero", "last", axis], [f"sooner_{axis}"]),
            helper.make_node("Sub", [f"later_{axis}", f"sooner_{axis}"], [f"step_{axis}"]),
            helper.make_node("Abs", [f"step_{axis}"], [f"abs_{axis}"]),
            helper.make_node("Mul", [f"step_{axis}", f"step_{axis}"], [f"square_{axis}"]),
        ]
        means += [f"abs_{axis}", f"square_{axis}"]
    nodes += [helper.make_node("ReduceMean", [name, "space"], [f"mean_{name}"], keepdims=0) for name in means]
    nodes.append(helper.make_node("Concat", [f"mean_{name}" for name in means], ["features"], axis=1))
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", "H", "W", 3])
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", DIM])
    graph = helper.make_graph(nodes, "tiny", [images], [features], [*axes, divisor])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ENCODER_GRAPH).write_bytes(model.SerializeToString())
    save_file({"nothing": np.zeros(1, np.float32)}, folder / ENCODER_WEIGHTS)
    write_card(folder, new_card("tiny", {"name": "tiny", "features": "plain", "dim": DIM}, {}, "Apache-2.0"))
    if regressor:
        loaded = QualityModel.load(folder)
        weights = np.zeros(loaded.dim)
        weights[:3] = 1 / 3
        about = {"mapping": {"low": 0, "high": 1, "lower_is_better": False}, "interval": None}
        loaded.with_regressor(Regressor(weights, 0), about, name="tiny").save(folder)
    return folder
