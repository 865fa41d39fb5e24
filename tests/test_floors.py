"""A room imports only from floors below it, and no modules import one another in a circle."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import leadline

SOURCE = Path(leadline.__file__).parent

# Files beside the rooms belong to floor 0, which everyone may import; leadline/__init__ and neural_network only hand
# out public names.
FLOORS = {
    "network": 1,
    "training": 2,
    "tables": 2,
    "search": 3,
    "storage": 3,
    "estimators": 4,
    "learn": 4,
    "inspection": 5,
    "export": 5,
    "serving": 5,
    "neural_network": 5,
    "report": 6,
    "tracking": 7,
    "cli": 7,
}
NETWORK_MAY_IMPORT = {"numpy", "leadline"}


def imports(source: str) -> Iterator[str]:
    """Every module that a file imports, at the top or inside a function."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            # `from leadline import x` imports the module leadline.x
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def violations(room: str, source: str) -> list[str]:
    """The imports of a file in `room` that reach its own height or above, in other rooms."""
    found = []
    for name in imports(source):
        parts = name.split(".")
        if parts[0] != "leadline" or len(parts) < 2 or parts[1] == room or parts[1] not in FLOORS:
            continue
        if FLOORS[parts[1]] >= FLOORS[room]:
            found.append(name)
    return found


def files() -> list[Path]:
    return sorted(SOURCE.glob("*/**/*.py"))


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_room_imports_only_from_floors_below(path: Path) -> None:
    room = path.relative_to(SOURCE).parts[0]
    assert violations(room, path.read_text("utf-8")) == []


def test_every_room_has_a_floor() -> None:
    rooms = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert rooms <= set(FLOORS)
    assert len(rooms) >= 8


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("network", "from leadline.training import Plan"),
        ("tables", "from leadline.training import Stop"),
        ("search", "def f():\n    import leadline.estimators"),
        ("storage", "from leadline import cli"),
    ],
)
def test_an_import_from_above_is_found(room: str, source: str) -> None:
    assert violations(room, source)


def test_an_import_from_below_is_allowed() -> None:
    assert violations("cli", "from leadline.network import forward\nfrom leadline.errors import DataError") == []


def test_the_network_room_imports_numpy_only() -> None:
    outside = {
        name.split(".")[0] for path in (SOURCE / "network").glob("*.py") for name in imports(path.read_text("utf-8"))
    }
    assert outside - sys.stdlib_module_names <= NETWORK_MAY_IMPORT
    assert "numpy" in outside


def modules() -> dict[str, Path]:
    """Every module of the package by its name; a package is its __init__."""
    named = {".".join(path.relative_to(SOURCE.parent).with_suffix("").parts): path for path in SOURCE.rglob("*.py")}
    return {name.removesuffix(".__init__"): path for name, path in named.items()}


def edges(sources: dict[str, str]) -> dict[str, set[str]]:
    """The modules among `sources` that each of them imports, at the top or inside a function."""
    found = {}
    for name, source in sources.items():
        # `from leadline.search import Study` names an attribute, whose module is then the package
        wanted = {own if own in sources else own.rpartition(".")[0] for own in imports(source)}
        found[name] = (wanted & set(sources)) - {name}
    return found


def in_circles(imported: dict[str, set[str]]) -> list[str]:
    """The modules that import one another, in any number of steps, and what lies between two circles."""
    left = {name: set(own) for name, own in imported.items()}
    for turned in (False, True):  # what imports nothing is in no circle, and what nobody imports
        if turned:
            left = {name: {other for other, own in left.items() if name in own} for name in left}
        while free := [name for name, own in left.items() if not own]:
            left = {name: own - set(free) for name, own in left.items() if name not in free}
    return sorted(left)


def test_no_modules_import_one_another_in_a_circle() -> None:
    assert in_circles(edges({name: path.read_text("utf-8") for name, path in modules().items()})) == []


@pytest.mark.parametrize(
    "sources",
    [
        {"leadline.a": "from leadline.b import f", "leadline.b": "def f():\n    import leadline.a"},
        {"leadline.a": "from leadline import b", "leadline.b": "import leadline.c", "leadline.c": "import leadline.a"},
    ],
)
def test_a_circle_of_imports_is_found(sources: dict[str, str]) -> None:
    above_and_below = {"leadline.top": "import leadline.a", "leadline.bottom": ""}
    sources = {**sources, **above_and_below, "leadline.a": sources["leadline.a"] + "\nimport leadline.bottom"}
    assert set(in_circles(edges(sources))) == set(sources) - set(above_and_below)


def test_imports_in_one_direction_are_no_circle() -> None:
    sources = {"leadline.a": "import leadline.b, leadline.c", "leadline.b": "import leadline.c", "leadline.c": ""}
    assert in_circles(edges(sources)) == []
