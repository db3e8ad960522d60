"""Style transfer by optimisation in PyTorch, written straightforwardly: the same losses, start and steps as `impasto optimize`, to compare
results, time and memory with. Needs torch, numpy and pillow.

    python optimize_torch.py --vgg FOLDER --content photo.jpg --style painting.jpg --size 512 --steps 50 --threads 2 [--json out.json]

FOLDER is VGG-19 as TensorFlow.js has it (Keras' weights: model.json and its shards), as deep as there are shards. The same run of Impasto:

    impasto optimize photo.jpg -s painting.jpg -o out.png --size 512 --steps 50 --smallest-scale 4096 --initial content \
        --perceptual FOLDER --style-layers relu1_1,relu2_1,relu3_1 --content-layers relu3_4 --style-weight 30 --trace losses.json --json

Losses (means over layers; relative, so that layers weigh alike):
    content    mean of (x - t)^2, x and t features brought to mean 0 and variance 1 by channel (epsilon 1e-5)
    style      |G - Gs|^2 / |Gs|^2, G the Gram matrix over the number of pixels
    variation  sum of squared differences of neighbours, down and across, over the number of values
"""
import argparse, json, os, resource, time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image


def vgg(folder):
    """The arrays that are there."""
    manifest = json.load(open(os.path.join(folder, "model.json")))
    arrays = {}
    for group in manifest["weightsManifest"]:
        paths = [os.path.join(folder, path) for path in group["paths"]]
        if not all(map(os.path.exists, paths)):
            continue
        data, at = b"".join(open(path, "rb").read() for path in paths), 0
        for entry in group["weights"]:
            count = int(np.prod(entry["shape"]))
            arrays[entry["name"]] = torch.from_numpy(np.frombuffer(data, np.float32, count, at).reshape(entry["shape"]).copy())
            at += 4 * count
    return arrays


class Features(torch.nn.Module):
    def __init__(self, arrays, wanted):
        super().__init__()
        self.layers, self.wanted = [], set(wanted)
        for block, count in ((1, 2), (2, 2), (3, 4), (4, 4), (5, 4)):
            for i in range(1, count + 1):
                kernel = arrays.get(f"block{block}_conv{i}/kernel")
                if kernel is None:
                    return
                self.layers.append((f"relu{block}_{i}", kernel.permute(3, 2, 0, 1).contiguous(), arrays[f"block{block}_conv{i}/bias"]))

    def forward(self, picture):
        mean = torch.tensor([103.939, 116.779, 123.68])[None, :, None, None]
        x, found, left = picture[:, [2, 1, 0]] * 255 - mean, {}, set(self.wanted)
        for name, kernel, bias in self.layers:
            if name.endswith("_1") and name != "relu1_1":
                x = F.max_pool2d(x, 2)
            x = F.relu(F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernel, bias))
            if name in left:
                found[name] = x
                left.discard(name)
                if not left:
                    break
        return found


def gram(x):
    x = x.flatten(2)[0]
    return x @ x.T / x.shape[1]


def normalised(x):
    mean = x.mean((2, 3), keepdim=True)
    variance = ((x - mean) ** 2).mean((2, 3), keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt()


def load(path, size):
    picture = Image.open(path).convert("RGB")
    factor = size / max(picture.size)
    if factor != 1:
        picture = picture.resize([max(1, round(side * factor)) for side in picture.size], Image.BILINEAR)
    return torch.from_numpy(np.asarray(picture, np.float32) / 255).permute(2, 0, 1)[None]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vgg", required=True)
    parser.add_argument("--content", required=True)
    parser.add_argument("--style", required=True)
    parser.add_argument("--size", type=int, default=0, help="0: the content as it is, and the style likewise")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--style-layers", default="relu1_1,relu2_1,relu3_1")
    parser.add_argument("--content-layers", default="relu3_4")
    parser.add_argument("--content-weight", type=float, default=1.0)
    parser.add_argument("--style-weight", type=float, default=30.0)
    parser.add_argument("--variation-weight", type=float, default=2.0)
    parser.add_argument("--rate", type=float, default=0.02)
    parser.add_argument("--json")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    style_layers, content_layers = args.style_layers.split(","), args.content_layers.split(",")
    network = Features(vgg(args.vgg), style_layers + content_layers)
    read = (lambda path: load(path, args.size)) if args.size else (lambda path: load_as_it_is(path))
    content, style = read(args.content), read(args.style)
    with torch.no_grad():
        wanted_content = {name: normalised(x) for name, x in network(content).items() if name in content_layers}
        wanted_style = {name: gram(x) for name, x in network(style).items() if name in style_layers}

    def losses(picture):
        found = network(picture)
        c = sum(((normalised(found[name]) - wanted_content[name]) ** 2).mean() for name in content_layers) / len(content_layers)
        s = sum(((gram(found[name]) - wanted_style[name]) ** 2).sum() / (wanted_style[name] ** 2).sum() for name in style_layers) / len(style_layers)
        v = ((picture[:, :, 1:] - picture[:, :, :-1]) ** 2).sum() + ((picture[:, :, :, 1:] - picture[:, :, :, :-1]) ** 2).sum()
        v = v / picture.numel()
        return args.content_weight * c + args.style_weight * s + args.variation_weight * v, c, s, v

    picture = content.clone().requires_grad_()
    optimiser = torch.optim.Adam([picture], lr=args.rate, betas=(0.9, 0.99))
    trace, seconds = [], []
    for step in range(args.steps):
        before = time.perf_counter()
        optimiser.zero_grad()
        total, c, s, v = losses(picture)
        total.backward()
        # Impasto's epsilon: a share of the root of all values' mean square.
        second = 0.99 * optimiser.state[picture].get("exp_avg_sq", 0) + 0.01 * picture.grad**2
        optimiser.param_groups[0]["eps"] = 1e-3 * (second.mean().item() / (1 - 0.99 ** (step + 1))) ** 0.5
        optimiser.step()
        with torch.no_grad():
            picture.clamp_(0, 1)
        seconds.append(time.perf_counter() - before)
        trace.append({"step": step + 1, "total": total.item(), "content": c.item(), "style": s.item(), "variation": v.item()})
    report = {
        "size": list(content.shape[:1:-1]),
        "seconds_per_step": sorted(seconds)[len(seconds) // 2],
        "least_seconds_per_step": min(seconds),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "steps": trace,
    }
    if args.json:
        json.dump(report, open(args.json, "w"), indent=1)
    print(json.dumps({key: value for key, value in report.items() if key != "steps"} | {"last": trace[-1]}))


def load_as_it_is(path):
    return torch.from_numpy(np.asarray(Image.open(path).convert("RGB"), np.float32) / 255).permute(2, 0, 1)[None]


if __name__ == "__main__":
    main()
