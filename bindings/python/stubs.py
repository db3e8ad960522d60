"""Writes the options of `__init__.pyi` from the library's one table: `python stubs.py`, with the module installed. A test compares them.

Everything else of the stubs is written by hand.
"""

from pathlib import Path

import impasto

STUB = Path(__file__).parent / "python/impasto/__init__.pyi"
BEGIN, END = "# From the table of options, by stubs.py.\n", "# Until here.\n"

# Options of calls that are no rows of the table.
REGIONS = "regions: Sequence[tuple[_Style, _Picture]] | None"
CLIP, PROGRESS, MEMORY, AXIS = "clip: bool", "progress: _Progress", "max_memory: int | None", "channel_axis: int | None"


def kind(row):
    """The type of an option's values."""
    name = "_" + "".join(word.capitalize() for word in row["name"].split("_"))
    known = {"flag": "bool", "number": "float", "whole": "int", "size": "_Size", "stroke": "_Stroke", "picture": "_Picture"}
    text = "str" if row["name"] == "format" else known.get(row["kind"], name)
    return f"{text} | None" if row["default"] is None else text


def choices(row):
    """A choice's type. Names that are numbers can be given as numbers."""
    names = row["choices"]
    values = [repr(name).replace("'", '"') for name in names] + [name for name in names if name.isdigit()]
    name = kind(row).removesuffix(" | None")
    return f"{name} = Literal[{', '.join(values)}]\n"


def group(name, base, lines):
    body = "".join(f"\n    {line}" for line in lines) or " ..."
    return f"\nclass {name}({base}, total=False):{body}\n"


def generated():
    table = [row for row in impasto.options() if row["name"] != "strength"]
    look = [row for row in table if row["part"] in ("content", "size", "look")]

    def lines(rows):
        return [f"{row['name']}: {kind(row)}" for row in rows]

    text = "".join(choices(row) for row in table if row["kind"] == "choice" and row["name"] != "format")
    text += group("_Painted", "TypedDict", [REGIONS, *lines(row for row in look if row["films"]), CLIP])
    text += group("_Film", "_Painted", [MEMORY])
    text += group("_Look", "_Painted", [*lines(row for row in look if not row["films"]), PROGRESS])
    text += group("_Stylize", "_Look", [MEMORY, AXIS])
    file = [row for row in table if row["part"] == "file"]
    text += group("_Encode", "TypedDict", lines(row for row in file if row["name"] != "format"))
    text += group("_Save", "_Encode", ["format: str | None", "overwrite: bool"])
    return text


def parts(text):
    """What is before the generated lines, they, and what follows."""
    before, rest = text.split(BEGIN)
    own, after = rest.split(END)
    return before, own, after


if __name__ == "__main__":
    before, _, after = parts(STUB.read_text())
    STUB.write_text(before + BEGIN + generated() + END + after)
