#!/usr/bin/env python3
"""Writes reverse.json: the reverse pass of whole networks by PyTorch, which the Rust tests compare with.

    python3 -m venv /tmp/venv
    /tmp/venv/bin/pip install torch==2.15.0 numpy==2.4.6 safetensors
    /tmp/venv/bin/python tests/reference/reverse.py            # writes reverse.json beside this file
    /tmp/venv/bin/python tests/reference/reverse.py --check    # compares with the file instead of writing it

Nothing of Glassbox's reverse pass is in here: each network is an ordinary PyTorch forward pass, and its nonlinearities and local
response normalisations are autograd functions whose backward step is that of the rule. All of it is computed in float64 from
float32 weights and images, and the script refuses targets whose reconstruction float32 would not give to 1e-5 (a switch or a mask
that rounding decides).

Weights, where a network has none of its own, and images come from the numbers of `noise`, which the tests draw alike.

Of each reconstruction the file holds its largest magnitude, the sum of its values, the sum of their magnitudes, and some of the
values, as [index, value].
"""

import argparse
import json
import pathlib
import sys
import tomllib

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RULES = ["deconvolution", "gradient", "guided"]
SAMPLES = 60
# The key of images; parameters have their place in the network as their key.
IMAGE = 1 << 20


# ---- numbers that both sides draw alike -------------------------------------------------------------------------------

def noise(key, count):
    """`count` numbers from 0 to 1, a function of key and place alone."""
    parts = []
    for start in range(0, count, 1 << 24):
        z = np.arange(start, min(count, start + (1 << 24)), dtype=np.uint64) + np.uint64(key << 40)
        z *= np.uint64(0x9E3779B97F4A7C15)
        z ^= z >> np.uint64(32)
        z *= np.uint64(0xD6E8FEB86659FD93)
        z ^= z >> np.uint64(32)
        z *= np.uint64(0xD6E8FEB86659FD93)
        parts.append((z >> np.uint64(40)).astype(np.float64) / 2.0 ** 24)
    return np.concatenate(parts)


def parameter(name, key, dims):
    u = noise(key, int(np.prod(dims)))
    kind = name.rsplit(".", 1)[1]
    if len(dims) > 1:
        values = (2.0 * u - 1.0) * np.sqrt(6.0 / np.prod(dims[1:]))
    elif kind in ("weight", "running_var"):
        values = 0.5 + u
    else:
        values = (2.0 * u - 1.0) * 0.2
    return torch.from_numpy(values.astype(np.float32).reshape(dims))


def image(shape):
    values = (2.0 * noise(IMAGE, int(np.prod(shape))) - 1.0) * 2.0
    return torch.from_numpy(values.astype(np.float32).reshape(1, *shape))


# ---- networks ---------------------------------------------------------------------------------------------------------

class Nonlinearity(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, kind, rule):
        y = {"relu": torch.relu, "relu6": F.relu6, "tanh": torch.tanh, "sigmoid": torch.sigmoid}[kind](x)
        ctx.save_for_backward(x, y)
        ctx.kind, ctx.rule = kind, rule
        return y

    @staticmethod
    def backward(ctx, signal):
        x, y = ctx.saved_tensors
        if ctx.rule in ("deconvolution", "guided"):
            signal = signal.clamp(min=0)
        if ctx.rule in ("gradient", "guided"):
            slope = {"relu": lambda: (x > 0).to(x), "relu6": lambda: ((x > 0) & (x < 6)).to(x), "tanh": lambda: 1 - y * y,
                     "sigmoid": lambda: y * (1 - y)}[ctx.kind]()
            signal = signal * slope
        return signal, None, None


class PassedNorm(torch.autograd.Function):
    """Local response normalisation that lets the signal pass."""

    @staticmethod
    def forward(ctx, x, layer):
        return normalise(x, layer)

    @staticmethod
    def backward(ctx, signal):
        return signal, None


def normalise(x, layer):
    return F.local_response_norm(x, layer.get("size", 5), layer.get("alpha", 1e-4), layer.get("beta", 0.75), layer.get("k", 2.0))


def shapes_of(layer, prefix, channels):
    """Names and shapes of a layer's parameters, in our order, and its output channels; only these depend on its input."""
    kind, name = layer["kind"], prefix + layer["name"]
    if kind == "block":
        found = []
        for part in layer["layers"]:
            own, channels = shapes_of(part, name + ".", channels)
            found += own
        return found, channels
    if kind == "conv2d":
        kernel, out = layer["kernel"], layer["channels"]
        found = [(name + ".weight", [out, channels // layer.get("groups", 1), kernel, kernel])]
        return found + ([(name + ".bias", [out])] if layer.get("bias", True) else []), out
    if kind == "batch_norm":
        return [(f"{name}.{part}", [channels]) for part in ("weight", "bias", "running_mean", "running_var")], channels
    return [], channels


class Net:
    def __init__(self, architecture, state=None):
        self.architecture, self.state = architecture, state
        if state is None:
            self.state, key = {}, 0
            # Linear layers need the number of their inputs: the forward pass in between tells it.
            x, channels = torch.zeros(1, *architecture["input"]), architecture["input"][0]
            for layer in architecture["layers"]:
                if layer["kind"] == "linear":
                    found = [(layer["name"] + ".weight", [layer["units"], x.shape[1]]), (layer["name"] + ".bias", [layer["units"]])]
                else:
                    found, channels = shapes_of(layer, "", channels)
                for name, dims in found:
                    self.state[name] = parameter(name, key, dims)
                    key += 1
                x = self.step(layer, "", x, "gradient", {})

    def step(self, layer, prefix, x, rule, seen):
        kind, name = layer["kind"], prefix + layer["name"]
        own = lambda part: self.state.get(f"{name}.{part}".replace("/", "."), torch.empty(0)).to(x.dtype)
        if kind == "block":
            y = x
            for part in layer["layers"]:
                y = self.step(part, name + "/", y, rule, seen)
            y = y + x if layer.get("skip") else y
        elif kind == "conv2d":
            near, far = layer.get("padding", 0), layer.get("far_padding", layer.get("padding", 0))
            bias = own("bias") if layer.get("bias", True) else None
            y = F.conv2d(F.pad(x, (near, far, near, far)), own("weight"), bias, layer.get("stride", 1), 0, 1, layer.get("groups", 1))
        elif kind == "max_pool2d":
            y = F.max_pool2d(x, layer["kernel"], layer.get("stride", 1), layer.get("padding", 0))
        elif kind == "average_pool2d":
            y = F.avg_pool2d(x, layer["kernel"], layer.get("stride", 1), layer.get("padding", 0))
        elif kind == "batch_norm":
            y = F.batch_norm(x, own("running_mean"), own("running_var"), own("weight"), own("bias"), False, 0.0, layer.get("epsilon", 1e-5))
        elif kind == "local_response_norm":
            y = PassedNorm.apply(x, layer) if rule == "deconvolution" else normalise(x, layer)
        elif kind == "dropout":
            y = x
        elif kind == "flatten":
            y = x.flatten(1)
        elif kind == "linear":
            y = F.linear(x, own("weight"), own("bias"))
        else:
            y = Nonlinearity.apply(x, kind, rule)
        seen[name] = y
        return y

    def reconstruct(self, x, layer, unit, place, rule):
        """Place, activation and reconstruction of a unit of one image."""
        x = x.clone().requires_grad_()
        seen, y = {}, x
        for part in self.architecture["layers"]:
            y = self.step(part, "", y, rule, seen)
            if layer in seen:
                break
        map = seen[layer][0, unit]
        flat = map.reshape(-1)
        width = map.shape[-1] if map.dim() else 1
        start = torch.ones_like(flat) if rule == "gradient" else flat.detach()
        if place == "map":
            (flat * start).sum().backward()
            return None, flat.max().item(), x.grad[0]
        at = int(flat.argmax()) if place == "strongest" else place[0] * width + place[1]
        (flat[at] * start[at]).backward()
        return [at // width, at % width], flat[at].item(), x.grad[0]


# ---- cases ------------------------------------------------------------------------------------------------------------

TINY = """
name = "tiny"
input = [2, 13, 11]
layers = [
    { name = "conv1", kind = "conv2d", channels = 6, kernel = 3, padding = 1 },
    { name = "relu1", kind = "relu" },
    { name = "pool1", kind = "max_pool2d", kernel = 3, stride = 2, padding = 1 },
    { name = "response1", kind = "local_response_norm", size = 3, alpha = 0.3 },
    { name = "conv2", kind = "conv2d", channels = 8, kernel = 5, stride = 2, padding = 2, far_padding = 3, bias = false },
    { name = "norm2", kind = "batch_norm" },
    { name = "relu2", kind = "relu6" },
    { name = "block3", kind = "block", skip = true, layers = [
        { name = "expand", kind = "conv2d", channels = 12, kernel = 1 },
        { name = "expand_relu", kind = "relu" },
        { name = "depthwise", kind = "conv2d", channels = 12, kernel = 3, padding = 1, groups = 12 },
        { name = "depthwise_tanh", kind = "tanh" },
        { name = "project", kind = "conv2d", channels = 8, kernel = 1 },
    ] },
    { name = "pool3", kind = "max_pool2d", kernel = 3, stride = 1, padding = 1 },
    { name = "conv4", kind = "conv2d", channels = 8, kernel = 3, padding = 1, groups = 2 },
    { name = "sigmoid4", kind = "sigmoid" },
    { name = "pool4", kind = "average_pool2d", kernel = 3, stride = 2, padding = 1 },
    { name = "flatten", kind = "flatten" },
    { name = "fc5", kind = "linear", units = 7 },
    { name = "relu5", kind = "relu" },
]
"""

# Which units of which layers, and where: the layers above the last one named are left out of the network.
CASES = [
    ("tiny", [("conv1", 2, [12, 0]), ("pool1", 3, "strongest"), ("pool1", 1, "map"), ("response1", 3, "strongest"),
              ("norm2", 4, "map"), ("relu2", 1, "strongest"), ("block3/expand", 5, "strongest"), ("block3/depthwise", 11, [1, 0]),
              ("block3/project", 2, "map"), ("block3", 2, "map"), ("pool3", 0, "map"), ("conv4", 7, [0, 2]), ("pool4", 3, [0, 0]),
              ("fc5", 4, "strongest"), ("relu5", 5, "strongest")]),
    ("lenet", [("tanh1", 3, [17, 18]), ("pool1", 0, "map"), ("conv2", 15, [4, 7]), ("fc4", 80, "strongest"), ("fc5", 9, "strongest")]),
    ("convnet-cifar", [("conv1", 31, [0, 0]), ("pool1", 7, "strongest"), ("conv2", 63, "map"), ("relu5", 95, "strongest"),
                       ("pool5", 50, "map"), ("fc8", 3, "strongest")]),
    ("alexnet", [("conv1", 63, "strongest"), ("pool1", 10, "map"), ("pool2", 100, "strongest"), ("conv3", 380, [6, 12]),
                 ("pool5", 200, "strongest")]),
    ("vgg11", [("relu2_1", 100, "strongest"), ("conv3_2", 200, [0, 55]), ("conv5_2", 511, "strongest")]),
    ("efficientnet-lite0", [("norm_stem", 20, "strongest"), ("block3/expand_relu", 100, "map"), ("block3", 11, "map"),
                            ("block9/depthwise", 300, [3, 13]), ("block16", 300, "strongest"), ("fc", 281, "strongest")]),
]


def architecture_of(name):
    text = TINY if name == "tiny" else (ROOT / f"assets/presets/networks/{name}.toml").read_text()
    return tomllib.loads(text)


def case_of(name, targets):
    architecture = architecture_of(name)
    layers = architecture["layers"]
    last = max(index for index, layer in enumerate(layers) if any(target[0].split("/")[0] == layer["name"] for target in targets))
    state = None
    if name == "efficientnet-lite0":
        state = safetensors.torch.load_file(ROOT / "assets/networks/efficientnet-lite0.safetensors")
    else:
        architecture = {**architecture, "layers": layers[:last + 1]}
    net, x = Net(architecture, state), image(architecture["input"])
    found = []
    for layer, unit, place in targets:
        for rule in RULES:
            at, activation, values = net.reconstruct(x.double(), layer, unit, place, rule)
            _, _, single = net.reconstruct(x, layer, unit, place, rule)
            largest = values.abs().max().item()
            worst = (values - single).abs().max().item() / largest if largest else 0.0
            print(f"{name} {layer} {unit} {place} {rule}: activation {activation:.4g}, largest {largest:.4g}, in float32 {worst:.1g}")
            if not largest or worst > 1e-5:
                sys.exit(f"{name} {layer}: choose another unit or place")
            found.append({"layer": layer, "unit": unit, "place": place, "rule": rule, "at": at, "activation": rounded(activation),
                          **summary(values.reshape(-1).numpy())})
    case = {"network": name, "layers": len(architecture["layers"]), "targets": found}
    return {**case, "architecture": architecture} if name == "tiny" else case


def summary(values):
    spread = lambda indices, count: indices[np.linspace(0, len(indices) - 1, min(count, len(indices))).astype(int)]
    some = np.concatenate([spread(np.flatnonzero(values), SAMPLES - 10), spread(np.arange(len(values)), 10)])
    samples = [[int(index), rounded(values[index])] for index in sorted(set(some.tolist()))]
    return {"largest": rounded(np.abs(values).max()), "sum": rounded(values.sum()), "magnitudes": rounded(np.abs(values).sum()),
            "samples": samples}


def rounded(value):
    """A float rounded to float32, as the shortest decimal that reads back as that float32."""
    single = np.float32(value)
    assert np.isfinite(single), value
    return float(str(single))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the file instead of writing it")
    arguments = parser.parse_args()
    cases = [json.dumps(case_of(name, targets), separators=(",", ":")) for name, targets in CASES]
    text = "[\n" + ",\n".join(cases) + "\n]\n"
    output = HERE / "reverse.json"
    if not arguments.check:
        output.write_text(text)
        print(f"{output}: {len(text) // 1024} KiB")
    elif output.read_text() != text:
        sys.exit(f"{output}: differs from what this script makes")


if __name__ == "__main__":
    main()
