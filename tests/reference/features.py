#!/usr/bin/env python3
"""Write features.json: what numpy and PyTorch make of the questions that tests/features asks of a small network.

    /tmp/venv/bin/python tests/reference/features.py        # writes features.json beside this file (see make.py for /tmp/venv)
    /tmp/venv/bin/python tests/reference/features.py --check

Numbers, rounding and conventions as in make.py. The network has two convolutions and a linear layer; images are
[3, 12, 10], so that height and width cannot be mixed up.
"""

import argparse
import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

from make import SEED, Source, array, arrays, rounded

NETWORK = {
    "name": "features", "input": [3, 12, 10], "layers": [
        {"name": "conv1", "kind": "conv2d", "channels": 4, "kernel": 3, "padding": 1},
        {"name": "relu1", "kind": "relu"},
        {"name": "pool1", "kind": "max_pool2d", "kernel": 2, "stride": 2},
        {"name": "conv2", "kind": "conv2d", "channels": 4, "kernel": 3, "padding": 1},
        {"name": "relu2", "kind": "relu"},
        {"name": "flatten", "kind": "flatten"},
        {"name": "fc3", "kind": "linear", "units": 5},
    ]}
FILL = [0.5, -0.25, 0.0]
IMAGES = 6


def layers(state, x, first=0, last=7):
    """From cut `first` to cut `last`."""
    steps = [
        lambda x: F.conv2d(x, state["conv1.weight"], state["conv1.bias"], padding=1),
        torch.relu,
        lambda x: F.max_pool2d(x, 2, 2),
        lambda x: F.conv2d(x, state["conv2.weight"], state["conv2.bias"], padding=1),
        torch.relu,
        lambda x: torch.flatten(x, 1),
        lambda x: F.linear(x, state["fc3.weight"], state["fc3.bias"]),
    ]
    for step in steps[first:last]:
        x = step(x)
    return x


def hide(image, top, left, height, width):
    hidden = image.clone()
    hidden[:, top:top + height, left:left + width] = torch.tensor(FILL, dtype=torch.float64)[:, None, None]
    return hidden


# ---- one case a method ------------------------------------------------------------------------------------------

def top_case(state, images, cut, k):
    maps = layers(state, images, 0, cut)
    maps = maps if maps.dim() == 4 else maps[:, :, None, None]
    flat = maps.reshape(*maps.shape[:2], -1)
    maxima, places = flat.max(dim=2)
    order = torch.argsort(maxima, dim=0, descending=True, stable=True)[:k]
    width = maps.shape[3]
    return {"cut": cut, "k": k, "images": array(order.T.contiguous()),
            "activations": array(torch.gather(maxima, 0, order).T.contiguous()),
            "y": array((torch.gather(places, 0, order) // width).T.contiguous()),
            "x": array((torch.gather(places, 0, order) % width).T.contiguous()),
            "mean": array(maxima.mean(0)), "active_share": array((maxima > 0).double().mean(0))}


def occlusion_case(state, image, side, stride, cut, truth):
    unit = int(layers(state, image[None], 0, cut).sum(dim=(2, 3))[0].argmax())
    starts = [list(range(0, length - side + 1, stride)) for length in image.shape[1:]]
    for found, length in zip(starts, image.shape[1:]):
        if found[-1] != length - side:
            found.append(length - side)
    hidden = torch.stack([hide(image, top, left, side, side) for top in starts[0] for left in starts[1]])
    p = torch.softmax(layers(state, hidden), 1)
    return {"side": side, "stride": stride, "cut": cut, "truth": truth, "unit": unit, "tops": starts[0],
            "lefts": starts[1], "activity": array(layers(state, hidden, 0, cut)[:, unit].sum(dim=(1, 2))),
            "truth_probability": array(p[:, truth]), "predicted": p.argmax(1).tolist()}


def transform(image, kind, amount):
    """By PyTorch's own sampling; zeros beyond the image, so the fill is taken away before and added after."""
    _, height, width = image.shape
    y, x = torch.meshgrid(torch.arange(height, dtype=torch.float64) - (height - 1) / 2,
                          torch.arange(width, dtype=torch.float64) - (width - 1) / 2, indexing="ij")
    if kind == "translation":
        y = y - amount
    elif kind == "scale":
        y, x = y / amount, x / amount
    else:
        # A turn counter-clockwise on the screen, where rows count downwards: its inverse, applied to each pixel.
        angle = np.deg2rad(amount)
        y, x = np.cos(angle) * y + np.sin(angle) * x, np.cos(angle) * x - np.sin(angle) * y
    grid = torch.stack([x / ((width - 1) / 2), y / ((height - 1) / 2)], dim=-1)
    fill = torch.tensor(FILL, dtype=torch.float64)[:, None, None]
    return F.grid_sample((image - fill)[None], grid[None], "bilinear", "zeros", align_corners=True)[0] + fill


def invariance_case(state, image, kind, amounts, cuts, truth):
    images = torch.stack([transform(image, kind, amount) for amount in amounts])
    def distances(cut):
        before = layers(state, image[None], 0, cut)
        return array((layers(state, images, 0, cut) - before).flatten(1).norm(dim=1))
    return {"kind": kind, "amounts": amounts, "cuts": cuts, "truth": truth, "image": array(images[0]),
            "distance": [distances(cut) for cut in cuts],
            "truth_probability": array(torch.softmax(layers(state, images), 1)[:, truth])}


def correspondence_case(state, images, parts, cuts):
    hidden = torch.stack([hide(image, *part) for image, part in zip(images, parts)])
    rows = []
    for cut in cuts:
        change = (layers(state, images, 0, cut) - layers(state, hidden, 0, cut)).flatten(1).sign()
        pairs = [(change[i] != change[j]).double().mean().item()
                 for i in range(len(images)) for j in range(len(images)) if i != j]
        rows.append({"cut": cut, "mean": rounded(np.mean(pairs)), "deviation": rounded(np.std(pairs))})
    return {"parts": parts, "rows": rows}


def spectrum_case(source, channels, height, width):
    weights = source.normal(2, channels, height, width)
    power = (np.abs(np.fft.fft2(weights.numpy())) ** 2).sum(1)
    return {"weights": array(weights), "spectrum": array(np.fft.fftshift(np.sqrt(power), axes=(1, 2)))}


def surgery_case(state, images, labels, cut, changes, resume=None):
    x = layers(state, images, 0, cut).clone()
    for unit, change, value in changes:
        x[:, unit] = {"silence": lambda u: 0 * u, "clamp": lambda u: 0 * u + value, "boost": lambda u: u * value}[change](
            x[:, unit])
    predicted = layers(state, x, cut if resume is None else resume).argmax(1)
    confusion = np.zeros((5, 5), dtype=int)
    for truth, guess in zip(labels.tolist(), predicted.tolist()):
        confusion[truth, guess] += 1
    return {"cut": cut, "changes": changes, "resume": resume, "confusion": confusion.tolist()}


def main():
    parser = argparse.ArgumentParser(description="Write the cases that tests/features reads.")
    parser.add_argument("--check", action="store_true", help="compare with the file instead of writing it")
    arguments = parser.parse_args()
    source = Source([SEED, 100])
    state = {
        "conv1.weight": source.normal(4, 3, 3, 3, scale=0.3), "conv1.bias": source.normal(4, scale=0.2),
        "conv2.weight": source.normal(4, 4, 3, 3, scale=0.3), "conv2.bias": source.normal(4, scale=0.2),
        "fc3.weight": source.normal(5, 120, scale=0.5), "fc3.bias": source.normal(5, scale=0.2),
    }
    images = source.normal(IMAGES, 3, 12, 10)
    many, labels = source.normal(40, 3, 12, 10), source.labels(40, 5)
    changes = [[[1, "silence", 0.0]], [[0, "clamp", 1.5], [2, "boost", 3.0]], []]
    reference = {
        "network": NETWORK, "fill": FILL, "state": arrays(state), "images": array(images), "many": array(many),
        "labels": labels.tolist(),
        "top": [top_case(state, many, cut, 9) for cut in [1, 2, 4, 7]],
        "occlusion": [occlusion_case(state, images[0], 4, 3, 4, 2), occlusion_case(state, images[1], 3, 2, 2, 0)],
        "invariance": [
            invariance_case(state, images[0], "translation", [-2.5, 0.0, 3.0, 40.0], [1, 5, 7], 1),
            invariance_case(state, images[1], "scale", [0.6, 1.0, 1.7], [1, 5, 7], 3),
            invariance_case(state, images[2], "rotation", [30.0, -90.0, 0.0, 200.0], [1, 5, 7], 0)],
        "correspondence": [correspondence_case(state, images, [[i, i % 4, 4, 3] for i in range(IMAGES)], [1, 2, 5])],
        "spectrum": [spectrum_case(source, 3, 7, 7), spectrum_case(source, 1, 4, 6)],
        "surgery": [surgery_case(state, many, labels, cut, change) for cut in [2, 5] for change in changes]
        + [surgery_case(state, many, labels, 3, changes[0], 5), surgery_case(state, many, labels, 3, [], 4)],
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in reference.items()]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    output = pathlib.Path(__file__).with_name("features.json")
    if not arguments.check:
        output.write_text(text)
        print(f"{output}: {len(text) // 1024} KiB")
    elif output.read_text() == text:
        print(f"{output}: the same")
    else:
        sys.exit(f"{output}: differs from what this script makes")


if __name__ == "__main__":
    main()
