#!/usr/bin/env python3
"""Write networks of torchvision with made-up weights as .pth and .safetensors, and print their logits for one picture.

    python3 -m venv /tmp/venv
    /tmp/venv/bin/pip install torch==2.15.0 torchvision==0.29.2 safetensors numpy pillow
    /tmp/venv/bin/python benches/peer/weights.py FOLDER

Writes alexnet and vgg11 with their weights, and picture.png. The logits are the literals of `tests/weights.rs`; by hand:

    glassbox predict --network vgg11 --weights FOLDER/vgg11.safetensors --data FOLDER/picture.png --json

Weights are a formula, so that the test needs no file: value i of array p is u * sqrt(24 / fan-in) for weights and 0.1 u for
biases, with u = ((i * 2654435761 + p * 40503 + 12345) mod 2^32) / 2^32 - 0.5, in double precision, rounded once.
"""

import pathlib
import sys

import numpy as np
import torch
import torchvision
from PIL import Image
from safetensors.torch import save_file

MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


def made_up(shape, number):
    count = int(np.prod(shape))
    place = np.arange(count, dtype=np.uint64)
    mixed = (place * np.uint64(2654435761) + np.uint64(number * 40503 + 12345)) % np.uint64(1 << 32)
    u = mixed.astype(np.float64) / 2.0**32 - 0.5
    scale = 0.1 if len(shape) == 1 else (24.0 / np.prod(shape[1:])) ** 0.5
    return torch.from_numpy((u * scale).astype(np.float32).reshape(shape))


def picture(side):
    """[channels, height, width] of bytes."""
    y, x = np.mgrid[:side, :side]
    return np.stack([(y * 7 + x * 3) % 256, (y * 2 + x * 11) % 256, (y * x) % 256]).astype(np.uint8)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    pixels = picture(256)
    Image.fromarray(pixels.transpose(1, 2, 0)).save(folder / "picture.png")
    cut = torch.from_numpy(pixels[:, 16:240, 16:240].copy()).float() / 255
    image = ((cut - MEAN[:, None, None]) / STD[:, None, None])[None]
    for name in ["alexnet", "vgg11"]:
        network = getattr(torchvision.models, name)().eval()
        state = network.state_dict()
        state = {key: made_up(tuple(value.shape), number) for number, (key, value) in enumerate(state.items())}
        network.load_state_dict(state)
        torch.save(state, folder / f"{name}.pth")
        torch.save(state, folder / f"{name}-legacy.pth", _use_new_zipfile_serialization=False)
        save_file(state, folder / f"{name}.safetensors")
        with torch.no_grad():
            logits = network(image)[0]
        print(name, "first", [round(value, 6) for value in logits[:6].tolist()])
        top = logits.topk(5)
        print(name, "top", list(zip(top.indices.tolist(), [round(value, 6) for value in top.values.tolist()])))


if __name__ == "__main__":
    main()
