"""The network of the second reader: its shape, how it is fitted, and how it becomes an ONNX file.

The only module that knows torch and onnx. One thread and fixed seeds: the same examples give the same
network on the same machine.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ocr.second_reader import HEIGHT_PX, WIDTH_PX
from ocr.training.examples import LEVELS, Examples

_CHANNELS = (2, 8, 16, 32, 48)
_HIDDEN = 32
_CLASSES = 3
_BATCH = 256
_HALF_EPOCH = 26_000
_RATE = 3e-3
_DECAY = 1e-3
_SHIFT_PX = 2
_GAIN = (0.8, 1.2)
_NOISE = 0.04
_OPSET, _IR = 17, 9


def fit_network(examples: Examples, epochs: int, seed: int, tell: Any = print) -> Any:  # noqa: ANN401 - torch's module
    """Fit by AdamW on the probability of the allowed classes; half of an epoch's windows are empty ones.

    Sources: Loshchilov & Hutter 2019 (AdamW); Smith & Topin 2018 (one cycle);
        Cour et al. 2011 (partial labels).
    """
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    network = _network()
    empty = np.flatnonzero(examples.allowed[:, 0])
    rest = np.flatnonzero(~examples.allowed[:, 0])
    half = min(_HALF_EPOCH, len(rest), len(empty))
    batches = max(1, 2 * half // _BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=epochs * batches, pct_start=0.2)
    for epoch in range(epochs):
        drawn = np.concatenate([rng.choice(kind, half, replace=False) for kind in (rest, empty)])
        total = 0.0
        for rows in np.array_split(rng.permutation(drawn), batches):
            loss = _loss(network(_jittered(examples, rows)), torch.from_numpy(examples.allowed[rows]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            pace.step()
            total += float(loss.detach())
        tell(f"{epoch + 1}/{epochs}: {total / batches:.5f}")
    return network.eval()


def _network() -> Any:  # noqa: ANN401
    layers: list[Any] = []
    for before, after in pairwise(_CHANNELS):
        layers += [torch.nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False)]
        layers += [torch.nn.BatchNorm2d(after), torch.nn.ReLU()]
    features = _CHANNELS[-1] * -(-HEIGHT_PX // 16) * -(-WIDTH_PX // 16)
    layers += [torch.nn.Flatten(), torch.nn.Linear(features, _HIDDEN), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers, torch.nn.Dropout(0.1), torch.nn.Linear(_HIDDEN, _CLASSES))


def _jittered(examples: Examples, rows: NDArray[np.intp]) -> Any:  # noqa: ANN401
    """Windows (n, 2, 40, 64): the scan moved against the print, stronger or weaker, and noisier."""
    windows = _tensor(examples, rows)
    seen = torch.nn.functional.pad(windows[:, :1], (_SHIFT_PX,) * 4, mode="replicate")
    # Half of the batches lie as they were cut.
    down, right = (torch.randint(0, 2 * _SHIFT_PX + 1, (2,)) * (torch.rand(1) < 0.5)).tolist()  # noqa: PLR2004
    down, right = (down, right) if down + right else (_SHIFT_PX, _SHIFT_PX)
    seen = seen[:, :, down : down + HEIGHT_PX, right : right + WIDTH_PX]
    gain = torch.empty(len(rows), 1, 1, 1).uniform_(*_GAIN)
    noise = torch.randn_like(seen) * torch.rand(len(rows), 1, 1, 1) * _NOISE
    windows[:, :1] = (seen * gain + noise).clamp(0.0, 1.25)
    return windows


def _tensor(examples: Examples, rows: NDArray[np.intp]) -> Any:  # noqa: ANN401
    both = np.stack([examples.seen[rows], examples.printed[examples.print_of[rows]]], axis=1)
    return torch.from_numpy(both).float() / LEVELS


def _loss(logits: Any, allowed: Any) -> Any:  # noqa: ANN401
    kept = torch.where(allowed, logits, torch.full_like(logits, -1e9))
    return (torch.logsumexp(logits, 1) - torch.logsumexp(kept, 1)).mean()


def look(network: Any, examples: Examples) -> NDArray[np.float32]:  # noqa: ANN401
    """Logits (n, 3) of all examples as they are."""
    with torch.no_grad():
        parts = np.array_split(np.arange(len(examples.seen)), max(1, len(examples.seen) // _BATCH))
        return np.concatenate([network(_tensor(examples, rows)).numpy() for rows in parts])


def as_onnx(network: Any, temperature: float) -> bytes:  # noqa: ANN401
    """The network as an ONNX file: batch norms folded into the convolutions, logits divided."""
    weights: list[Any] = []
    nodes: list[Any] = []
    last = "windows"

    def add(kind: str, arrays: list[NDArray[np.float32]], **attributes: Any) -> None:  # noqa: ANN401
        nonlocal last
        names = [f"w{len(weights) + i}" for i in range(len(arrays))]
        weights.extend(numpy_helper.from_array(a, n) for a, n in zip(arrays, names, strict=True))
        nodes.append(helper.make_node(kind, [last, *names], [f"x{len(nodes)}"], **attributes))
        last = f"x{len(nodes) - 1}"

    layers = list(network)
    for conv, norm in pairwise(layers):
        if isinstance(conv, torch.nn.Conv2d):
            add("Conv", _folded(conv, norm), strides=[2, 2], pads=[1, 1, 1, 1], kernel_shape=[3, 3])
            add("Relu", [])
    add("Flatten", [], axis=1)
    hidden, final = (layer for layer in layers if isinstance(layer, torch.nn.Linear))
    add("Gemm", [_array(hidden.weight), _array(hidden.bias)], transB=1)
    add("Relu", [])
    add("Gemm", [_array(final.weight) / temperature, _array(final.bias) / temperature], transB=1)
    nodes[-1].output[0] = "logits"
    given = helper.make_tensor_value_info("windows", TensorProto.FLOAT, ["n", 2, HEIGHT_PX, WIDTH_PX])
    result = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", _CLASSES])
    graph = helper.make_graph(nodes, "second reader", [given], [result], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _folded(conv: Any, norm: Any) -> list[NDArray[np.float32]]:  # noqa: ANN401
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return [_array(conv.weight * scale[:, None, None, None]), _array(norm.bias - norm.running_mean * scale)]


def _array(values: Any) -> NDArray[np.float32]:  # noqa: ANN401
    return np.asarray(values.detach().numpy(), np.float32)
