"""Writes inputs for the fuzz targets into fuzz/corpus (standard library only): small valid files, and what earlier runs
found to reach further code (inputs.tar.xz).

    python3 fuzz/seeds.py [FILE...]      # .tflite and .safetensors files given are added as seeds of their target
"""
import io, json, pathlib, struct, sys, tarfile, zipfile, zlib

CORPUS = pathlib.Path(__file__).parent / "corpus"


def save(target, name, content):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


# safetensors
for dtype, data in [("F32", floats(1, 2)), ("F16", b"\0\x3c\0\xc0"), ("BF16", b"\xc0\x3f\0\xc0"), ("F64", struct.pack("<2d", 1, 2))]:
    header = json.dumps({"__metadata__": {"k": "v"}, "w": {"dtype": dtype, "shape": [1, 2], "data_offsets": [0, len(data)]}}).encode()
    save("safetensors", dtype, struct.pack("<Q", len(header)) + header + data)

# style files
for name, family, texts in [("plain", "tflite", {}), ("named", "my-own", {"impasto.style.name": "waves", "impasto.style.provenance": "x"})]:
    metadata = {"impasto.style": "1", "impasto.style.family": family, **texts}
    header = {"__metadata__": metadata, "style_vector": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
    header = json.dumps(header).encode()
    save("style", name, struct.pack("<Q", len(header)) + header + floats(1, -2))

# tfjs: model.json, a zero byte, the shard
entries = [
    {"name": "a", "shape": [2], "dtype": "float32"},
    {"name": "b", "shape": [1], "dtype": "int32"},
    {"name": "c", "shape": [3, 1], "dtype": "float32", "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1}},
    {"name": "d", "shape": [1], "dtype": "float32", "quantization": {"dtype": "uint16", "scale": 0.5, "min": -1}},
    {"name": "e", "shape": [], "dtype": "float32", "quantization": {"dtype": "float16"}},
]
model = {"modelTopology": {"node": []}, "weightsManifest": [{"paths": ["shard"], "weights": entries}]}
save("tfjs", "all", json.dumps(model).encode() + b"\0" + floats(1, 2) + bytes(4 + 3 + 2) + b"\0\x3c")


# tflite: tables written parent first, each right behind its vtable
class Flat:
    def __init__(self):
        self.bytes = bytearray(b"\0\0\0\0TFL3")

    def table(self, fields):
        """Fields are struct formats with values, `None`, or "offset"; gives the table's place and each field's."""
        vtable, body, places = [], b"", []
        for field in fields:
            packed = b"" if field is None else bytes(4) if field == "offset" else struct.pack("<" + field[0], field[1])
            vtable.append(4 + len(body) if packed else 0)
            places.append(4 + len(body))
            body += packed
        size = 4 + 2 * len(vtable)
        self.bytes += struct.pack(f"<{len(vtable) + 2}H", size, 4 + len(body), *vtable)
        at = len(self.bytes)
        self.bytes += struct.pack("<i", size) + body
        return at, [at + place for place in places]

    def vector(self, count, content):
        at = len(self.bytes)
        self.bytes += struct.pack("<I", count) + content
        return at

    def point(self, source, target):
        struct.pack_into("<I", self.bytes, source, target - source)


def tflite(constants):
    f = Flat()
    root, places = f.table([("I", 3), None, "offset", None, "offset"])
    f.point(0, root)
    subgraphs = f.vector(1, bytes(4))
    f.point(places[2], subgraphs)
    subgraph, inner = f.table(["offset"])
    f.point(subgraphs + 4, subgraph)
    tensors = f.vector(len(constants), bytes(4 * len(constants)))
    f.point(inner[0], tensors)
    buffers = f.vector(len(constants) + 1, bytes(4 * len(constants) + 4))
    f.point(places[4], buffers)
    f.point(buffers + 4, f.table([])[0])
    for i, (name, kind, shape, data, scales, axis) in enumerate(constants):
        tensor, at = f.table(["offset", ("B", kind), ("I", i + 1), "offset", "offset" if scales else None])
        f.point(tensors + 4 + 4 * i, tensor)
        f.point(at[0], f.vector(len(shape), struct.pack(f"<{len(shape)}i", *shape)))
        f.point(at[3], f.vector(len(name), name.encode()))
        if scales:
            table, q = f.table([None, None, "offset", "offset", None, None, ("i", axis)])
            f.point(at[4], table)
            f.point(q[2], f.vector(len(scales), floats(*scales)))
            f.point(q[3], f.vector(1, bytes(8)))
        buffer, b = f.table(["offset"])
        f.point(buffers + 8 + 4 * i, buffer)
        f.point(b[0], f.vector(len(data), data))
    return bytes(f.bytes)


save("tflite", "all", tflite([
    ("f32", 0, [2], floats(1, 2), [], 0),
    ("f16", 1, [2], b"\0\x3c\0\xc0", [], 0),
    ("i8", 9, [2, 3], bytes(range(6)), [0.5, 1, 2], 1),
    ("i32", 2, [1], b"\1\0\0\0", [0.5], 0),
]))


# saved_model: lengths of index and data, then index, data, saved_model.pb; checksums are filled in by the target
def varint(n):
    out = b""
    while n >= 0x80:
        out, n = out + bytes([n & 0x7F | 0x80]), n >> 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(entries):
    body = b"".join(varint(0) + varint(len(k)) + varint(len(v)) + k + v for k, v in entries)
    return body + struct.pack("<2I", 0, 1)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(crc):
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def entry(dtype, shape, offset, size, crc):
    shape = b"".join(field(2, field(1, n)) for n in shape)
    return field(1, dtype) + field(2, shape) + field(4, offset) + field(5, size) + varint(6 << 3 | 5) + struct.pack("<I", crc)


key = b"variables/0/.ATTRIBUTES/VARIABLE_VALUE"
graph = field(1, field(1, field(1, 1) + field(2, b"variables"))) + field(1, field(2, field(2, b"scope/w") + field(3, key)))
values = floats(1, 2)
length_crc = struct.pack("<I", masked(crc32c(struct.pack("<I", len(graph)))))
string = varint(len(graph)) + length_crc + graph
graph_crc = masked(crc32c(struct.pack("<I", len(graph)) + length_crc + graph))
content = block([
    (b"", field(1, 1)),
    (b"_CHECKPOINTABLE_OBJECT_GRAPH", entry(7, [], 8, len(string), graph_crc)),
    (key, entry(1, [2, 1], 0, 8, masked(crc32c(values)))),
])
index_block = block([(key, varint(0) + varint(len(content)))])
index = content + bytes(5) + index_block + bytes(5)
handle = varint(len(content) + 5) + varint(len(index_block))
index += (handle + handle).ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")
nodes = field(1, field(1, field(1, 1) + field(2, b"variables"))) + field(1, field(1, field(1, 2) + field(2, b"0")))
nodes += field(1, field(7, field(6, b"scope/w")))
saved_model = field(1, 1) + field(2, field(7, nodes))
for name, data, pb in [("graph", values + string, b""), ("saved_model", values + string, saved_model)]:
    save("saved_model", name, struct.pack("<2I", len(index), len(data)) + index + data + pb)

# torch: the library's own small checkpoints, good and bad
for path in sorted((pathlib.Path(__file__).parent.parent / "crates/impasto/tests/data/perceptual").glob("*.pth")):
    if path.stat().st_size < 1 << 14:
        save("torch", path.stem, path.read_bytes())

# picture: the library's own test pictures, small files of every format
for path in sorted((pathlib.Path(__file__).parent.parent / "crates/impasto/tests/data/pictures").iterdir()):
    if path.suffix in (".jpg", ".png", ".webp", ".tif", ".gif", ".bmp") and path.stat().st_size < 1 << 16:
        save("picture", path.name, path.read_bytes())

# jpeg: the packed layouts, see jpeg_corpus.py beside them
pack = (pathlib.Path(__file__).parent.parent / "crates/impasto/tests/data/pictures/jpeg-corpus.bin").read_bytes()
while pack:
    name, pack = pack[1:1 + pack[0]], pack[1 + pack[0]:]
    size = int.from_bytes(pack[:2], "big")
    save("jpeg", name.decode().replace(" ", "_").replace(",", "-"), pack[2:2 + size])
    width, height = pack[2 + size], pack[3 + size]
    pack = pack[4 + size + -(-width // 8) * -(-height // 8) * 3:]

# formats: the packed files, see formats_corpus.py beside them
pack = zlib.decompress((pathlib.Path(__file__).parent.parent / "crates/impasto/tests/data/pictures/formats-corpus.bin").read_bytes())
names = {"tif": "tiff", "ppm": "pnm", "pbm": "pnm"}
while pack:
    name, size, width, height, _, _ = struct.unpack_from("<6I", pack)
    title, content = pack[24 : 24 + name].decode(), pack[24 + name : 24 + name + size]
    stem, end = title.rsplit(".", 1)
    save(names.get(end, end), "".join(c if c.isalnum() else "_" for c in stem) + "." + end, content)
    pack = pack[24 + name + size + width * height * 8 :]

for path in map(pathlib.Path, sys.argv[1:]):
    save(path.suffix[1:], path.name, path.read_bytes())

# onnx: a convolution, and an array in 8 bits
def message(*fields):
    return b"".join(fields)


def tensor(name, kind, shape, values):
    return message(*(field(1, n) for n in shape), field(2, kind), field(8, name), field(9, values))


def node(kind, inputs, output, *attributes):
    return message(*(field(1, name) for name in inputs), field(2, output), field(4, kind), *(field(5, a) for a in attributes))


graph = message(
    field(1, node(b"Pad", [b"x"], b"p", message(field(1, b"mode"), field(4, b"reflect")))),
    field(1, node(b"DequantizeLinear", [b"q", b"s"], b"q_dequant", message(field(1, b"axis"), field(3, 0)))),
    field(5, tensor(b"w", 1, [1, 2], floats(1.0, 2.0))),
    field(5, tensor(b"q", 3, [2], b"\x01\xff")),
    field(5, tensor(b"s", 1, [], floats(0.5))),
)
save("onnx", "plain", message(field(1, 8), field(2, b"seed"), field(7, graph)))

# registry: the built-in one is too long to begin with
entry = {
    "name": "a-model", "title": "t", "licence": "MIT", "source": "s", "addresses": ["https://example.org/a"], "checksums": "c",
    "files": [{"name": "m.tar.gz", "mirrors": ["https://example.org/m.tar.gz?x=1#y"], "unpack": "tar.gz", "only": ["a/b"], "bytes": 1, "sha256": "0" * 64}],
    "contains": [{"path": "a/b", "sha256": "f" * 64}], "open": ["a/b"], "role": "perceptual", "non_commercial": True, "good_for": "g",
}
other = {"name": "b", "title": "t", "licence": "MIT", "source": "s", "files": [{"name": "m.pth", "mirrors": ["http://[::1]:80/m.pth"]}]}
save("registry", "two", json.dumps({"version": 1, "models": [entry, other]}).encode())
save("registry", "none", b'{"version":1,"models":[]}')
save("registry", "address", b"HTTPS://www.Kaggle.com:443/models/a/frameworks/b/variations/c/versions/2?tf-hub-format=compressed&d=%2e%2E/e f#g")

# archive: the first byte says which kind it is
for kind, mode in [(0, "w:"), (1, "w:gz")]:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode, format=tarfile.PAX_FORMAT) as archive:
        for name in ["variables/variables.index", "./a" + "b" * 120, "\u00e9"]:
            info = tarfile.TarInfo(name)
            info.size = 5
            archive.addfile(info, io.BytesIO(b"hello"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        if kind == 0:
            archive.addfile(link)
    save("archive", f"tar-{kind}", bytes([kind]) + file.getvalue())
for name, method in [("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)]:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("folder/model.onnx", b"x" * 300)
        archive.writestr("../out", b"y")
    save("archive", name, b"\2" + file.getvalue())

# record: of each version, of an optimized picture, and a manifest
sha = "0" * 64
content = {"name": "a.jpg", "sha256": sha}
style = {"style": {"name": "b.jpg", "sha256": sha}, "weight": 0.7, "mask": {"name": "m\ufffd.png", "name_bytes": "6dff2e706e67", "sha256": sha}}
model = [{"name": "built-in", "sha256": sha, "built_in": True}]
record = {"version": 3, "program": "impasto 0.1.0", "executor": "avx2", "content": content, "styles": [style], "model": model}
options = {"format": "png", "strength": 0.6, "size": 1600, "stroke": "native:2", "colors": "content", "grain": 0.5, "depth": "16"}
save("record", "painted", json.dumps({**record, "options": options}).encode())
settings = {
    "content_layers": [], "style_layers": ["a"], "content_loss": "normalised", "style_loss": "gram", "content_weight": 1.0,
    "style_weight": 6.0, "variation_weight": 2.0, "method": {"adam": {"rate": 0.02}}, "steps": [2, 3], "smallest_scale": 160,
    "style_scale": 1.0, "keep_colours": "no", "match_histogram": False, "max_memory": 1,
}
how = {"size": 64, "settings": settings, "initial": {"noise": {"seed": 1}}, "perceptual": model[0], "pooling": "max", "feather": 0.5}
save("record", "optimized", json.dumps({**record, "version": 4, "optimized": how, "options": {"format": "jpeg"}}).encode())
old = {
    "program": "impasto 0.1.0", "isa": "avx2", "format": "PNG", "options": ["--strength=0.5", "--invert-mask", "--stroke=2"],
    "files": [{"option": "--mask", **content}], "content": content, "styles": [{**content, "weight": 1, "mask": content}], "model": model,
}
save("record", "first", json.dumps(old).encode())
save("record", "second", json.dumps({**old, "version": 2}).encode())
lines = [
    {"output": "a.png", "state": "begun"},
    {"output": "a.png", "output_bytes": "61ff", "state": "done", "key": sha, "bytes": 1, "sha256": sha},
    {"output": "a.png", "state": "failed", "error": "e"},
]
save("record", "manifest", "\n".join(map(json.dumps, lines)).encode())

with tarfile.open(pathlib.Path(__file__).parent / "inputs.tar.xz") as inputs:
    for member in filter(tarfile.TarInfo.isfile, inputs):
        path = pathlib.PurePath(member.name)
        save(path.parent.name, path.name, inputs.extractfile(member).read())
