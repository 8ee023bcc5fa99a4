#!/usr/bin/env python3
"""Write pytorch.json: small cases computed by PyTorch and numpy that the Rust tests compare with.

    python3 -m venv /tmp/venv
    /tmp/venv/bin/pip install torch==2.15.0 numpy==2.4.6
    /tmp/venv/bin/python tests/reference/make.py            # writes pytorch.json beside this file
    /tmp/venv/bin/python tests/reference/make.py --check    # compares with the file instead of writing it

The file in the repository was made with Python 3.11, torch 2.15.0 and numpy 2.4.6. It depends on the seed alone: all
inputs are float32 numbers from numpy's PCG64, everything is computed from them in float64, and each result is rounded
to float32 once, so that the numbers do not depend on a machine's kernels.

Conventions
- An array is {"shape": [...], "data": [...]}, row-major. Layers see [batch, channels, height, width] or [batch, units].
- Names and orders are PyTorch's: a linear weight is [out, in], a convolution's [out, in / groups, height, width].
- "output_gradient" is what comes back to the layer; "input_gradient" and "parameter_gradients" are what it makes of it.
- Batch norm: the running variance moves towards the *unbiased* variance, the output uses the biased one;
  running = (1 - momentum) * running + momentum * batch.
- Local response norm: x / (k + alpha / size * sum of squares over `size` neighbouring channels, zeros outside) ** beta.
- Average pooling counts padding (PyTorch's default).
- SGD: the momentum buffer starts as the first gradient (no dampening). Weight decay is added to the gradient in SGD and
  Adam (L2) and taken from the parameter, scaled by the learning rate, before the step in AdamW.
- Clipping by norm: gradients * min(1, max_norm / (total_norm + 1e-6)).
- A schedule's "values" holds 11 learning rates: the one used for step 0, then the one after each of 10 scheduler steps.
- Expected calibration error: `expected_calibration_error` below. Confusion matrix: rows are truth, columns predictions.
  A precision, recall or f1 with a zero denominator is 0.
"""

import argparse
import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

SEED = 20240607
torch.set_num_threads(1)


# ---- arrays -----------------------------------------------------------------------------------------------------

def rounded(value):
    """A float rounded to float32, as the shortest decimal that reads back as that float32."""
    single = np.float32(value)
    assert np.isfinite(single), value
    return float(str(single))


def array(tensor):
    if isinstance(tensor, torch.Tensor):
        tensor = tensor.detach().numpy()
    tensor = np.asarray(tensor)
    integers = np.issubdtype(tensor.dtype, np.integer)
    data = [int(x) if integers else rounded(x) for x in tensor.reshape(-1)]
    return {"shape": list(tensor.shape), "data": data}


def arrays(named):
    return {name: array(tensor) for name, tensor in named.items()}


class Source:
    """Random float64 tensors that are exactly float32 numbers."""

    def __init__(self, seed):
        self.generator = np.random.Generator(np.random.PCG64(seed))

    def normal(self, *shape, scale=1.0, mean=0.0):
        numbers = self.generator.standard_normal(shape) * scale + mean
        return torch.from_numpy(numbers.astype(np.float32).astype(np.float64))

    def uniform(self, *shape, low=0.0, high=1.0):
        numbers = self.generator.uniform(low, high, shape)
        return torch.from_numpy(numbers.astype(np.float32).astype(np.float64))

    def labels(self, count, classes):
        return torch.from_numpy(self.generator.integers(0, classes, count))


# ---- layers -----------------------------------------------------------------------------------------------------

def apply_layer(layer, x, parameters, buffers, training):
    """One of our layers, by its fields. Changes `buffers` in place when it trains."""
    kind = layer["kind"]
    if kind == "block":
        inner = x
        for part in layer["layers"]:
            own = lambda group: {key.split(".")[1]: value for key, value in group.items()
                                 if key.split(".")[0] == part["name"]}
            inner = apply_layer(part, inner, own(parameters), own(buffers), training)
        return inner + x if layer["skip"] else inner
    if kind == "conv2d":
        # TensorFlow's `same` padding has more zeros below and to the right.
        more = layer.get("far_padding", layer["padding"]) - layer["padding"]
        x = F.pad(x, (0, more, 0, more))
        return F.conv2d(x, parameters["weight"], parameters.get("bias"), stride=layer["stride"],
                        padding=layer["padding"], groups=layer["groups"])
    if kind == "max_pool2d":
        return F.max_pool2d(x, layer["kernel"], layer["stride"], layer["padding"])
    if kind == "average_pool2d":
        return F.avg_pool2d(x, layer["kernel"], layer["stride"], layer["padding"], count_include_pad=True)
    if kind == "linear":
        return F.linear(x, parameters["weight"], parameters.get("bias"))
    if kind == "batch_norm":
        return F.batch_norm(x, buffers["running_mean"], buffers["running_var"], parameters["weight"],
                            parameters["bias"], training, layer["momentum"], layer["epsilon"])
    if kind == "local_response_norm":
        return F.local_response_norm(x, layer["size"], layer["alpha"], layer["beta"], layer["k"])
    if kind == "flatten":
        return torch.flatten(x, 1)
    return {"relu": torch.relu, "relu6": F.relu6, "tanh": torch.tanh, "sigmoid": torch.sigmoid}[kind](x)


def make_parameters(source, layer, shape):
    """Parameters and buffers for a layer whose input has this shape (without the batch)."""
    kind = layer["kind"]
    parameters, buffers = {}, {}
    if kind == "block":
        # The layers of our blocks keep the height and the width, which only the channels of a parameter depend on.
        for part in layer["layers"]:
            own = make_parameters(source, part, shape)
            for group, added in zip((parameters, buffers), own):
                group.update({f'{part["name"]}.{key}': value for key, value in added.items()})
            shape = (part.get("channels", shape[0]), *shape[1:])
    elif kind == "conv2d":
        inputs = shape[0] // layer["groups"]
        scale = (2.0 / (inputs * layer["kernel"] ** 2)) ** 0.5
        parameters["weight"] = source.normal(layer["channels"], inputs, layer["kernel"], layer["kernel"], scale=scale)
        if layer["bias"]:
            parameters["bias"] = source.normal(layer["channels"], scale=0.2)
    elif kind == "linear":
        parameters["weight"] = source.normal(layer["units"], shape[0], scale=(2.0 / shape[0]) ** 0.5)
        if layer["bias"]:
            parameters["bias"] = source.normal(layer["units"], scale=0.2)
    elif kind == "batch_norm":
        parameters["weight"] = source.uniform(shape[0], low=0.5, high=1.5)
        parameters["bias"] = source.normal(shape[0], scale=0.5)
        buffers["running_mean"] = source.normal(shape[0], scale=0.5)
        buffers["running_var"] = source.uniform(shape[0], low=0.5, high=2.0)
    return parameters, buffers


def layer_case(source, name, layer, shape, mode="train", scale=1.0, mean=0.0):
    x = source.normal(*shape, scale=scale, mean=mean).requires_grad_()
    parameters, buffers = make_parameters(source, layer, shape[1:])
    for parameter in parameters.values():
        parameter.requires_grad_()
    case = {"name": name, "layer": layer, "mode": mode, "input": array(x), "parameters": arrays(parameters)}
    if buffers:
        case["buffers"] = arrays(buffers)
    output = apply_layer(layer, x, parameters, buffers, mode == "train")
    gradient = source.normal(*output.shape)
    output.backward(gradient)
    case["output"] = array(output)
    case["output_gradient"] = array(gradient)
    case["input_gradient"] = array(x.grad)
    case["parameter_gradients"] = {key: array(value.grad) for key, value in parameters.items()}
    if buffers:
        case["buffers_after"] = arrays(buffers)
    return case


def conv(channels, kernel, stride=1, padding=0, groups=1, bias=True):
    return {"kind": "conv2d", "channels": channels, "kernel": kernel, "stride": stride, "padding": padding,
            "groups": groups, "bias": bias}


def pool(kind, kernel, stride, padding=0):
    return {"kind": kind, "kernel": kernel, "stride": stride, "padding": padding}


def layer_cases(source):
    norm = {"kind": "batch_norm", "epsilon": 1e-5, "momentum": 0.1}
    response = {"kind": "local_response_norm", "size": 5, "alpha": 1e-4, "beta": 0.75, "k": 2.0}
    return [
        layer_case(source, "conv2d plain", conv(4, 3), (2, 3, 6, 5)),
        layer_case(source, "conv2d stride 2 padding 1", conv(4, 3, stride=2, padding=1), (2, 3, 7, 6)),
        layer_case(source, "conv2d groups 2", conv(6, 3, padding=1, groups=2), (2, 4, 5, 5)),
        layer_case(source, "conv2d without bias", conv(3, 1, bias=False), (2, 4, 3, 3)),
        layer_case(source, "max_pool2d kernel 2 stride 2", pool("max_pool2d", 2, 2), (2, 3, 6, 6)),
        layer_case(source, "max_pool2d kernel 2 stride 2, odd size", pool("max_pool2d", 2, 2), (1, 2, 7, 5)),
        # All inputs negative: padding must not win against them.
        layer_case(source, "max_pool2d kernel 3 stride 2 padding 1, negative", pool("max_pool2d", 3, 2, 1),
                   (2, 2, 7, 6), scale=0.3, mean=-3.0),
        layer_case(source, "max_pool2d kernel 3 stride 2 padding 1", pool("max_pool2d", 3, 2, 1), (2, 2, 8, 7)),
        layer_case(source, "average_pool2d kernel 2 stride 2", pool("average_pool2d", 2, 2), (2, 3, 6, 6)),
        layer_case(source, "average_pool2d kernel 3 stride 2 padding 1", pool("average_pool2d", 3, 2, 1),
                   (2, 2, 7, 6)),
        layer_case(source, "relu", {"kind": "relu"}, (2, 3, 4, 4)),
        layer_case(source, "tanh", {"kind": "tanh"}, (2, 3, 4, 4)),
        layer_case(source, "sigmoid", {"kind": "sigmoid"}, (2, 3, 4, 4)),
        layer_case(source, "sigmoid, large inputs", {"kind": "sigmoid"}, (2, 10), scale=30.0),
        layer_case(source, "batch_norm 4d train", norm, (3, 4, 3, 3), scale=1.5, mean=0.7),
        layer_case(source, "batch_norm 2d train", norm, (6, 5), scale=1.5, mean=0.7),
        layer_case(source, "batch_norm 4d eval", norm, (3, 4, 3, 3), mode="eval", scale=1.5, mean=0.7),
        layer_case(source, "batch_norm 2d eval", norm, (6, 5), mode="eval", scale=1.5, mean=0.7),
        layer_case(source, "local_response_norm", response, (2, 7, 3, 3), scale=2.0),
        layer_case(source, "local_response_norm, large alpha", {**response, "alpha": 0.5}, (2, 7, 3, 3), scale=2.0),
        layer_case(source, "flatten", {"kind": "flatten"}, (2, 3, 4, 2)),
        layer_case(source, "linear", {"kind": "linear", "units": 5, "bias": True}, (4, 7)),
        layer_case(source, "linear without bias", {"kind": "linear", "units": 3, "bias": False}, (2, 6)),
        layer_case(source, "relu6", {"kind": "relu6"}, (2, 3, 4, 4), scale=6.0),
        layer_case(source, "conv2d more padding below and right",
                   {**conv(4, 5, stride=2, padding=1), "far_padding": 2}, (2, 3, 8, 6)),
        layer_case(source, "conv2d depthwise", conv(4, 3, padding=1, groups=4), (2, 4, 5, 6)),
        layer_case(source, "conv2d depthwise stride 2, more padding below and right",
                   {**conv(3, 5, stride=2, padding=1, groups=3, bias=False), "far_padding": 2}, (2, 3, 8, 6)),
        layer_case(source, "block with a skip connection", inverted_residual(4, 6, True), (3, 4, 5, 4)),
        layer_case(source, "block without", inverted_residual(5, 6, False), (3, 4, 5, 4)),
        layer_case(source, "block, evaluated", inverted_residual(4, 6, True), (3, 4, 5, 4), mode="eval"),
    ]


def inverted_residual(channels, inner, skip):
    norm = {"kind": "batch_norm", "epsilon": 1e-3, "momentum": 0.01}
    return {"kind": "block", "skip": skip, "layers": [
        {"name": "expand", **conv(inner, 1, bias=False)}, {"name": "expand_norm", **norm},
        {"name": "expand_relu", "kind": "relu6"},
        {"name": "depthwise", **conv(inner, 3, padding=1, groups=inner, bias=False)}, {"name": "depthwise_norm", **norm},
        {"name": "depthwise_relu", "kind": "relu6"},
        {"name": "project", **conv(channels, 1, bias=False)}, {"name": "project_norm", **norm}]}


# ---- losses -----------------------------------------------------------------------------------------------------

def loss_case(name, logits, labels):
    logits = logits.requires_grad_()
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    return {"name": name, "kind": "cross_entropy", "logits": array(logits), "labels": array(labels),
            "value": rounded(loss.item()), "gradient": array(logits.grad)}


def loss_cases(source):
    huge = torch.full((3, 5), -1000.0, dtype=torch.float64)
    huge[0, 2] = 1000.0    # certain and right: loss 0
    huge[1, 4] = 1000.0    # certain and wrong: loss 2000
    huge[2, 0] = huge[2, 1] = 1000.0    # torn between two: loss ln 2
    return [
        loss_case("random", source.normal(6, 10), source.labels(6, 10)),
        loss_case("spread", source.normal(4, 7, scale=8.0), source.labels(4, 7)),
        loss_case("very large", huge, torch.tensor([2, 1, 0])),
        loss_case("very large, random", source.normal(5, 6, scale=1000.0), source.labels(5, 6)),
    ]


# ---- optimisers, clipping, schedules ----------------------------------------------------------------------------

def optimiser_case(source, name, config):
    parameter = torch.nn.Parameter(source.normal(3, 4))
    rate, decay = config["learning_rate"], config["weight_decay"]
    if config["kind"] == "sgd":
        optimiser = torch.optim.SGD([parameter], lr=rate, momentum=config["momentum"], nesterov=config["nesterov"],
                                    weight_decay=decay)
    else:
        make = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[config["kind"]]
        optimiser = make([parameter], lr=rate, betas=(config["beta_1"], config["beta_2"]), eps=config["epsilon"],
                         weight_decay=decay)
    case = {"name": name, "optimiser": config, "start": array(parameter), "gradients": [], "after": []}
    for _ in range(5):
        parameter.grad = source.normal(3, 4)
        case["gradients"].append(array(parameter.grad))
        optimiser.step()
        case["after"].append(array(parameter))
    return case


def optimiser_cases(source):
    sgd = {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0}
    adam = {"kind": "adam", "learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8,
            "weight_decay": 0.0}
    return [
        optimiser_case(source, "sgd", sgd),
        optimiser_case(source, "sgd with momentum", {**sgd, "momentum": 0.9}),
        optimiser_case(source, "sgd with nesterov momentum", {**sgd, "momentum": 0.9, "nesterov": True}),
        optimiser_case(source, "sgd with weight decay", {**sgd, "weight_decay": 0.1}),
        optimiser_case(source, "sgd with momentum and weight decay", {**sgd, "momentum": 0.9, "weight_decay": 0.1}),
        optimiser_case(source, "adam", adam),
        optimiser_case(source, "adam with weight decay", {**adam, "weight_decay": 0.1}),
        optimiser_case(source, "adamw with weight decay", {**adam, "kind": "adamw", "weight_decay": 0.1}),
    ]


def clipping_case(source, name, scale, max_norm):
    parameters = [torch.nn.Parameter(torch.zeros(shape, dtype=torch.float64)) for shape in [(3, 4), (4,), (2, 1, 3, 3)]]
    for parameter in parameters:
        parameter.grad = source.normal(*parameter.shape, scale=scale)
    before = [array(parameter.grad) for parameter in parameters]
    total = torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    return {"name": name, "max_norm": max_norm, "before": before, "total_norm": rounded(total.item()),
            "after": [array(parameter.grad) for parameter in parameters]}


def schedule_case(name, config):
    parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimiser = torch.optim.SGD([parameter], lr=config["learning_rate"])
    schedules = torch.optim.lr_scheduler
    if config["kind"] == "step":
        schedule = schedules.StepLR(optimiser, config["every"], config["factor"])
    elif config["kind"] == "exponential":
        schedule = schedules.ExponentialLR(optimiser, config["factor"])
    else:
        schedule = schedules.CosineAnnealingLR(optimiser, config["steps"], config["minimum"])
    values = [optimiser.param_groups[0]["lr"]]
    for _ in range(10):
        optimiser.step()
        schedule.step()
        values.append(optimiser.param_groups[0]["lr"])
    return {"name": name, "schedule": config, "values": array(np.array(values))}


def schedule_cases():
    return [
        schedule_case("step", {"kind": "step", "learning_rate": 0.1, "every": 3, "factor": 0.5}),
        schedule_case("exponential", {"kind": "exponential", "learning_rate": 0.1, "factor": 0.9}),
        schedule_case("cosine", {"kind": "cosine", "learning_rate": 0.1, "steps": 10, "minimum": 0.0}),
        schedule_case("cosine with minimum", {"kind": "cosine", "learning_rate": 0.1, "steps": 10, "minimum": 0.001}),
    ]


# ---- calibration ------------------------------------------------------------------------------------------------

def expected_calibration_error(probabilities, labels, bins=15):
    """Guo et al. 2017: sum over bins of (share of examples) * |accuracy - mean confidence|.

    Confidence is the largest probability; bin i holds confidences in (i / bins, (i + 1) / bins].
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    index = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    assert np.abs(confidence * bins - np.round(confidence * bins)).min() > 1e-4, "a confidence lies on a bin's edge"
    error, table = 0.0, []
    for i in range(bins):
        inside = index == i
        count = int(inside.sum())
        accuracy = float(right[inside].mean()) if count else 0.0
        mean_confidence = float(confidence[inside].mean()) if count else 0.0
        error += count / len(labels) * abs(accuracy - mean_confidence)
        table.append({"count": count, "accuracy": rounded(accuracy), "confidence": rounded(mean_confidence)})
    return error, table


def classification_case(name, labels, predictions, classes):
    confusion = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(confusion, (labels, predictions), 1)
    hits = np.diag(confusion).astype(np.float64)
    predicted, present = confusion.sum(axis=0), confusion.sum(axis=1)
    return {
        "name": name,
        "labels": array(labels),
        "predictions": array(predictions),
        "confusion": array(confusion),
        "accuracy": rounded(hits.sum() / confusion.sum()),
        "precision": array(hits / np.maximum(predicted, 1)),
        "recall": array(hits / np.maximum(present, 1)),
        "f1": array(2 * hits / np.maximum(predicted + present, 1)),
    }


def calibration_cases(source):
    classes, count = 10, 200
    logits = source.normal(count, classes, scale=1.5).numpy()
    # Labels drawn from a softer distribution than the stated one: the classifier is overconfident.
    noise = -np.log(-np.log(source.generator.uniform(size=logits.shape)))
    labels = (0.8 * logits + noise).argmax(axis=1)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    probabilities = probabilities.astype(np.float32).astype(np.float64)
    error, bins = expected_calibration_error(probabilities, labels)
    # Class 2 is never predicted, class 3 never present, class 4 neither.
    labels_few = np.array([0, 0, 1, 2, 1, 0, 2, 1, 0, 1])
    predictions_few = np.array([0, 1, 1, 0, 1, 0, 3, 3, 0, 0])
    return {
        "expected_calibration_error": {"bins": 15, "probabilities": array(probabilities), "labels": array(labels),
                                       "value": rounded(error), "per_bin": bins},
        "classification": [
            classification_case("the vectors above", labels, probabilities.argmax(axis=1), classes),
            classification_case("missing classes", labels_few, predictions_few, 5),
        ],
    }


# ---- networks ---------------------------------------------------------------------------------------------------

def network_case(source, name, architecture):
    x = source.normal(2, *architecture["input"]).requires_grad_()
    labels = source.labels(2, 10)
    case = {"name": name, "mode": "train", "architecture": architecture}
    state, buffers, activations = {}, {}, {}
    value = x
    for layer in architecture["layers"]:
        parameters, own = make_parameters(source, layer, value.shape[1:])
        for parameter in parameters.values():
            parameter.requires_grad_()
        state |= {f"{layer['name']}.{key}": parameter for key, parameter in parameters.items()}
        buffers |= {f"{layer['name']}.{key}": buffer for key, buffer in own.items()}
        case.setdefault("buffers", {}).update({f"{layer['name']}.{key}": array(own[key]) for key in own})
        value = apply_layer(layer, value, parameters, own, True)
        activations[layer["name"]] = value
    loss = F.cross_entropy(value, labels)
    loss.backward()
    return case | {
        "state": arrays(state), "input": array(x), "labels": array(labels), "activations": arrays(activations),
        "logits": array(value), "loss": rounded(loss.item()),
        "gradients": {key: array(parameter.grad) for key, parameter in state.items()},
        "input_gradient": array(x.grad), "buffers_after": arrays(buffers),
    }


def network_cases(source):
    linear = {"kind": "linear", "units": 10, "bias": True}
    two_convolutions = {
        "name": "two-convolutions", "input": [1, 8, 8], "layers": [
            {"name": "conv1", **conv(4, 3, padding=1)},
            {"name": "relu1", "kind": "relu"},
            {"name": "pool1", **pool("max_pool2d", 2, 2)},
            {"name": "conv2", **conv(6, 3)},
            {"name": "relu2", "kind": "relu"},
            {"name": "flatten", "kind": "flatten"},
            {"name": "fc3", **linear},
        ]}
    mixed = {
        "name": "mixed", "input": [1, 8, 8], "layers": [
            {"name": "conv1", **conv(4, 3, stride=2, padding=1, bias=False)},
            {"name": "norm1", "kind": "batch_norm", "epsilon": 1e-5, "momentum": 0.1},
            {"name": "tanh1", "kind": "tanh"},
            {"name": "conv2", **conv(4, 3, padding=1, groups=2)},
            {"name": "response2", "kind": "local_response_norm", "size": 5, "alpha": 0.5, "beta": 0.75, "k": 2.0},
            {"name": "relu2", "kind": "relu"},
            {"name": "pool2", **pool("average_pool2d", 2, 2)},
            {"name": "flatten", "kind": "flatten"},
            {"name": "fc3", **linear},
        ]}
    return [network_case(source, "two convolutions", two_convolutions), network_case(source, "mixed", mixed)]


def main():
    parser = argparse.ArgumentParser(description="Write the reference cases that the Rust tests read.")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path(__file__).with_name("pytorch.json"))
    parser.add_argument("--check", action="store_true", help="compare with the file instead of writing it")
    arguments = parser.parse_args()
    # One source a section, so that a new case in one leaves the others as they are.
    sources = [Source([SEED, section]) for section in range(6)]
    reference = {
        "made_by": {"script": "tests/reference/make.py", "seed": SEED, "torch": torch.__version__.split("+")[0],
                    "numpy": np.__version__},
        "layers": layer_cases(sources[0]),
        "losses": loss_cases(sources[1]),
        "optimisers": optimiser_cases(sources[2]),
        "gradient_clipping": [clipping_case(sources[3], "clipped", 2.0, 1.5),
                              clipping_case(sources[3], "left alone", 0.1, 1.5)],
        "schedules": schedule_cases(),
        "calibration": calibration_cases(sources[4]),
        "networks": network_cases(sources[5]),
    }
    # One case a line: small, and a change can be read in a diff.
    sections = []
    for key, value in reference.items():
        if isinstance(value, list):
            lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in value)
            sections.append(f"{json.dumps(key)}: [\n{lines}\n]")
        else:
            sections.append(f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}")
    text = "{\n" + ",\n".join(sections) + "\n}\n"
    if not arguments.check:
        arguments.output.write_text(text)
        print(f"{arguments.output}: {len(text) // 1024} KiB")
    elif arguments.output.read_text() == text:
        print(f"{arguments.output}: the same")
    else:
        sys.exit(f"{arguments.output}: differs from what this script makes")


if __name__ == "__main__":
    main()
