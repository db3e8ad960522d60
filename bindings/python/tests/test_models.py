"""Models by name, from a server on this machine."""

import hashlib
import http.server
import json
import threading
import time

import pytest

import impasto


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A registry with a model `mine`, which is Impasto's own, and the number of requests so far."""
    from conftest import ROOT

    data = (ROOT / "crates/impasto/models/impasto.safetensors").read_bytes()
    requests = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            body = (ROOT / "crates/impasto/models/perceptual.safetensors").read_bytes() if self.path == "/seeing" else data
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.path == "/slow":
                self.wfile.write(body[:1000])
                time.sleep(60)
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"

    def entry(name, path, **more):
        files = [{"name": "model.safetensors", "mirrors": [address + path], "sha256": hashlib.sha256(data).hexdigest()}]
        return {"name": name, "title": "a test", "licence": "MIT", "source": "here", "files": files, **more}

    page = "https://example.org/mine"
    models = [entry("mine", "/fast", addresses=[page]), entry("free", "/fast", non_commercial=True), entry("slow", "/slow")]
    seeing = ROOT / "crates/impasto/models/perceptual.safetensors"
    more = {"role": "perceptual", "addresses": ["https://example.org/seeing"]}
    seeing = {"name": "perceptual.safetensors", "mirrors": [address + "/seeing"], "sha256": hashlib.sha256(seeing.read_bytes()).hexdigest()}
    models.append(entry("seeing", "/seeing") | more | {"files": [seeing]})
    registry = tmp_path / "registry.json"
    registry.write_text(json.dumps({"version": 1, "models": models}))
    monkeypatch.setenv("IMPASTO_REGISTRY", str(registry))
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))
    yield requests
    server.shutdown()


def test_a_model_is_pulled_once_and_opened_by_its_names(model):
    with pytest.raises(impasto.Error, match="impasto.models.pull"):
        impasto.Stylizer("mine")
    with pytest.raises(impasto.Error, match="offline"):
        impasto.models.pull("mine", offline=True)
    assert not model
    told = []
    paths = impasto.models.pull("mine", progress=told.append)
    assert told and told == sorted(told) and told[-1] <= 1
    assert impasto.models.path("mine") == impasto.models.pull("https://example.org/mine") == paths
    assert model == ["/fast"]
    for name in ["mine", "https://example.org/mine"]:
        assert impasto.Stylizer(name, threads=1).family == impasto.Stylizer(threads=1).family
    listed = {item["name"]: item for item in impasto.models.list()}
    assert listed["mine"]["downloaded"] and listed["mine"]["licence"] == "MIT"
    assert not listed["magenta"]["downloaded"]


def test_perceptual_networks_have_names_too(model, landscape):
    roles = {item["name"]: item["role"] for item in impasto.models.list()}
    assert roles["seeing"] == roles["vgg19"] == "perceptual" and roles["mine"] == roles["magenta"] == "model"
    with pytest.raises(impasto.Error, match=r"impasto\.models\.pull\(.seeing.\)"):
        impasto.Optimizer(perceptual="seeing")
    # Neither is taken for the other, before anything is asked for and after.
    for _ in range(2):
        with pytest.raises(impasto.Error, match=r"seeing: this is a perceptual network.* give it to Optimizer\(perceptual=…\)"):
            impasto.Stylizer("seeing")
        with pytest.raises(impasto.Error, match=r"mine: this is a model that paints: give it to Stylizer\(model=…\)"):
            impasto.Optimizer("mine")
        (path,) = impasto.models.pull("seeing")
    options = {"initial": "content", "steps": 2}
    painted = [
        impasto.optimize(landscape, "starry", perceptual=word, **options) for word in ["seeing", "https://example.org/seeing", path, str(path), None]
    ]
    assert all(one == painted[0] for one in painted)
    # An address that no registry lists is the only name that such a model has.
    with pytest.raises(impasto.Error, match=r"impasto\.models\.pull\(.https://example\.org/other\.pth.\)"):
        impasto.Optimizer("https://example.org/other.pth")
    with pytest.raises(FileNotFoundError, match="no-such-network"):
        impasto.Optimizer("no-such-network")


def test_what_cannot_be_pulled_is_an_error(model):
    with pytest.raises(impasto.Error, match="forbid commercial use"):
        impasto.models.pull("free")
    impasto.models.pull("free", accept_non_commercial=True)
    for name in ["nothing", "ftp://example.org/x"]:
        with pytest.raises(impasto.Error):
            impasto.models.pull(name)
    with pytest.raises(impasto.Error, match="nothing"):
        impasto.models.path("nothing")


def test_a_callback_stops_a_download(model):
    class Stop(Exception):
        pass

    def stop(share):
        if share > 0:
            raise Stop

    start = time.monotonic()
    with pytest.raises(Stop):
        impasto.models.pull("mine", progress=stop)
    assert time.monotonic() - start < 20
    with pytest.raises(impasto.Error):
        impasto.models.path("mine")
