"""Times Impasto against ONNX Runtime on multistyle26.onnx and on MicroAST, exported from PyTorch: python families.py IMPASTO MULTISTYLE MICROAST

IMPASTO is the program, MULTISTYLE the file multistyle26.onnx, MICROAST the folder with MicroAST's checkpoints. Both run on 512x720 pixels (style
pictures have 256x256) with two threads, by turns; the least time of each counts. Needs numpy, onnx, onnxscript, onnxruntime and torch.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch

DEFINITIONS = Path(__file__).parents[2] / "crates/impasto/tests/data/families/make.py"
ROUNDS, RUNS = 4, 5


def exported(folder, path):
    definitions = {"__file__": str(DEFINITIONS), "__name__": "definitions"}
    exec(DEFINITIONS.read_text().removesuffix("\nmain()\n"), definitions)

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.names = {}
            for file in ("content_encoder", "style_encoder", "modulator", "decoder"):
                state = torch.load(f"{folder}/{file}_iter_160000.pth.tar", map_location="cpu")
                self.names[file] = {key: f"{file}.{key}".replace(".", "_") for key in state}
                for key, value in state.items():
                    self.register_buffer(self.names[file][key], value)

        def forward(self, content, style):
            nets = {file: {key: getattr(self, name) for key, name in names.items()} for file, names in self.names.items()}
            return definitions["micro"](nets, content, style)[1]

    pictures = torch.rand(1, 3, 512, 720), torch.rand(1, 3, 256, 256)
    torch.onnx.export(Network().eval(), pictures, path, dynamo=True, external_data=False, input_names=["content", "style"])
    return str(path)


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def main():
    impasto, multistyle, microast = sys.argv[1:]
    random = np.random.default_rng(0)
    content, style = random.random((1, 3, 512, 720), np.float32), random.random((1, 3, 256, 256), np.float32)
    shares = np.eye(26, dtype=np.float32)[3]
    with tempfile.TemporaryDirectory() as folder:
        cases = [
            ("multistyle26", session(multistyle), {"image": content, "style_weights": shares}, multistyle),
            ("microast", session(exported(microast, Path(folder) / "m.onnx")), {"content": content, "style": style}, microast),
        ]
    least = {name: [float("inf"), float("inf")] for name, *_ in cases}
    for _ in range(ROUNDS):
        for name, onnx, inputs, model in cases:
            for _ in range(RUNS):
                start = time.perf_counter()
                onnx.run(None, inputs)
                least[name][0] = min(least[name][0], time.perf_counter() - start)
            command = [impasto, "bench", "--model", model, "--threads", "2", "--runs", str(RUNS), "--json"]
            results = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            runs = next(value for value in results.values() if isinstance(value, list) and value and "seconds" in value[0])
            least[name][1] = min(least[name][1], sum(run["seconds"]["min"] for run in runs))
    for name, (theirs, ours) in least.items():
        print(f"{name}: ONNX Runtime {theirs:.3f} s, Impasto {ours:.3f} s, {theirs / ours:.1f} times")


main()
