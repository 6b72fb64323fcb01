"""Functions that are compiled only as parts of the one that calls them.

numba optimises each function together with all that it calls, and makes machine code of it, before
it does the same for the caller.  In a kernel of eighty functions that call each other ten deep that
is most of the time to compile it, and nobody ever calls that code.  With ``pipeline_class=Parts``
the code of a function waits, as it was written, until the caller's is optimised with it in place.
Results and speed of the whole are the same.

The pipeline is a documented extension of numba ("Customizing the compiler"); the library of code
is one of its inner classes, so a new version of numba may need a change here:
``tests/test_kernels_parts.py`` says so.
"""

from typing import Any

from numba import _dynfunc  # type: ignore[attr-defined] # an extension module
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import LoweringPass, register_pass
from numba.core.typed_passes import NativeLowering

__all__ = ["Parts"]


class _Waiting(JITCodeLibrary):
    """Code that is linked into that of a caller, and neither optimised as a whole nor run."""

    def _optimize_final_module(self) -> None:
        """Leave it to the caller."""

    def _finalize_final_module(self) -> None:
        """Make no machine code."""
        self._finalize_dynamic_globals()
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _OfferToCallers(LoweringPass):
    """Register code that cannot be run, so that callers find it."""

    _name = "offer_to_callers"

    def __init__(self) -> None:
        LoweringPass.__init__(self)

    def run_pass(self, state: Any) -> bool:  # noqa: ANN401 - numba's own type
        """Give the function a name of its own, at address 0."""
        lowered = state.cr
        described = lowered.fndesc
        entry = _dynfunc.make_function(
            described.lookup_module(),
            described.qualname,
            "compiled into its callers only",
            0,
            lowered.env,
            (state.library,),
        )
        state.targetctx.insert_user_function(entry, described, [state.library])
        state.cr = lowered._replace(cfunc=entry)
        return True


class Parts(CompilerBase):
    """The pipeline of a function that only compiled functions call."""

    def define_pipelines(self) -> list[Any]:
        """Return numba's pipeline, with code that waits for the caller."""
        state = self.state
        state.library = _Waiting(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        passes = DefaultPassBuilder.define_nopython_pipeline(state)
        passes.add_pass_after(_OfferToCallers, NativeLowering)
        passes.finalize()
        return [passes]
