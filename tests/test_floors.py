"""A room imports only from floors below it."""

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
