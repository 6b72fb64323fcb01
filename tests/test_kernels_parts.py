"""Functions that are compiled as parts: the same results, and no machine code of their own."""

from numba import njit

from karvan.kernels import events
from karvan.kernels.parts import Parts, _Waiting

PART = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "pipeline_class": Parts}


@njit(**PART)
def innermost(x: int) -> int:
    return 3 * x + 1


@njit(**PART)
def middle(x: int) -> float:
    total = 0.0
    for i in range(x):
        total += innermost(i) / 2
    return total


@njit
def entry(x: int) -> float:
    return middle(x) + innermost(x)


def test_parts_do_what_they_say_wherever_they_are_called() -> None:
    assert entry(10) == sum((3 * i + 1) / 2 for i in range(10)) + 31


def test_a_part_is_compiled_once_for_all_callers_and_has_no_machine_code() -> None:
    entry(10)
    (part,) = innermost.overloads.values()
    (whole,) = entry.overloads.values()
    assert isinstance(part.library, _Waiting)
    engine = whole.library.codegen._engine
    assert engine.is_symbol_defined(whole.fndesc.llvm_func_name)
    assert not engine.is_symbol_defined(part.fndesc.llvm_func_name)


def test_every_inner_function_of_the_event_loop_is_a_part() -> None:
    inner = [
        f for f in vars(events).values() if hasattr(f, "overloads") and f is not events.advance
    ]
    assert len(inner) > 50
    assert {f._compiler.pipeline_class for f in inner} == {Parts}
