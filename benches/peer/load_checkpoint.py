#!/usr/bin/env python3
"""Load a network that Glassbox trained into plain PyTorch modules, and compare the logits of both for MNIST's test images.

    python3 -m venv /tmp/venv
    /tmp/venv/bin/pip install torch safetensors numpy pillow
    target/release/glassbox train --network lenet --epochs 1 --out RUN
    /tmp/venv/bin/python benches/peer/load_checkpoint.py --glassbox target/release/glassbox RUN/checkpoints/last.safetensors

The checkpoint may be of `lenet` or `convnet-mnist`. It is loaded twice, both times with `load_state_dict(strict=True)`: as
it is, once what the optimiser remembers (`optimiser.*`) is left out, and as `glassbox pack --precision single` writes it,
which is the network alone. A file's metadata say how images are prepared: `glassbox.state.preparation`, JSON with the mean
and the deviation of each channel. The exit status is 1 if a logit differs by more than 1e-4.
"""

import argparse
import collections
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST = 1e-4


def lenet():
    return nn.Sequential(collections.OrderedDict(
        conv1=nn.Conv2d(1, 6, 5, padding=2), tanh1=nn.Tanh(), pool1=nn.AvgPool2d(2),
        conv2=nn.Conv2d(6, 16, 5), tanh2=nn.Tanh(), pool2=nn.AvgPool2d(2), flatten=nn.Flatten(),
        fc3=nn.Linear(400, 120), tanh3=nn.Tanh(), fc4=nn.Linear(120, 84), tanh4=nn.Tanh(), fc5=nn.Linear(84, 10)))


def convnet_mnist():
    return nn.Sequential(collections.OrderedDict(
        conv1=nn.Conv2d(1, 32, 3, padding=1), relu1=nn.ReLU(), pool1=nn.MaxPool2d(2),
        conv2=nn.Conv2d(32, 64, 3, padding=1), relu2=nn.ReLU(), pool2=nn.MaxPool2d(2), flatten=nn.Flatten(),
        fc3=nn.Linear(3136, 128), relu3=nn.ReLU(), fc4=nn.Linear(128, 10)))


NETWORKS = {"lenet": lenet, "convnet-mnist": convnet_mnist}


def test_images(count):
    """[n, 28, 28] of bytes."""
    file, = (ROOT / "assets" / "mnist").glob("t10k-images*")
    data = gzip.decompress(file.read_bytes())
    return np.frombuffer(data, np.uint8, offset=16).reshape(-1, 28, 28)[:count]


def glassbox_logits(program, checkpoint, images):
    with tempfile.TemporaryDirectory() as folder:
        for index, image in enumerate(images):
            Image.fromarray(image).save(f"{folder}/{index:05}.png")
        arguments = ["predict", "--network", checkpoint, "--data", folder, "--top", "10", "--json", "--device", "cpu"]
        output = subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout
    rows = [json.loads(line)["top"] for line in output.splitlines()]
    return torch.tensor([[guess["logit"] for guess in sorted(row, key=lambda guess: guess["index"])] for row in rows])


def torch_logits(name, state, preparation, images):
    network = NETWORKS[name]().eval()
    network.load_state_dict(state, strict=True)
    standardisation = preparation["standardisation"]
    values = torch.from_numpy(images.copy()).float()[:, None] / 255
    with torch.no_grad():
        return network((values - standardisation["mean"][0]) / standardisation["std"][0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--glassbox", default=ROOT / "target" / "release" / "glassbox")
    parser.add_argument("--images", type=int, default=1000)
    arguments = parser.parse_args()
    with safe_open(arguments.checkpoint, "pt") as file:
        metadata = file.metadata()
    name = next(line.split('"')[1] for line in metadata["glassbox.architecture"].splitlines() if line.startswith("name"))
    preparation = json.loads(metadata["glassbox.state.preparation"])
    images = test_images(arguments.images)
    ours = glassbox_logits(arguments.glassbox, arguments.checkpoint, images)

    whole = {key: value for key, value in load_file(arguments.checkpoint).items() if not key.startswith("optimiser.")}
    with tempfile.TemporaryDirectory() as folder:
        packed = f"{folder}/network.safetensors"
        command = [arguments.glassbox, "pack", "--precision", "single", arguments.checkpoint, packed]
        subprocess.run(command, check=True, capture_output=True)
        alone = load_file(packed)

    worst = 0.0
    for title, state in [("checkpoint", whole), ("packed", alone)]:
        theirs = torch_logits(name, state, preparation, images)
        difference = (ours - theirs).abs().max().item()
        same = (ours.argmax(1) == theirs.argmax(1)).sum().item()
        print(f"{name}, {title}: {len(images)} images, largest difference of a logit {difference:.2e} "
              f"(logits up to {theirs.abs().max():.1f}), {same} with the same first class")
        worst = max(worst, difference)
    sys.exit(worst > MOST)


if __name__ == "__main__":
    main()
