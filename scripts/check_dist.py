"""What was built is what can be published: one wheel and one source archive, of one version, with all that they need.

python scripts/check_dist.py dist [--version 1.2.3]
"""

import argparse
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

IN_THE_WHEEL = (
    "leadline/__init__.py",
    "leadline/py.typed",
    "leadline/report/page.html.j2",
    "leadline/report/vega/vega.js.gz",
)
IN_THE_ARCHIVE = ("README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", "src/leadline/__init__.py")


def check(folder: Path, version: str | None) -> list[str]:
    """What is wrong, in words."""
    wheels, archives = sorted(folder.glob("*.whl")), sorted(folder.glob("*.tar.gz"))
    if len(wheels) != 1 or len(archives) != 1:
        return [f"{folder} must hold one wheel and one archive; it has {len(wheels)} and {len(archives)}."]
    with zipfile.ZipFile(wheels[0]) as wheel:
        names = wheel.namelist()
        (record,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(wheel.read(record).decode())
    found = [f"{wheels[0].name} lacks {name}." for name in IN_THE_WHEEL if name not in names]
    found += [f"{wheels[0].name} has {name}." for name in names if not name.startswith(("leadline/", "leadline-"))]
    with tarfile.open(archives[0]) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    found += [f"{archives[0].name} lacks {name}." for name in IN_THE_ARCHIVE if name not in inside]
    version = metadata["Version"] if version is None else version
    for path in (*wheels, *archives):
        if not path.name.startswith((f"leadline-{version}-", f"leadline-{version}.tar")):
            found.append(f"{path.name} is not of version {version}.")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--version")
    given = parser.parse_args()
    wrong = check(given.folder, given.version)
    print("\n".join(wrong) if wrong else f"{given.folder}: one wheel and one archive, with all that they need.")
    sys.exit(bool(wrong))
