"""Makes the files in this folder: small networks with random weights, as PyTorch saves them, and what PyTorch computes with them.

    python make.py [MICROAST]

MICROAST is the folder with MicroAST's published checkpoints; with it, microast-real.safetensors is made, too. Needs torch and safetensors.
Pictures are by a formula that the tests repeat. Each network is written down here from its paper's and its files' description.
"""

import math
import sys
from collections import OrderedDict
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

HERE = Path(__file__).parent
torch.manual_seed(20)


def picture(width, height, seed):
    x = torch.arange(width, dtype=torch.float64)[None, :, None]
    y = torch.arange(height, dtype=torch.float64)[:, None, None]
    c = torch.arange(3, dtype=torch.float64)[None, None, :]
    value = 0.5 + 0.25 * torch.sin(x * 0.37 + seed + c) * torch.cos(y * 0.23 + 2 * seed) + 0.2 * torch.sin(x * y * 0.011 + c * seed)
    return value.float().permute(2, 0, 1)[None]


def kernel(out, inputs, side):
    return torch.randn(out, inputs, side, side) / math.sqrt(inputs * side * side)


def put(state, name, out, inputs, side, gain=1.4):
    state[f"{name}.weight"] = kernel(out, inputs, side) * gain
    state[f"{name}.bias"] = torch.randn(out) * 0.1


def conv(state, name, x, stride=1, groups=1):
    weight = state[f"{name}.weight"]
    pad = weight.shape[-1] // 2
    x = F.pad(x, (pad,) * 4, mode="reflect") if pad else x
    return F.conv2d(x, weight, state[f"{name}.bias"], stride, groups=groups)


def moments(x):
    flat = x.flatten(2)
    return flat.mean(2)[..., None, None], (flat.var(2) + 1e-5).sqrt()[..., None, None]


def adaptive(x, style):
    (mean, deviation), (to_mean, to_deviation) = moments(x), moments(style)
    return (x - mean) / deviation * to_deviation + to_mean


# MicroAST.


def micro_weights(a, b, c):
    def encoder():
        state = OrderedDict()
        layers = [(a, 3, 9), (b, 1, 3), (b, b, 1), (c, 1, 3), (c, c, 1)]
        for i, (out, inputs, side) in enumerate(layers):
            put(state, f"enc1.{2 * i}.conv_layer", out, inputs, side)
        for block in ("enc1.10", "enc2.0"):
            for name in ("conv1", "conv2"):
                put(state, f"{block}.{name}.conv_layer", c, c, 3)
        return state

    modulator, decoder = OrderedDict(), OrderedDict()
    for name in ("weight1", "bias1", "weight2", "bias2"):
        put(modulator, f"{name}.0.conv_layer", c, 1, 3)
    for block in ("dec1", "dec2"):
        for name in ("conv1", "conv2"):
            put(decoder, f"{block}.{name}.conv_layer", c, c, 3)
    for place, out, inputs, side in ((1, b, c // b, 3), (3, b, b, 1), (6, a, b // a, 3), (8, a, a, 1), (10, 3, a, 9)):
        put(decoder, f"dec3.{place}.conv_layer", out, inputs, side)
    return {"content_encoder": encoder(), "style_encoder": encoder(), "modulator": modulator, "decoder": decoder}


def micro(nets, content, style):
    def residual(state, name, x, factor=None, bypass=None):
        first = conv(state, f"{name}.conv1.conv_layer", x)
        if factor is None:
            return x + conv(state, f"{name}.conv2.conv_layer", F.relu(first))
        inner = F.relu(factor * first + bypass * x)
        return x + factor * conv(state, f"{name}.conv2.conv_layer", inner) + bypass * inner

    def encode(state, x):
        for i, stride in enumerate((1, 2, 1, 2, 1)):
            weight = state[f"enc1.{2 * i}.conv_layer.weight"]
            x = F.relu(conv(state, f"enc1.{2 * i}.conv_layer", x, stride, x.shape[1] // weight.shape[1]))
        first = residual(state, "enc1.10", x)
        return first, residual(state, "enc2.0", first)

    seen = encode(nets["style_encoder"], style)
    made = {}
    for place, x in enumerate(seen, 1):
        for what in ("weight", "bias"):
            name = f"{what}{place}"
            made[name] = conv(nets["modulator"], f"{name}.0.conv_layer", x, groups=x.shape[1]).mean((2, 3), keepdim=True)
    decoder = nets["decoder"]
    x = adaptive(encode(nets["content_encoder"], content)[1], seen[1])
    x = residual(decoder, "dec1", x, made["weight2"], made["bias2"])
    x = residual(decoder, "dec2", adaptive(x, seen[0]), made["weight1"], made["bias1"])
    for spread, mix in ((1, 3), (6, 8)):
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        groups = x.shape[1] // decoder[f"dec3.{spread}.conv_layer.weight"].shape[1]
        x = F.relu(conv(decoder, f"dec3.{spread}.conv_layer", x, groups=groups))
        x = F.relu(conv(decoder, f"dec3.{mix}.conv_layer", x))
    x = conv(decoder, "dec3.10.conv_layer", x)
    vector = [torch.cat([*moments(x), made[f"weight{place}"], made[f"bias{place}"]], 1) for place, x in enumerate(seen, 1)]
    return torch.cat(vector, 1).flatten(), x


# AdaIN.

ENCODER = [(2, 0, 0), (5, 0, 0), (9, 1, 1), (12, 1, 0), (16, 2, 1), (19, 2, 0), (22, 2, 0), (25, 2, 0), (29, 3, 1)]
DECODER = [(1, 2, 1), (5, 2, 0), (8, 2, 0), (11, 2, 0), (14, 1, 1), (18, 1, 0), (21, 0, 1), (25, 0, 0), (28, None, 0)]


def adain_weights(widths):
    encoder, decoder = OrderedDict(), OrderedDict()
    put(encoder, "0", 3, 3, 1)
    inputs = 3
    for place, width, _ in ENCODER:
        put(encoder, str(place), widths[width], inputs, 3)
        inputs = widths[width]
    # What lies deeper is part of the published file and of no use here.
    put(encoder, "32", widths[3], widths[3], 3)
    for place, width, _ in DECODER:
        out = 3 if width is None else widths[width]
        put(decoder, str(place), out, inputs, 3)
        inputs = out
    return {"vgg_normalised": encoder, "decoder": decoder}


def adain(nets, content, style):
    def encode(x):
        state = nets["vgg_normalised"]
        x = conv(state, "0", x)
        for place, _, pools in ENCODER:
            x = F.max_pool2d(x, 2, 2, ceil_mode=True) if pools else x
            x = F.relu(conv(state, str(place), x))
        return x

    seen = encode(style)
    x = adaptive(encode(content), seen)
    for place, width, doubles in DECODER:
        x = conv(nets["decoder"], str(place), x)
        x = x if width is None else F.relu(x)
        x = F.interpolate(x, scale_factor=2, mode="nearest") if doubles else x
    return torch.cat(moments(seen), 1).flatten(), x


# PyTorch's example of fast neural style.


def example_weights(widths, blocks):
    a, b, c = widths
    state = OrderedDict()

    def norm(name, channels):
        state[f"{name}.weight"] = 1 + torch.randn(channels) * 0.2
        state[f"{name}.bias"] = torch.randn(channels) * 0.2
        # As old checkpoints have them; they are of no use.
        state[f"{name}.running_mean"] = torch.randn(channels)
        state[f"{name}.running_var"] = torch.rand(channels)

    for i, (out, inputs, side) in enumerate(((a, 3, 9), (b, a, 3), (c, b, 3)), 1):
        put(state, f"conv{i}.conv2d", out, inputs, side)
        norm(f"in{i}", out)
    for block in range(1, blocks + 1):
        for i in (1, 2):
            put(state, f"res{block}.conv{i}.conv2d", c, c, 3)
            norm(f"res{block}.in{i}", c)
    for i, (out, inputs) in enumerate(((b, c), (a, b)), 1):
        put(state, f"deconv{i}.conv2d", out, inputs, 3)
        norm(f"in{i + 3}", out)
    put(state, "deconv3.conv2d", 3, a, 9, gain=90.0)
    state["deconv3.conv2d.bias"] = torch.tensor([120.0, 130.0, 110.0])
    return state


def example(state, content, blocks):
    def norm(name, x):
        return F.instance_norm(x, weight=state[f"{name}.weight"], bias=state[f"{name}.bias"], eps=1e-5)

    x = content * 255
    for i, stride in enumerate((1, 2, 2), 1):
        x = F.relu(norm(f"in{i}", conv(state, f"conv{i}.conv2d", x, stride)))
    for block in range(1, blocks + 1):
        inner = F.relu(norm(f"res{block}.in1", conv(state, f"res{block}.conv1.conv2d", x)))
        x = x + norm(f"res{block}.in2", conv(state, f"res{block}.conv2.conv2d", inner))
    for i in (1, 2):
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        x = F.relu(norm(f"in{i + 3}", conv(state, f"deconv{i}.conv2d", x)))
    return conv(state, "deconv3.conv2d", x) / 255


def image(x):
    return x[0].permute(1, 2, 0).clamp(0, 1).contiguous()


@torch.no_grad()
def main():
    sizes = [((44, 36), (30, 41)), ((37, 51), (48, 32))]
    for name, nets, run in (
        ("microast", micro_weights(4, 8, 16), micro),
        ("adain", adain_weights((4, 6, 8, 12)), adain),
    ):
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        for file, state in nets.items():
            # Half the bytes; the outputs are those of the weights as stored.
            nets[file] = OrderedDict((key, value.half().float()) for key, value in state.items())
            torch.save(OrderedDict((key, value.half()) for key, value in state.items()), folder / f"{file}.pth")
        out = {}
        for i, (content, style) in enumerate(sizes):
            vector, painted = run(nets, picture(*content, 1.0 + i), picture(*style, 3.0 + i))
            out[f"{i}.style_vector"], out[f"{i}.output"] = vector.contiguous(), image(painted)
        save_file(out, HERE / f"{name}.safetensors")
    state = example_weights((6, 8, 10), 2)
    state = OrderedDict((key, value.half().float()) for key, value in state.items())
    torch.save(OrderedDict((key, value.half()) for key, value in state.items()), HERE / "example.pth")
    out = {f"{i}.output": image(example(state, picture(*content, 1.0 + i), 2)) for i, (content, _) in enumerate(sizes)}
    save_file(out, HERE / "example.safetensors")
    for folder in sys.argv[1:]:
        files = ("content_encoder", "style_encoder", "modulator", "decoder")
        nets = {file: torch.load(f"{folder}/{file}_iter_160000.pth.tar", map_location="cpu") for file in files}
        out = {}
        for i, (content, style) in enumerate(sizes):
            vector, painted = micro(nets, picture(*content, 1.0 + i), picture(*style, 3.0 + i))
            out[f"{i}.style_vector"], out[f"{i}.output"] = vector.contiguous(), image(painted)
        save_file(out, HERE / "microast-real.safetensors")


main()
