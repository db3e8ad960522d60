"""Writes THIRD-PARTY-LICENSES.txt, which wheels carry: the licenses of the crates of Cargo.lock that the module is built of, on any platform.

    python licences.py          # after Cargo.lock has changed
    python licences.py --check  # fails if the file is not what it would write

It needs Python 3.10 and cargo. Texts are those in the crates' own files; where a crate has none, the standard text of its license.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FILE = HERE / "THIRD-PARTY-LICENSES.txt"
NAMES = re.compile(r"(un)?licen[cs]e|copying|copyright|notice", re.IGNORECASE)
# What is no text of a license, for all its name.
NO_TEXTS = {".rs", ".py", ".toml", ".json", ".html", ".hbs", ".tmpl", ".svg", ".spdx", ".reuse"}
MOST = 100_000

HEAD = """The Python module impasto is built of the Rust crates below, under the terms that each names. Where a crate offers a
choice, Impasto takes it under the first of these: MIT, Apache-2.0, BSD, Zlib, ISC, and any other that it offers.
Texts that several crates share are printed once.

The module also contains parts of Rust's standard library, Copyright (c) The Rust Project Contributors, which is
offered under MIT or Apache-2.0 (https://www.rust-lang.org/policies/licenses).
"""

# For crates without a file of their own.
MIT = """Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."""


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def crates():
    """The metadata of every crate from elsewhere that becomes part of the module."""
    tree = cargo("tree", "--locked", "-p", "impasto-python", "-e", "normal,no-proc-macro", "--target", "all", "--prefix", "none", "-f", "{p}")
    parts = {tuple(line.split()[:2]) for line in tree.splitlines() if line.strip()}
    metadata = json.loads(cargo("metadata", "--format-version=1", "--locked"))
    found = [package for package in metadata["packages"] if package["source"] and (package["name"], "v" + package["version"]) in parts]
    return sorted(found, key=lambda package: (package["name"], package["version"]))


def tidy(text):
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").replace("\f", "").strip("\n\ufeff").split("\n"))


def texts(package):
    """The texts of a crate's license files."""
    folder = Path(package["manifest_path"]).parent
    files = [path for path in folder.iterdir() if path.is_file() and NAMES.match(path.name) and path.suffix.lower() not in NO_TEXTS]
    files += [path for path in (folder / "LICENSES").glob("*.txt")] if (folder / "LICENSES").is_dir() else []
    if package["license_file"]:
        files.append(folder / package["license_file"])
    names = [path.name.lower() for path in files]
    if "MIT" in (package["license"] or "") and any("mit" in name for name in names):
        # Taken under MIT: the other choice need not be repeated a hundred times.
        files = [path for path, name in zip(files, names) if "apache" not in name]
    read = [tidy(path.read_text(encoding="utf-8", errors="replace")) for path in sorted(set(files)) if path.stat().st_size < MOST]
    found = [text for text in dict.fromkeys(read) if len(text) > 200 or "opyright" in text]
    return found or standard(package)


def standard(package):
    terms = package["license"] or ""
    authors = ", ".join(author.partition(" <")[0] for author in package["authors"]) or f"the authors of {package['name']}"
    if "MIT" in terms:
        return [f"MIT License\n\nCopyright (c) {authors}\n\n{MIT}"]
    if "Apache-2.0" in terms:
        return [f"Copyright {authors}", tidy((ROOT / "LICENSE-APACHE").read_text())]
    raise SystemExit(f"{package['name']} {package['version']}: has no license file, and no standard text of {terms!r} is known here")


def generated():
    packages = crates()
    if len(packages) < 50:
        raise SystemExit(f"only {len(packages)} crates: this cannot be all")
    users = {}
    lines = []
    for package in packages:
        for text in texts(package):
            users.setdefault(text, []).append(f"{package['name']} {package['version']}")
        terms = package["license"] or "see its text"
        lines.append(f"{package['name']} {package['version']}: {terms}\n    {package['repository'] or package['homepage'] or 'https://crates.io/crates/' + package['name']}")
    parts = [HEAD, "\n".join(lines) + "\n"]
    for text, names in users.items():
        parts.append(f"{'=' * 100}\n{', '.join(names)}\n{'-' * 100}\n\n{text}\n")
    return "\n".join(parts)


def main():
    text = generated()
    if "--check" not in sys.argv[1:]:
        FILE.write_text(text, encoding="utf-8")
        return
    if not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
        raise SystemExit(f"{FILE.name} is not that of Cargo.lock; run bindings/python/licences.py")


if __name__ == "__main__":
    main()
