"""What ``karvan.freight`` offers is there under one name, and in the reference."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import karvan.freight

REFERENCE = Path(__file__).parents[1] / "docs/reference/python.md"
ENGINE = {"PathProblem", "path_equilibrium", "path_flow_derivative", "assign", "certify"}


def documented() -> dict[str, str]:
    """Names of the reference with the module that it says they are in."""
    text = REFERENCE.read_text(encoding="utf-8")
    found = {}
    for block in text.split("::: ")[1:]:
        module = block.split()[0]
        listed = re.search(r"members: \[(.*)\]", block)
        if listed:
            found |= dict.fromkeys(listed[1].split(", "), module)
        else:
            found[module.rpartition(".")[2]] = module.rpartition(".")[0]
    return found


@pytest.mark.parametrize("name", karvan.freight.__all__)
def test_a_public_name_is_the_one_of_the_module_in_the_reference(name: str) -> None:
    module = documented()[name]
    assert getattr(karvan.freight, name) is getattr(import_module(module), name)


def test_the_engine_of_assignment_is_public() -> None:
    assert ENGINE <= set(karvan.freight.__all__) <= set(dir(karvan.freight))
    with pytest.raises(AttributeError, match="no attribute 'asign'"):
        _ = karvan.freight.asign


def test_a_route_imports_no_kernel_of_assignment() -> None:
    code = "import sys, karvan.freight.routing; print('karvan.kernels.bush' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
