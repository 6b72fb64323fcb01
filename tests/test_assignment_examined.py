"""Assignment: files and sizes that no other test tries."""

import numpy as np
import pytest

from karvan.freight import assignment_problem, delays, read_tntp, user_equilibrium

NET = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 3
<FIRST THRU NODE> 3
<NUMBER OF LINKS> 2
<END OF METADATA>
1 3 10 2 1 0.15 4 0 5 1 ;
3 2 10 2 1 0.15 4 0 5 1 ;
"""
TRIPS = "<END OF METADATA>\nOrigin 1\n 1 : 9.0; 2 : 3.0; 2 : 1.0;\nOrigin 1\n 2 : 3.0;\n"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_a_path_of_any_script_give_the_same_flows(tmp_path, end):
    folder = tmp_path / "ə 路"
    folder.mkdir()
    for name, text in (("net", NET), ("trips", TRIPS)):
        (folder / name).write_text(text.replace("\n", end), encoding="utf-8", newline="")
    # Demand of one pair in several entries adds up; within a zone it uses no network.
    result = user_equilibrium(read_tntp(folder / "net", folder / "trips"))
    assert result.flow == pytest.approx([7.0, 7.0])


@pytest.mark.parametrize("unit", [1e-9, 1e12])
def test_sizes_of_flow_do_not_matter(unit):
    delay = delays("linear", base=[10.0, 5.0], factor=[1.0, 2.0], capacity=unit)
    result = user_equilibrium(assignment_problem(2, [0, 0], [1, 1], delay, 0, 1, 10.0 * unit))
    assert result.converged
    np.testing.assert_allclose(result.flow / unit, 5.0, rtol=1e-9)
