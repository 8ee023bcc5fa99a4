#!/usr/bin/env python3
"""Compare the speed of Glassbox and PyTorch on the preset networks, in turn, on the CPU. See README.md beside this."""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time
import tomllib

try:
    import torch
except ImportError:
    torch = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRESETS = ROOT / "assets" / "presets" / "networks"
BATCHES = 8    # different batches that the measurement cycles through
CLASSES = 10


class Around(torch.nn.Module if torch else object):
    """A way around the inner layers."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, value):
        return self.inner(value) + value


class Problem(Exception):
    """Something the user can do something about; printed in one line."""


# ---- PyTorch ----------------------------------------------------------------------------------------------------

def local_response_norm(layer, _):
    return torch.nn.LocalResponseNorm(layer["size"], layer["alpha"], layer["beta"], layer["k"])


def conv2d(layer, shape):
    near = layer.get("padding", 0)
    far = layer.get("far_padding", near)
    convolution = torch.nn.Conv2d(shape[1], layer["channels"], layer["kernel"], layer.get("stride", 1),
                                  near if near == far else 0, groups=layer.get("groups", 1),
                                  bias=layer.get("bias", True))
    if near == far:
        return convolution
    return torch.nn.Sequential(torch.nn.ZeroPad2d((near, far, near, far)), convolution)


def block(layer, shape):
    inner = sequence(layer["layers"], torch.zeros(shape))
    return Around(inner) if layer.get("skip", False) else inner


def linear(layer, shape):
    return torch.nn.Linear(shape[1], layer["units"], bias=layer.get("bias", True))


def batch_norm(layer, shape):
    kind = torch.nn.BatchNorm2d if len(shape) == 4 else torch.nn.BatchNorm1d
    return kind(shape[1], layer.get("epsilon", 1e-5), layer.get("momentum", 0.1))


MODULES = {
    "conv2d": conv2d,
    "linear": linear,
    "max_pool2d": lambda layer, _: torch.nn.MaxPool2d(layer["kernel"], layer.get("stride"), layer.get("padding", 0)),
    "average_pool2d": lambda layer, _: torch.nn.AvgPool2d(layer["kernel"], layer.get("stride"),
                                                          layer.get("padding", 0)),
    "block": block,
    "relu": lambda *_: torch.nn.ReLU(),
    "relu6": lambda *_: torch.nn.ReLU6(),
    "tanh": lambda *_: torch.nn.Tanh(),
    "sigmoid": lambda *_: torch.nn.Sigmoid(),
    "dropout": lambda layer, _: torch.nn.Dropout(layer["probability"]),
    "batch_norm": batch_norm,
    "local_response_norm": local_response_norm,
    "flatten": lambda *_: torch.nn.Flatten(),
}


def build(architecture):
    """A torch module for one of our architectures; shapes follow from a forward pass."""
    return sequence(architecture["layers"], torch.zeros(2, *architecture["input"]))


def sequence(layers, value):
    modules = torch.nn.Sequential()
    for layer in layers:
        if layer["kind"] not in MODULES:
            raise Problem(f"compare.py has no PyTorch module for a layer of the kind '{layer['kind']}'.")
        module = MODULES[layer["kind"]](layer, value.shape)
        modules.add_module(layer["name"], module)
        value = module(value).detach()
    return modules


def seconds_a_step(step, seconds):
    """Mean seconds of a step: three to warm up, then as many as fit, at least three."""
    for index in range(3):
        step(index)
    count, start = 0, time.perf_counter()
    while True:
        step(count)
        count += 1
        elapsed = time.perf_counter() - start
        if elapsed >= seconds and count >= 3:
            return elapsed / count


def measure_torch(architecture, arguments):
    """Milliseconds of a training step and of an inference step."""
    torch.manual_seed(0)
    network = build(architecture)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, fused=arguments.fused_adam or None)
    images = torch.randn(BATCHES, arguments.batch, *architecture["input"])
    labels = torch.randint(0, CLASSES, (BATCHES, arguments.batch))

    def train(index):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(images[index % BATCHES]), labels[index % BATCHES])
        loss.backward()
        optimiser.step()

    def infer(index):
        network(images[index % BATCHES])

    measured = {}
    if not arguments.inference:
        network.train()
        measured["train_ms"] = seconds_a_step(train, arguments.seconds / 2) * 1e3
    network.eval()
    with torch.inference_mode():
        measured["inference_ms"] = seconds_a_step(infer, arguments.seconds / 2) * 1e3
    return measured


# ---- Glassbox ---------------------------------------------------------------------------------------------------

def measure_glassbox(name, arguments):
    command = [arguments.glassbox, "bench", "--network", name, "--batch", str(arguments.batch), "--device", "cpu",
               "--json", "--seconds", f"{arguments.seconds:g}"] + ["--inference"] * arguments.inference
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise Problem(f"cannot start {arguments.glassbox}: {error.strerror}.") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise Problem(f"'{' '.join(command)}' failed with exit status {done.returncode}: {last}")
    for line in done.stdout.splitlines():
        try:
            result = json.loads(line)
            if result["network"] == name:
                sides = {"train_ms": "train_images_per_second", "inference_ms": "inference_images_per_second"}
                return {key: arguments.batch / result[sides[key]] * 1e3 for key in figures(arguments)}
        except (ValueError, KeyError, TypeError, ZeroDivisionError):
            continue
    raise Problem(f"'{' '.join(command)}' printed no line of JSON with the speeds of {name}.")


def figures(arguments):
    return ["inference_ms"] if arguments.inference else ["train_ms", "inference_ms"]


# ---- both -------------------------------------------------------------------------------------------------------

def parse_arguments():
    parser = argparse.ArgumentParser(description="Compare the speed of Glassbox and PyTorch, in turn, on the CPU.")
    parser.add_argument("--glassbox", default="target/release/glassbox", help="the program (default: %(default)s)")
    parser.add_argument("--network", action="append", metavar="NAME", help="a preset; may be repeated (default: all)")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each, in turn (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of one measurement (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=cores(), help="PyTorch's threads (default: all cores)")
    parser.add_argument("--inference", action="store_true", help="leave training out")
    parser.add_argument("--fused-adam", action="store_true", help="PyTorch's fused Adam instead of its default")
    parser.add_argument("--only", choices=["torch", "glassbox"], help="measure one of the two")
    parser.add_argument("--json", action="store_true", help="print JSON with every round instead of the table")
    arguments = parser.parse_args()
    if arguments.batch < 2 or arguments.rounds < 1 or arguments.threads < 1 or arguments.seconds <= 0:
        parser.error("--batch must be at least 2, --rounds and --threads at least 1, --seconds above 0")
    return arguments


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load_architectures(wanted):
    architectures = {}
    for path in sorted(PRESETS.glob("*.toml")):
        with path.open("rb") as file:
            architecture = tomllib.load(file)
        architectures[architecture["name"]] = architecture
    if not architectures:
        raise Problem(f"no presets in {PRESETS.relative_to(ROOT)}.")
    for name in wanted or []:
        if name not in architectures:
            raise Problem(f"there is no preset network '{name}'; there are {', '.join(architectures)}.")
    return [architectures[name] for name in wanted or architectures]


def compare(arguments):
    sides = [arguments.only] if arguments.only else ["torch", "glassbox"]
    if "torch" in sides and torch is None:
        raise Problem("PyTorch is not installed here: pip install torch numpy, or measure --only glassbox.")
    if "glassbox" in sides and not pathlib.Path(arguments.glassbox).is_file():
        raise Problem(f"there is no program at {arguments.glassbox}: build it with 'cargo build --release', "
                      "name it with --glassbox, or measure --only torch.")
    if "torch" in sides:
        torch.set_num_threads(arguments.threads)
    results = []
    for architecture in load_architectures(arguments.network):
        name = architecture["name"]
        result = {"network": name, **{side: {key: [] for key in figures(arguments)} for side in sides}}
        for number in range(arguments.rounds):
            for side in sides:
                print(f"{name}: round {number + 1} of {arguments.rounds}, {side}", file=sys.stderr)
                measured = (measure_torch(architecture, arguments) if side == "torch"
                            else measure_glassbox(name, arguments))
                for key, value in measured.items():
                    result[side][key].append(value)
        for side in sides:
            for key in figures(arguments):
                result[side][f"median_{key}"] = statistics.median(result[side][key])
        if len(sides) == 2:
            for key in figures(arguments):
                ratio = result["glassbox"][f"median_{key}"] / result["torch"][f"median_{key}"]
                result[f"ratio_{key.removesuffix('_ms')}"] = ratio
        results.append(result)
    return results


def print_table(results):
    def cell(result, side, key):
        median = result.get(side, {}).get(f"median_{key}_ms")
        return "-" if median is None else f"{median:.2f}"

    def ratio(result, key):
        return f"{result[f'ratio_{key}']:.2f}" if f"ratio_{key}" in result else "-"

    print("| network | training: PyTorch ms/step | Glassbox ms/step | ours/theirs "
          "| inference: PyTorch ms/step | Glassbox ms/step | ours/theirs |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for result in results:
        cells = [result["network"]]
        for key in ["train", "inference"]:
            cells += [cell(result, "torch", key), cell(result, "glassbox", key), ratio(result, key)]
        print(f"| {' | '.join(cells)} |")


def main():
    arguments = parse_arguments()
    try:
        results = compare(arguments)
    except Problem as problem:
        sys.exit(f"compare.py: {problem}")
    except KeyboardInterrupt:
        sys.exit("compare.py: interrupted.")
    version = torch.__version__.split("+")[0] if torch else None
    setting = {"torch": version, "adam": "fused" if arguments.fused_adam else "default", "threads": arguments.threads,
               "batch": arguments.batch, "rounds": arguments.rounds, "seconds": arguments.seconds,
               "machine": platform.machine()}
    if arguments.json:
        print(json.dumps({"setting": setting, "results": results}, indent=1))
    else:
        print(f"Batch {arguments.batch}, Adam, median of {arguments.rounds} rounds in turn; PyTorch {version or '-'} "
              f"with {arguments.threads} threads ({setting['adam']} Adam); {setting['machine']}.\n")
        print_table(results)


if __name__ == "__main__":
    main()
