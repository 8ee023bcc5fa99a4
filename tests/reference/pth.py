#!/usr/bin/env python3
"""Write small.pth, small-legacy.pth, small-trained.pth and small-wrapped.pth: small state dictionaries in PyTorch's own formats.

Made with torch 2.15.0 as `make.py` says. Whole numbers are left out by the reader; a view keeps its strides.
"""

import collections
import pathlib

import torch

state = collections.OrderedDict([
    ("first.weight", torch.arange(6.0).reshape(2, 3)),
    ("first.bias", torch.tensor([-1.5, 0.25])),
    ("second.weight", torch.arange(6.0).reshape(3, 2).T),
    ("half", torch.tensor([0.5, -2.0], dtype=torch.float16)),
    ("brain", torch.tensor([3.0], dtype=torch.bfloat16)),
    ("double", torch.tensor(0.125, dtype=torch.float64)),
    ("norm.num_batches_tracked", torch.tensor(7)),
])
folder = pathlib.Path(__file__).parent
torch.save(state, folder / "small.pth")
torch.save(state, folder / "small-legacy.pth", _use_new_zipfile_serialization=False)
# In the older format, with what an optimiser keeps beside the weights.
layer = torch.nn.Linear(3, 2)
layer.load_state_dict({"weight": state["first.weight"], "bias": state["first.bias"]})
sgd = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
layer(torch.zeros(1, 3)).sum().backward()
torch.save({"state_dict": state, "optimiser": sgd.state_dict() | {"momenta": [torch.ones(2, 3), torch.tensor([True])]}},
           folder / "small-trained.pth", _use_new_zipfile_serialization=False)
parameters = {key: torch.nn.Parameter(value) if value.is_floating_point() else value for key, value in state.items()}
torch.save({"epoch": 3, "accuracy": 0.5, "lr": [0.1, None, True], "state_dict": parameters,
            "optimiser": {"momentum": {"first.weight": torch.zeros(2, 3)}}}, folder / "small-wrapped.pth")
