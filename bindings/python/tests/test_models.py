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
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.path == "/slow":
                self.wfile.write(data[:1000])
                time.sleep(60)
            self.wfile.write(data)

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
