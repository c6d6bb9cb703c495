"""The layers of docs/architecture.md, sizes, and documentation, read from the source with `ast`; nothing is imported for it."""

from __future__ import annotations

import ast
import re
import statistics
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

import chainrule

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "chainrule"
FILES = sorted(SOURCE.rglob("*.py"))

# From the top down. A row imports from itself and from rows below it.
ROWS = (
    "__main__",
    "cli",
    "playground",
    "lab",
    "plots",
    "diagnosis",
    "trace",
    "models",
    "tables",
    "estimators",
    "training",
    "engines",
    "_native",
    "network",
    "datasets",
    "formulas",
    "graph",
    "files",
    "errors",
)

# A lower row opens a door upwards for the user's convenience, inside a function: (file, function, module).
FRONT_DOORS = {
    ("network/network.py", "predict", "chainrule.engines"),
    ("network/network.py", "loss_and_gradient", "chainrule.engines"),
    ("network/network.py", "activations", "chainrule.engines"),
    ("network/network.py", "input_gradient", "chainrule.engines"),
    ("network/network.py", "graph", "chainrule.engines"),
    ("network/network.py", "local_linear", "chainrule.engines"),
    ("network/network.py", "linear_regions", "chainrule.engines"),
    ("network/network.py", "trace", "chainrule.trace"),
    ("estimators/looking.py", "trace", "chainrule.trace"),
    ("estimators/looking.py", "diagnose", "chainrule.diagnosis"),
    ("estimators/looking.py", "playground", "chainrule.playground.server.launch"),
}

# Rows that may import a distribution; rows above the engines may all use numpy, scipy and scikit-learn.
HOMES = {
    "typer": {"cli"},
    "rich": {"cli", "trace"},
    "matplotlib": {"plots", "cli", "lab"},
    "polars": {"tables", "cli", "estimators", "models", "playground"},
    "safetensors": {"models"},
    "sklearn": {
        *("cli", "playground", "lab", "plots", "diagnosis", "trace", "models", "datasets", "tables", "estimators"),
        "training",
    },
}


class Import(NamedTuple):
    file: str
    function: str  # "" at module level
    module: str


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> set[Import]:
    """Every import of a file, at module level or inside a function (innermost name)."""
    found: set[Import] = set()

    def visit(node: ast.AST, function: str) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return  # names in annotations are no dependency
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            function = node.name
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the whole name"
            # `from chainrule import x` imports x: a module, or a public name from its home.
            modules = (
                [f"chainrule.{alias.name}" for alias in node.names]
                if node.module == "chainrule"
                else [str(node.module)]
            )
        found.update(Import(path.relative_to(SOURCE).as_posix(), function, module) for module in modules)
        for child in ast.iter_child_nodes(node):
            visit(child, function)

    visit(tree(path), "")
    return found


def row(file: str) -> str:
    return file.split("/")[0].removesuffix(".py")


INNER = [path for path in FILES if path != SOURCE / "__init__.py"]
IMPORTS = set().union(*(imports(path) for path in INNER))
CLASSES_AND_FUNCTIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def test_the_folder_listing_is_the_architecture():
    listed = {path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert listed - {"__init__"} == set(ROWS) - {"_native"}
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("```")[1]
    places = [(name, re.search(rf"\b{name}(/|\.py|\b)", page)) for name in ROWS]
    assert not [name for name, place in places if place is None], "docs/architecture.md does not name these"


def test_imports_point_downwards():
    upwards = set()
    for file, function, module in IMPORTS:
        if not module.startswith("chainrule."):
            continue
        target = module.split(".")[1]
        assert target in ROWS, f"{file} imports {module}: import it from the module that defines it"
        if ROWS.index(target) < ROWS.index(row(file)):
            upwards.add((file, function, module))
    assert upwards == FRONT_DOORS


def test_bare_package_is_imported_for_its_version_only():
    for path in INNER:
        if Import(path.relative_to(SOURCE).as_posix(), "", "chainrule") not in IMPORTS:
            continue
        used = {
            node.attr
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "chainrule"
        }
        assert used <= {"__version__", "_native"}, f"{path}: import {used} from the module that defines it"


def test_distributions_stay_in_their_rows():
    strays = {
        (file, module)
        for file, _, module in IMPORTS
        if module.split(".")[0] in HOMES and row(file) not in HOMES[module.split(".")[0]]
    }
    assert not strays


def test_only_the_native_engine_knows_the_native_module():
    users = {file for file, _, module in IMPORTS if module == "chainrule._native"}
    assert users == {"engines/native.py", "engines/description.py"}
    including = {
        path.name
        for path in (ROOT / "src" / "native").iterdir()
        if re.search(r"#include\s*<nanobind|Python\.h", path.read_text(encoding="utf-8"))
    }
    assert including == {"bindings.cpp"}


def lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    docstring = ast.get_docstring(function, clean=False)
    return function.end_lineno - function.lineno + 1 - (0 if docstring is None else docstring.count("\n") + 1)


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def test_no_file_is_long():
    everything = [
        path
        for folder, kinds in {
            "src": ("py", "cpp", "hpp", "js", "css"),
            "tests": ("py",),
            "benchmarks": ("py", "cpp"),
        }.items()
        for kind in kinds
        for path in (ROOT / folder).rglob(f"*.{kind}")
    ]
    assert {str(path.relative_to(ROOT)): lines(path) for path in everything if lines(path) > 400} == {}
    assert statistics.median(lines(path) for path in FILES) <= 150


def test_no_function_is_long():
    sizes = {(str(path.relative_to(SOURCE)), f.name): body_lines(f) for path in FILES for f in functions(path)}
    assert {place: size for place, size in sizes.items() if size > 60} == {}
    assert statistics.median(sizes.values()) <= 8


def test_public_names_are_listed_once_and_documented():
    block = next(node for node in tree(SOURCE / "__init__.py").body if isinstance(node, ast.If))
    typed = {(node.module, alias.name) for node in block.body for alias in node.names}
    lazy = {(module, name) for name, module in chainrule._MODULES.items()}
    lazy |= {("chainrule", name) for name in chainrule._PACKAGES}
    assert typed == lazy, "the imports for type checkers and the table of homes differ"
    assert sorted(chainrule.__all__) == sorted(name for _, name in typed)
    for name in chainrule.__all__:
        thing = getattr(chainrule, name)
        assert thing.__doc__ and thing.__doc__.strip(), f"chainrule.{name} has no docstring"
        if name in chainrule._PACKAGES:
            assert callable(thing)
        else:
            assert thing is getattr(import_module(chainrule._MODULES[name]), name)
    with pytest.raises(AttributeError, match="no attribute 'MLPClasifier'"):
        _ = chainrule.MLPClasifier


def public(body: list[ast.stmt]) -> list[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in body if isinstance(node, CLASSES_AND_FUNCTIONS) and not node.name.startswith("_")]


WRITTEN = [path for path in FILES if path.read_text(encoding="utf-8").strip()]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_docstrings(path):
    module = tree(path)
    assert ast.get_docstring(module), "a module begins by saying what it is"
    top = public(module.body)
    members = [member for node in top if isinstance(node, ast.ClassDef) for member in public(node.body)]
    silent = [node.name for node in top + members if not ast.get_docstring(node)]
    assert not silent
