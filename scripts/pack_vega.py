"""Pack the drawing library of the report: Vega, Vega-Lite and Vega-Embed as their makers publish them, in one file.

    make vega

`npm pack` puts the packages named in the Makefile into build/vega; this takes the minified builds and the licences out.
"""

import gzip
import json
import tarfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ROOT / "build" / "vega"
TARGET = ROOT / "src" / "leadline" / "report" / "vega"
# Each needs those before it.
NAMES = ("vega", "vega-lite", "vega-embed")


def main() -> None:
    scripts, licences = [], []
    for name in NAMES:
        (archive,) = [path for path in PACKAGES.glob(f"{name}-*.tgz") if path.name[len(name) + 1].isdigit()]
        with tarfile.open(archive) as packed:

            def read(path: str, packed: tarfile.TarFile = packed) -> str:
                content = packed.extractfile(f"package/{path}")
                assert content is not None
                return content.read().decode("utf-8")

            version = json.loads(read("package.json"))["version"]
            lines = read(f"build/{name}.min.js").splitlines()
            scripts += [f"/* {name} {version} */", *(line for line in lines if "sourceMappingURL" not in line)]
            licences += [f"{name} {version}", "", read("LICENSE").strip(), "", ""]
    TARGET.mkdir(exist_ok=True)
    (TARGET / "vega.js.gz").write_bytes(gzip.compress("\n".join(scripts).encode(), mtime=0))
    (TARGET / "LICENSE").write_text("\n".join(licences).strip() + "\n", "utf-8")


if __name__ == "__main__":
    main()
