"""Many pictures on many machines, with Ray Data: `pip install "impasto[ray]"`.

    python -m impasto.ray photos/ -s painting.jpg -o painted/ --address auto

or, in a program that has a Ray cluster already,

    from impasto.ray import stylize_dataset
    summary = stylize_dataset("photos/", "painting.jpg", "painted/")

Each worker is an actor that loads the model once and paints one picture after the other. Contents are files that all machines can read, by path or by a URI
that Arrow knows (`s3://…`, `gs://…`, `hdfs://…`), or the pictures of a `ray.data.Dataset`; the results are files, too. What is done is written to a
manifest, `impasto.jsonl` in the output folder, from which an interrupted run continues. `impasto stylize` has the same manifest: either continues the other's work.
"""

from __future__ import annotations

import argparse
import contextlib
import glob
import hashlib
import json
import logging
import os
import posixpath
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import impasto
from impasto import _impasto
from impasto._errors import made

try:
    import ray
    import ray.data
    import ray.exceptions
    from pyarrow import fs
except ImportError as e:
    raise ImportError('impasto.ray needs Ray: pip install "impasto[ray]"') from e

__all__ = ["MANIFEST", "Summary", "main", "stylize_dataset"]

MANIFEST = "impasto.jsonl"
"""The manifest's name in the output folder. Each line is an object with a `state`, as `impasto stylize` writes them; and `worker` (host and process)."""

# Extensions of the files that are found in folders.
_READ = frozenset(_impasto.read_extensions())
# Options that are the same for all pictures, from the one table: not masks, which are of one picture, nor the model's. `strength`, `format` and
# `quality` have arguments of their own.
_OPTIONS = {
    row["name"]: row
    for row in impasto.options()
    if row["kind"] != "picture" and row["part"] != "model" and row["name"] not in ("strength", "format", "quality", "invert_mask", "salvage")
}
_FILE = {row["name"] for row in impasto.options() if row["part"] == "file"}
# How a picture is tried that has no size to speak of.
_NO_SIZES = {"size": None, "exact": None, "preview_of": None}
# Formats of results that all readers of folders know.
_FORMATS = ("jpg", "png", "webp", "tif")
# Pictures that a worker gets at a time, at most: those of a worker that dies are painted again.
_TASK = 16


@dataclass
class Summary:
    """What a run has done."""

    painted: int = 0
    skipped: int = 0
    """Pictures that the manifest already had."""
    failures: list[tuple[str, str]] = field(default_factory=list)
    """(input, error) of each picture that could not be painted."""
    seconds: float = 0.0

    def __str__(self) -> str:
        parts = [f"{self.painted} pictures painted in {self.seconds:.1f} s"]
        if self.skipped:
            parts.append(f"{self.skipped} were done already")
        if self.failures:
            parts.append(f"{len(self.failures)} failed")
        return ", ".join(parts)


def stylize_dataset(
    source: ray.data.Dataset | str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    style: Any,
    output_path: str | os.PathLike[str],
    *,
    strength: float = 1.0,
    model: Any = None,
    format: str | None = None,
    quality: int = 95,
    workers: int | None = None,
    threads: int = 1,
    retries: int = 3,
    resume: bool = False,
    overwrite: bool = False,
    address: str | None = None,
    **options: Any,
) -> Summary:
    """Paints many pictures in one style on a Ray cluster.

    source: paths (files, folders, which are searched with all they hold, patterns, URIs), or a `ray.data.Dataset` with the columns "image" (height × width × 3 or
        4) and "path", as `ray.data.read_images(..., include_paths=True)` gives. Results of paths keep their names below the folder; those of a dataset
        get a hash of their path into their names, so that there are no two alike.
    style: what `impasto.stylize` takes, or a list of them, each alone or with a weight.
    output_path: a folder, which is new, empty, or one that this function has written to.
    format: "jpg", "png", "webp" or "tif" for all results; that of the content's name if not given, or PNG if such files are not written. `quality` is for
        JPEG.
    workers: actors; as many as the cluster has processors for if not given. `threads`: processors of each.
    retries: how often reading and writing are tried again. Pictures of a worker that dies go to another without end.
    resume: continues from the manifest, also from that of `impasto stylize`: what is done of the same content with the same options stays, and files that
        it does not list are not replaced. overwrite: begins again in a folder that is not empty, and replaces what is there.
    address: the cluster's, if this process is not connected to one: "auto" for the one that this machine is part of; a cluster of this machine alone
        if not given.
    options: those of `impasto.stylize` that can be the same for all pictures: all but masks, regions and those of the model; and those of
        `Picture.save`.

    Raises `impasto.Error` for what is wrong from the start, before the cluster starts. Pictures that fail do not stop the others; the summary has them.
    """
    unknown = options.keys() - _OPTIONS.keys()
    if unknown:
        raise TypeError(f"stylize_dataset() has no option {min(unknown)!r}")
    if options.get("colors") == "match":
        raise _error('colors="match" needs the style\'s picture beside each content, which workers do not have; give colors="content"')
    if format is not None and format not in _FORMATS:
        raise _error(f'format must be "jpg", "png", "webp" or "tif", not {format!r}')
    for name, count, least in [("workers", workers, 1), ("threads", threads, 1), ("retries", retries, 0)]:
        if count is not None and count < least:
            raise _error(f"{name}: must be {least} or more, not {count}")
    stylizer = impasto.Stylizer(model)
    options = {"strength": strength, "quality": quality, **options}
    seen, name = _styles(style, stylizer, options)
    # What is wrong with the options is found here, not on every worker.
    trial = stylizer.stylize(impasto.draw_landscape(16, 16), seen, **(_part(options, file=False) | _NO_SIZES))
    trial.encode(format or "png", **_part(options, file=True))
    output = _Folder(os.fspath(output_path))
    _check(output, resume, overwrite)
    items = None if isinstance(source, ray.data.Dataset) else _jobs(source, output, format)
    with output.locked():
        if resume and items is not None:
            _claim(items, output)
        if not ray.is_initialized():
            ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING)
        processors = int(ray.cluster_resources().get("CPU", 1))
        workers = workers or max(1, processors // threads)
        rows = _checked(source) if isinstance(source, ray.data.Dataset) else _rows(items or [], workers)
        settings = {
            "styles": seen,
            "name": name,
            "model": model,
            "threads": threads,
            "options": options,
            "output": output,
            "format": format,
            "retries": retries,
            "resume": resume,
        }
        return _run(rows, output, settings, workers, items or [])


def _claim(items: list[dict[str, str]], output: _Folder) -> None:
    """Marks what is in the way: files that no run has made are not replaced. Those that are new are to be written down before they are painted."""
    known, there = output.entries(), output.names()
    for item in items:
        name = item["output"]
        item["state"] = "owned" if known.owns(name) else "in the way" if name in there else "new"


def _jobs(source: Any, output: _Folder, format: str | None) -> list[dict[str, str]]:
    """The pictures of paths, each with the name of its result."""
    found = _items([source] if isinstance(source, (str, os.PathLike)) else source, output)
    # A file that is named twice is one picture.
    items = list({item["path"]: item for item in found}.values())
    if not items:
        raise _error("no pictures to paint")
    outputs: dict[str, str] = {}
    for item in items:
        item["output"] = _result_name(item["output"], format)
        other = outputs.setdefault(item["output"], item["path"])
        if other != item["path"]:
            raise _error(f"{other} and {item['path']} would both become {item['output']}")
    return items


def _rows(items: list[dict[str, str]], workers: int) -> ray.data.Dataset:
    blocks = max(-(-len(items) // _TASK), min(len(items), workers * 16))
    return ray.data.from_items(items, override_num_blocks=blocks)


def _checked(dataset: ray.data.Dataset) -> ray.data.Dataset:
    """A caller's dataset, if it has the columns."""
    schema = dataset.schema()
    if schema is None:
        raise _error("no pictures to paint")
    missing = {"image", "path"} - set(schema.names)
    if missing:
        hint = "read_images(..., include_paths=True) gives it" if missing == {"path"} else "read_images gives one"
        raise _error(f"the dataset has no column {min(missing)!r}; {hint}")
    return dataset


def _run(rows: ray.data.Dataset, output: _Folder, settings: dict[str, Any], workers: int, items: Iterable[dict[str, str]]) -> Summary:
    """Paints on the cluster, and writes the manifest."""
    painter: Any = _Painter
    painted = rows.map(
        painter,
        fn_constructor_kwargs=settings,
        # A worker that dies, or whose machine does, is replaced, and what it had in hand is painted by another: Ray's defaults.
        compute=ray.data.ActorPoolStrategy(size=workers),
        num_cpus=settings["threads"],
    )
    summary, start = Summary(), time.monotonic()
    with output.manifest(append=settings["resume"]) as line:
        for item in items:
            # A file of this name that is there after a crash is ours. What the manifest knows already keeps its last word.
            if item.get("state", "new") == "new":
                line({"state": "begun", "output": item["output"]})
        for row in painted.iter_rows():
            entry = json.loads(row["entry"])
            if entry["state"] == "skipped":
                summary.skipped += 1
                continue
            line(entry)
            if entry["state"] == "failed":
                summary.failures.append((entry["input"], entry["error"]))
            else:
                summary.painted += 1
    if output.local:
        # What workers that died have left unfinished.
        for folder in {posixpath.dirname(output.at(item["output"])) for item in items} | {output.root}:
            _impasto.remove_abandoned(folder)
    summary.seconds = time.monotonic() - start
    return summary


def _part(options: dict[str, Any], file: bool) -> dict[str, Any]:
    """Those that say how files are written, or the others."""
    return {name: value for name, value in options.items() if (name in _FILE) == file}


class _Painter:
    """Paints rows: an actor, with the model in memory."""

    def __init__(
        self,
        styles: list[tuple[impasto.Style, float]],
        name: str,
        model: Any,
        threads: int,
        options: dict[str, Any],
        output: _Folder,
        format: str | None,
        retries: int,
        resume: bool,
    ) -> None:
        self.stylizer = impasto.Stylizer(model, threads=threads)
        self.styles, self.options = styles, options
        self.output, self.format, self.retries = output, format, retries
        self.done = output.entries() if resume else None
        self.name = name
        self.worker = f"{os.uname().nodename}:{os.getpid()}" if hasattr(os, "uname") else str(os.getpid())

    def __call__(self, row: dict[str, Any]) -> dict[str, str]:
        start, path = time.monotonic(), row["path"]
        output = row["output"] if "output" in row else _unique_name(path, self.format)
        entry: dict[str, Any] = {"input": path, "output": output, "style": self.name, "worker": self.worker}
        try:
            if row.get("state") == "in the way":
                raise _error(f"{output}: exists already, but is not the result of an earlier run; move it, or give overwrite=True (--overwrite)", "already-exists")
            entry |= self.paint(row, output)
        except (impasto.Error, OSError, TypeError, ValueError) as e:
            entry |= {"state": "failed", "error": str(e)}
        entry["seconds"] = round(time.monotonic() - start, 4)
        # As text: rows of one shape, whatever became of them.
        return {"entry": json.dumps(entry)}

    def paint(self, row: dict[str, Any], output: str) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="impasto-") as scratch:
            if "image" in row:
                image = row["image"]
                content, sha256 = None, _sha256(image.tobytes() + repr(image.shape).encode())
            else:
                content = self.again(lambda: _fetched(row["path"], scratch))
                sha256 = self.again(lambda: _sha256_of_file(content))
            key = self.stylizer._key(sha256, output.rpartition(".")[2], self.styles, **self.options)
            done = self.done.done(output) if self.done is not None else None
            if done is not None and done[0] == key and self.again(lambda: self.output.sha256(output, done[1])) == done[2]:
                return {"state": "skipped"}
            painted = os.path.join(scratch, "painted." + output.rpartition(".")[2])
            if self.output.local:
                painted = self.output.at(output)
                os.makedirs(os.path.dirname(painted), exist_ok=True)
            if content is None:
                look = self.stylizer.stylize(impasto.Picture(image), self.styles, **_part(self.options, file=False))
                self.again(lambda: look.save(painted, overwrite=True, **_part(self.options, file=True)))
                width, height = look.size
            else:
                # Whole or not at all, in bounded memory, and with a record, as the program does it.
                paint = self.stylizer.stylize_file
                width, height = self.again(lambda: paint(content, painted, self.styles, overwrite=True, **self.options))
            about = {"width": width, "height": height, "bytes": os.path.getsize(painted), "sha256": _sha256_of_file(painted)}
            if not self.output.local:
                self.again(lambda: self.output.upload(painted, output))
            return {"state": "done", "key": key, **about}

    def again(self, work: Any) -> Any:
        """Tries again what fails for a reason that may pass."""
        for attempt in range(self.retries):
            try:
                return work()
            except FileNotFoundError:
                raise
            except OSError:
                time.sleep(0.25 * 2**attempt)
        return work()


class _Folder:
    """Where results go: a path or a URI. It is sent to the workers."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.fs, self.root = _locate(path)
        self.local = isinstance(self.fs, fs.LocalFileSystem)

    def __reduce__(self) -> Any:
        return _Folder, (self.path,)

    def at(self, name: str) -> str:
        return posixpath.join(self.root, name)

    def has_manifest(self) -> bool:
        return bool(self.fs.get_file_info(self.at(MANIFEST)).type == fs.FileType.File)

    def names(self) -> set[str]:
        """Names of all files in it."""
        found = self.fs.get_file_info(fs.FileSelector(self.root, recursive=True, allow_not_found=True))
        return {posixpath.relpath(file.path, self.root) for file in found if file.type == fs.FileType.File}

    def sha256(self, name: str, size: int) -> str | None:
        """The hash of a file of this size."""
        info = self.fs.get_file_info(self.at(name))
        if info.type != fs.FileType.File or info.size != size:
            return None
        with self.fs.open_input_stream(self.at(name)) as file:
            return _sha256_of(file)

    def upload(self, source: str, name: str) -> None:
        """A file of this machine. Object stores show a file only when it is complete."""
        with open(source, "rb") as file, self.fs.open_output_stream(self.at(name)) as target:
            shutil.copyfileobj(file, target)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other runs, and the program's, out of a folder of this machine's file systems. The hold ends with the process, whatever ends it."""
        if not self.local:
            yield
            return
        hold = _impasto.Hold(self.at(MANIFEST))
        try:
            yield
        finally:
            hold.release()

    def entries(self) -> _impasto.Manifest:
        """What the manifest says."""
        data = b""
        if self.has_manifest():
            with self.fs.open_input_stream(self.at(MANIFEST)) as file:
                data = file.read()
        try:
            return _impasto.Manifest(data)
        except impasto.Error as e:
            raise _error(f"{posixpath.join(self.path, MANIFEST)}: {e}", e.kind) from None

    @contextlib.contextmanager
    def manifest(self, append: bool) -> Iterator[Callable[[dict[str, Any]], None]]:
        """The manifest, to add entries to."""
        file: Any
        if self.local:
            file = open(self.at(MANIFEST), "ab+", buffering=0)
            if not append:
                file.truncate(0)
            elif file.tell():
                # A last line that a crash has torn.
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
        else:
            # Object stores cannot append: what is there is written again.
            before = b""
            if append and self.has_manifest():
                with self.fs.open_input_stream(self.at(MANIFEST)) as old:
                    before = old.read()
            self.fs.create_dir(self.root)
            file = self.fs.open_output_stream(self.at(MANIFEST))
            file.write(before + (b"\n" if before and not before.endswith(b"\n") else b""))
        with file:
            # Sorted, as the program writes them: so it knows a first line that is torn.
            yield lambda entry: file.write(json.dumps(entry, sort_keys=True, separators=(",", ":")).encode() + b"\n")


def _check(output: _Folder, resume: bool, overwrite: bool) -> None:
    """Whether results may be written there."""
    info = output.fs.get_file_info(output.root)
    if info.type == fs.FileType.File:
        raise _error(f"{output.path}: is a file; name a folder", "io")
    used = info.type == fs.FileType.Directory and output.fs.get_file_info(fs.FileSelector(output.root, recursive=False))
    if not used or (overwrite and not resume):
        return
    if not output.has_manifest():
        raise _error(f"{output.path}: is not empty; name a new folder, or give overwrite=True (--overwrite)", "already-exists")
    if not resume:
        raise _error(f"{output.path}: has a manifest of an earlier run; give resume=True (--resume) or overwrite=True (--overwrite)", "already-exists")


def _styles(style: Any, stylizer: impasto.Stylizer, options: dict[str, Any]) -> tuple[list[tuple[impasto.Style, float]], str]:
    """All styles that are given, seen once, on this machine, and what the manifest calls them together. They travel one by one: what a blend has
    learned is rounded in a file."""
    if isinstance(style, dict):
        style = list(style.items())
    elif not isinstance(style, list):
        style = list(style) if isinstance(style, tuple) else [style]
    pairs = [item if isinstance(item, tuple) else (item, 1.0) for item in style]
    sizes = {name: options[name] for name in ("style_size", "exact") if name in options}
    seen = [(stylizer._style(one, **sizes), weight) for one, weight in pairs]
    words = [os.path.splitext(os.path.basename(os.fsdecode(one)))[0] if isinstance(one, (str, bytes, os.PathLike)) else None for one, _ in pairs]
    return seen, "+".join(word or style.name or "style" for word, (style, _) in zip(words, seen))


def _items(sources: Sequence[str | os.PathLike[str]], output: _Folder) -> Iterator[dict[str, str]]:
    """Each picture's path, and its name below the folder that it was found in."""
    for given in sources:
        source = os.fspath(given)
        if "://" not in source and any(c in source for c in "*?[") and not os.path.exists(source):
            found = sorted(path for path in glob.glob(source, recursive=True) if os.path.isfile(path))
            if not found:
                raise _error(f"{source}: no file matches this pattern", "io")
            yield from ({"path": os.path.abspath(path), "output": os.path.basename(path)} for path in found)
            continue
        filesystem, root = _locate(source)
        scheme = source.split("://")[0] + "://" if "://" in source else ""
        info = filesystem.get_file_info(root)
        if info.type == fs.FileType.NotFound:
            raise _error(f"{source}: no such file or folder", "io")
        if info.type == fs.FileType.File:
            yield {"path": scheme + root, "output": posixpath.basename(root)}
            continue
        # Results among the contents are not painted again.
        inside = output.root + "/" if type(filesystem) is type(output.fs) else None
        for file in sorted(filesystem.get_file_info(fs.FileSelector(root, recursive=True)), key=lambda file: file.path):
            hidden = any(part.startswith(".") for part in posixpath.relpath(file.path, root).split("/"))
            own = inside is not None and file.path.startswith(inside)
            if file.type == fs.FileType.File and file.extension.lower() in _READ and not hidden and not own:
                yield {"path": scheme + file.path, "output": posixpath.relpath(file.path, root)}


def _result_name(name: str, format: str | None) -> str:
    """The program's rule: the content's own extension, as far as it fits."""
    stem, dot, _ = name.rpartition(".")
    return f"{stem if dot else name}.{_impasto.result_extension(name, format)}"


def _unique_name(path: str, format: str | None) -> str:
    stem = posixpath.basename(path).rpartition(".")[0] or posixpath.basename(path)
    return f"{stem}-{_sha256(path.encode())[:12]}.{format or 'png'}"


def _locate(path: str) -> tuple[fs.FileSystem, str]:
    if "://" in path:
        filesystem, root = fs.FileSystem.from_uri(path)
        return filesystem, root.rstrip("/")
    return fs.LocalFileSystem(), os.path.abspath(path)


def _fetched(path: str, scratch: str) -> str:
    """The path of a file on this machine, under its own name."""
    filesystem, place = _locate(path)
    if isinstance(filesystem, fs.LocalFileSystem):
        return place
    copy = os.path.join(scratch, posixpath.basename(place))
    with filesystem.open_input_stream(place) as source, open(copy, "wb") as target:
        shutil.copyfileobj(source, target)
    return copy


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sha256_of(file: Any) -> str:
    hashed = hashlib.sha256()
    while piece := file.read(1 << 20):
        hashed.update(piece)
    return hashed.hexdigest()


def _sha256_of_file(path: str) -> str:
    with open(path, "rb") as file:
        return _sha256_of(file)


def _error(text: str, kind: str = "invalid-argument") -> impasto.Error:
    error: impasto.Error = made(kind, text)
    return error


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `python -m impasto.ray`."""
    parser = argparse.ArgumentParser(prog="python -m impasto.ray", description="Paints many pictures on a Ray cluster.")
    add = parser.add_argument
    add("contents", nargs="+", metavar="CONTENT", help="files, folders, patterns, or URIs such as s3://bucket/photos")
    add("-s", "--style", action="append", required=True, metavar="STYLE[=WEIGHT]", help="a picture, a .style file or a built-in style; several are blended")
    add("-o", "--output", required=True, help="the folder for the results, or its URI")
    add("--address", help='address of the cluster; "auto" for the one that this machine is part of (default: a cluster of this machine alone)')
    add("--strength", type=float, default=1.0, help="how strong the style is, from 0 (the content) to 1 (the default)")
    for row in _OPTIONS.values():
        _add(parser, row)
    add("--format", choices=["jpg", "png", "webp", "tif"], help="format of all results (default: the contents' formats)")
    add("--quality", type=int, default=95, help="JPEG quality, 1 to 100")
    add("--model", action="append", help="a file or folder of another model")
    add("--workers", type=int, help="number of actors (default: as many as the cluster has processors for)")
    add("--threads", type=int, default=1, help="processors for each worker")
    add("--retries", type=int, default=3, help="how often to retry reading and writing")
    add("--resume", action="store_true", help="continue from the output folder's manifest")
    add("--overwrite", action="store_true", help="start over in a folder that is not empty, and replace its files")
    given = parser.parse_args(arguments)
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    ray.data.DataContext.get_current().enable_progress_bars = sys.stderr.isatty()
    styles = [_weighted(style) for style in given.style]
    try:
        summary = stylize_dataset(
            given.contents,
            styles if len(styles) > 1 else styles[0][0],
            given.output,
            strength=given.strength,
            model=given.model,
            format=given.format,
            quality=given.quality,
            workers=given.workers,
            threads=given.threads,
            retries=given.retries,
            resume=given.resume,
            overwrite=given.overwrite,
            address=given.address,
            **{name: getattr(given, name) for name in _OPTIONS if getattr(given, name) is not None},
        )
    except (impasto.Error, OSError, ValueError, ray.exceptions.RayError) as e:
        # One line: whoever runs a program does not read its stack.
        print(f"impasto: {str(e).strip().splitlines()[0] if str(e).strip() else type(e).__name__}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("impasto: interrupted; run the same command with --resume to continue", file=sys.stderr)
        return 130
    print(f"impasto: {summary}", file=sys.stderr)
    for path, error in summary.failures:
        print(f"impasto:   {path}  {error}", file=sys.stderr)
    return 1 if summary.failures else 0


def _add(parser: argparse.ArgumentParser, row: dict[str, Any]) -> None:
    """An option of the table as a flag. Its value is checked where those of all doors are."""
    flag, about = "--" + row["name"].replace("_", "-"), row["help"].replace("%", "%%")
    if row["kind"] == "flag":
        parser.add_argument(flag, action="store_true", default=None, help=about)
        return
    types: dict[str, Callable[[str], Any]] = {"number": float, "whole": int, "stroke": _number_or_text}
    parser.add_argument(flag, type=types.get(row["kind"], str), choices=row.get("choices"), help=about)


def _number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _weighted(text: str) -> tuple[str, float]:
    """What follows the last `=` is a weight if it is a number, unless all of it names a file."""
    name, equals, weight = text.rpartition("=")
    if equals and not os.path.exists(text):
        try:
            return name, float(weight)
        except ValueError:
            pass
    return text, 1.0


if __name__ == "__main__":
    # Under its own name, so that workers find its classes.
    from impasto.ray import main as run

    sys.exit(run())
