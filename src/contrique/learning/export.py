"""From an encoder to a model folder: weights as float16 safetensors, and an ONNX graph that reads those very weights.

One weights file serves both engines: each tensor of the graph is an external tensor that points into
``encoder.safetensors`` (a safetensors file is a header and raw tensors), cast to float32 when the session starts. So
the two engines cannot drift apart, and the weights ship once.
"""

import dataclasses
import json
import struct
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from torch import Tensor

from contrique.card import ENCODER_GRAPH, ENCODER_WEIGHTS, PROBE, REGRESSOR, new_card, read_card, write_card
from contrique.errors import ContriqueError, ModelError, need
from contrique.images import Preprocessing
from contrique.learning.encoders import Encoder
from contrique.learning.encoders.efficientnet_lite import SameConv
from contrique.learning.features import FeatureExtractor

OPSET = 18


def save_encoder(
    encoder: Encoder,
    folder: str | Path,
    *,
    name: str,
    training: dict[str, Any],
    features: str = "statistics",
    licence: str = "Apache-2.0",
    normalise: tuple[Sequence[float], Sequence[float]] | None = None,
    preprocessing: Preprocessing | None = None,
    exact: bool = False,
) -> Path:
    """Write an encoder as a model folder that has no regressor yet.

    Convolutions and linear layers are rounded to float16, the rest (norms) stays float32; or everything does.

    Args:
        encoder: from ``contrique.learning.encoders.build``.
        folder: created if need be.
        name: the model's name, for its card.
        training: what the encoder learned from, for its card: data, licences, recipe.
        features: ``"statistics"``, ``"blocks"`` or ``"last-mean"``.
        licence: of the weights.
        normalise: as in ``FeatureExtractor``; kept in the card's ``encoder`` as ``mean`` and ``std``.
        preprocessing: the default one if left out.
        exact: keep float32 weights, for a published model whose scores are to stay as published.

    Returns:
        The folder.
    """
    from safetensors.torch import save_file

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state = encoder.state_dict()  # type: ignore[attr-defined]
    kept = {key: _stored(value, exact) for key, value in state.items() if not key.endswith("num_batches_tracked")}
    save_file(kept, folder / ENCODER_WEIGHTS)
    (folder / ENCODER_WEIGHTS).chmod(0o644)  # safetensors makes it private
    (folder / ENCODER_GRAPH).unlink(missing_ok=True)
    about = {"name": encoder.name, "features": features, "dim": FeatureExtractor(encoder, features, normalise).dim}
    if normalise is not None:
        about |= {"mean": list(normalise[0]), "std": list(normalise[1])}
    card = new_card(name, about, training, licence, preprocessing)
    write_card(folder, card)
    return folder


def load_extractor(folder: str | Path) -> FeatureExtractor:
    """The encoder of a model folder with its features, ready to run.

    Raises:
        ModelError: the folder is no model, or its weights are damaged or not its encoder's.
    """
    from contrique.learning.encoders import build

    folder = Path(folder)
    card = read_card(folder)
    try:
        about = card["encoder"]
        normalise = (about["mean"], about["std"]) if "mean" in about else None
        encoder = build(about["name"], str(folder / ENCODER_WEIGHTS))
        extractor = FeatureExtractor(encoder, about["features"], normalise)
    except Exception as error:  # safetensors has its own exception types
        raise ModelError(f"{folder}: {error}") from error
    return extractor.eval()


def choose_features(folder: str | Path, kind: str | None, scales: Sequence[float] | None) -> None:
    """Say in the card of an encoder that is not fitted yet which features it gives; export its graph after that.

    Args:
        folder: the model.
        kind: as in ``FeatureExtractor``; None for what it is.
        scales: as in ``Preprocessing``; None for what they are.

    Raises:
        ContriqueError: the encoder has no features of that kind, or the scales are none, or leave of a small image less
            than the encoder needs.
        ModelError: the folder is no model, or has a regressor or a probe already.
    """
    folder = Path(folder)
    card = read_card(folder)
    if {REGRESSOR, PROBE} & set(card["files"]):
        raise ModelError(f"{folder}: has a regressor or a probe that was fitted to the features it gives now")
    try:
        sizes = Preprocessing.from_dict(card["preprocessing"])
        sizes = sizes if scales is None else dataclasses.replace(sizes, scales=tuple(scales))
        sizes.check_encoder()
    except (ValueError, TypeError) as error:
        raise ContriqueError(f"{folder}: {error}") from None
    extractor = FeatureExtractor(load_extractor(folder).encoder, kind or card["encoder"]["features"])
    card["encoder"] |= {"features": extractor.kind, "dim": extractor.dim}
    card |= {"preprocessing": sizes.to_dict(), "sizes": sizes.in_words()}
    write_card(folder, card)


def export_onnx(folder: str | Path) -> Path:
    """Write ``encoder.onnx`` beside a model folder's ``encoder.safetensors``.

    The graph takes ``images`` (N, H, W, 3) uint8 RGB and gives ``features`` (N, D) float32, for one scale.

    Returns:
        The graph's path.

    An 8-bit graph there (quantise.py) is replaced by a float one, if nothing was fitted to its features.

    Raises:
        ModelError: the folder is no model, or has a regressor or a probe that was fitted to 8-bit features.
        MissingExtra: torch or onnx is not installed.
    """
    import torch

    onnx = need("onnx", "learn", "contrique export")
    folder = Path(folder)
    extractor = load_extractor(folder)
    card = read_card(folder)
    if card["encoder"].pop("precision", None) is not None:
        del card["encoder"]["calibration"]
        if {REGRESSOR, PROBE} & set(card["files"]):
            raise ModelError(f"{folder}: has a regressor or a probe that was fitted to the features of its 8-bit graph")
    graph = folder / ENCODER_GRAPH
    temporary = graph.with_suffix(".tmp")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # The TorchScript exporter keeps batch norms and tensor names as they are, which the shared weights need; the
        # newer one rewrites both and takes six times as long.
        torch.onnx.export(
            extractor,
            (torch.zeros(2, 64, 96, 3, dtype=torch.uint8),),
            str(temporary),
            dynamo=False,
            opset_version=OPSET,
            do_constant_folding=False,
            training=torch.onnx.TrainingMode.PRESERVE,
            input_names=["images"],
            output_names=["features"],
            dynamic_axes={"images": {0: "N", 1: "H", 2: "W"}, "features": {0: "N"}},
        )
    model = onnx.load(str(temporary))
    _merge_padding(model, extractor)
    _share_weights(model, folder / ENCODER_WEIGHTS)
    temporary.write_bytes(model.SerializeToString())
    temporary.replace(graph)
    write_card(folder, card)
    return graph


def _stored(value: Tensor, exact: bool) -> Tensor:
    value = value.detach().cpu().contiguous()
    return value.half() if not exact and value.is_floating_point() and value.dim() > 1 else value


def _merge_padding(model: Any, extractor: FeatureExtractor) -> None:
    """Give each convolution the one-sided padding before it, which copies the image otherwise (a fifth of the time)."""
    from onnx import helper

    producer = {name: node for node in model.graph.node for name in node.output}
    for conv in model.graph.node:
        pad = producer.get(conv.input[0]) if conv.op_type == "Conv" else None
        if pad is None or pad.op_type != "Pad":
            continue
        left, right, top, bottom = cast(SameConv, extractor.get_submodule(conv.input[1].removesuffix(".weight"))).same
        kept = [attribute for attribute in conv.attribute if attribute.name != "pads"]
        del conv.attribute[:]
        conv.attribute.extend([*kept, helper.make_attribute("pads", [top, left, bottom, right])])
        conv.input[0] = pad.input[0]
    needed = {output.name for output in model.graph.output}
    nodes = []
    for node in reversed(model.graph.node):  # in order of use: what nothing after it reads is left out
        if needed & set(node.output):
            needed.update(node.input)
            nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(reversed(nodes))


def _share_weights(model: Any, weights: Path) -> None:
    """Replace each tensor of the graph by its place in the safetensors file, behind a cast where it is float16."""
    from onnx import TensorProto, helper

    with weights.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    kinds = {"F16": TensorProto.FLOAT16, "F32": TensorProto.FLOAT}
    tensors, casts = [], []
    for tensor in model.graph.initializer:
        entry = header.get(tensor.name.removeprefix("encoder."))
        if entry is None:
            tensors.append(tensor)
            continue
        start, end = entry["data_offsets"]
        kind = kinds[entry["dtype"]]
        stored = tensor.name if kind == TensorProto.FLOAT else f"{tensor.name}.stored"
        shared = TensorProto(name=stored, data_type=kind, dims=entry["shape"], data_location=TensorProto.EXTERNAL)
        for key, value in (("location", weights.name), ("offset", 8 + length + start), ("length", end - start)):
            shared.external_data.add(key=key, value=str(value))
        tensors.append(shared)
        if stored != tensor.name:
            casts.append(helper.make_node("Cast", [stored], [tensor.name], to=TensorProto.FLOAT))
    nodes = casts + list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(tensors)
    model.graph.node.extend(nodes)
