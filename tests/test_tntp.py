"""Files in the TNTP format: what is read, and what is refused with its line."""

from pathlib import Path

import numpy as np
import pytest

from karvan.errors import AssignmentError
from karvan.freight.equilibrium import user_equilibrium
from karvan.freight.tntp import read_tntp

NET = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 3
<FIRST THRU NODE> 3
<NUMBER OF LINKS> 3
<ORIGINAL HEADER>~ tail head capacity ;
<END OF METADATA>

~ init_node term_node capacity length free_flow_time b power speed toll link_type ;
	1	3	100	2.5	6	0.15	4	0	7	1	;
	3	2	200	1.5	3	0	0	0	0	1	;
	1	2	50	9	20	1	1	0	3	1	;
"""
TRIPS = """<NUMBER OF ZONES> 2
<TOTAL OD FLOW> 130.0
<END OF METADATA>

Origin 	1
    1 :      8.0;     2 :    120.0;
Origin 2
    1 :     10.0;
"""


@pytest.fixture
def write(tmp_path: Path):
    """Function that writes a network and trips and returns their paths."""

    def both(net=NET, trips=TRIPS):
        files = tmp_path / "net.tntp", tmp_path / "trips.tntp"
        for file, text in zip(files, (net, trips), strict=True):
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return files

    return both


def problems(files, **more):
    with pytest.raises(AssignmentError) as raised:
        read_tntp(*files, **more)
    return list(raised.value.problems)


def test_nodes_count_from_zero_and_links_keep_their_order(write):
    problem = read_tntp(*write())
    assert (problem.n_nodes, problem.first_through_node) == (3, 2)
    assert (problem.tail.tolist(), problem.head.tolist()) == ([0, 2, 0], [2, 1, 1])
    assert (problem.origin.tolist(), problem.destination.tolist()) == ([0, 0, 1], [0, 1, 0])
    assert problem.demand.tolist() == [8.0, 120.0, 10.0]
    assert problem.amount.tolist() == [0.0, 120.0, 10.0]
    assert user_equilibrium(problem).unreachable.tolist() == [2]


def test_cost_is_time_plus_weighted_toll_and_length(write):
    problem = read_tntp(*write(), toll_factor=0.5, distance_factor=2.0)
    flow = [200.0, 77.0, 25.0]
    # 6 (1 + 0.15 * 2⁴) + 0.5 * 7 + 2 * 2.5; 3 + 2 * 1.5; 20 (1 + 25 / 50) + 0.5 * 3 + 2 * 9
    assert problem.delay.time(flow) == pytest.approx([28.9, 6.0, 49.5])


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\t", "   ").replace(";", " ; ~ remark"),
        lambda text: text.replace("<NUMBER OF LINKS> 3", "<number of links>\t3\t\t~ remark"),
        lambda text: "\n\n" + text + "\n\n",
    ],
    ids=["BOM", "CRLF", "remarks", "metadata", "empty-lines"],
)
def test_files_as_they_come_are_read(write, change):
    plain, other = read_tntp(*write()), read_tntp(*write(net=change(NET)))
    assert np.array_equal(plain.delay.time([9.0] * 3), other.delay.time([9.0] * 3))
    assert np.array_equal(plain.head, other.head)


@pytest.mark.parametrize(
    "change", [lambda t: b"\xef\xbb\xbf" + t.encode(), lambda t: t.replace("\n", "\r\n")]
)
def test_trips_as_they_come_are_read(write, change):
    assert read_tntp(*write(trips=change(TRIPS))).demand.tolist() == [8.0, 120.0, 10.0]


def test_a_link_without_toll_has_none(write):
    short = NET.replace("\t7\t1\t;", "\t;")
    problem = read_tntp(*write(net=short), toll_factor=1.0)
    assert problem.delay.base.tolist() == [6.0, 3.0, 23.0]


def test_the_capacity_of_a_link_without_delay_may_be_zero(write):
    problem = read_tntp(*write(net=NET.replace("3	2	200", "3	2	0")))
    assert user_equilibrium(problem).flow.sum() > 0.0


NET_FAULTS = [
    (
        "<NUMBER OF ZONES> 2\n",
        "",
        "net.tntp: <NUMBER OF ZONES> is missing, expected a whole number",
    ),
    ("<NUMBER OF LINKS> 3", "<NUMBER OF LINKS> many", "net.tntp: <NUMBER OF LINKS> is 'many'"),
    ("<END OF METADATA>", "", "net.tntp: no line <END OF METADATA>"),
    ("<NUMBER OF LINKS> 3", "<NUMBER OF LINKS> 4", "net.tntp: 3 links, expected 4"),
    (
        "<FIRST THRU NODE> 3",
        "<FIRST THRU NODE> 0",
        "net.tntp: <FIRST THRU NODE> is 0, expected 1 to 4",
    ),
    (
        "<FIRST THRU NODE> 3",
        "<FIRST THRU NODE> 9",
        "net.tntp: <FIRST THRU NODE> is 9, expected 1 to 4",
    ),
    (
        "<NUMBER OF ZONES> 2",
        "<NUMBER OF ZONES> 5",
        "net.tntp: <NUMBER OF ZONES> is 5, expected 0 to 3",
    ),
    (
        "<NUMBER OF NODES> 3",
        "<NUMBER OF NODES> 99999999999",
        "net.tntp: <NUMBER OF NODES> is 99999999999, expected 0 to 10000006 for 3 links",
    ),
    (
        "3	2	200	1.5	3	0	0	0	0	1",
        "3	2	200	1.5",
        "net.tntp line 10: 4 columns, expected at least 7",
    ),
    (
        "3	2	200	1.5",
        "3	2	1.5",
        "net.tntp line 10: 9 columns, expected 10 as in most lines: is a value missing?",
    ),
    (
        "6	0.15	4",
        "six	0.15	4",
        "net.tntp line 9 free_flow_time: found 'six', expected a number",
    ),
    (
        "6	0.15	4	0	7",
        "6	0.15	4	0	free",
        "net.tntp line 9 toll: found 'free', expected a number",
    ),
    (
        "3	2	200",
        "3	2.5	200",
        "net.tntp line 10 term_node: found 2.5, expected a node from 1 to 3",
    ),
    (
        "3	2	200",
        "3	4	200",
        "net.tntp line 10 term_node: found 4, expected a node from 1 to 3",
    ),
    (
        "3	2	200",
        "nan	2	200",
        "net.tntp line 10 init_node: found nan, expected a node from 1 to 3",
    ),
    ("1	3	100", "1	3	0", "net.tntp line 9 capacity: found 0, expected a number > 0"),
    ("1	3	100", "1	3	-5", "net.tntp line 9 capacity: found -5, expected a number > 0"),
    (
        "2.5	6	0.15",
        "2.5	-6	0.15",
        "net.tntp line 9 free_flow_time: found -6, expected a number >= 0",
    ),
    ("6	0.15	4", "6	-0.15	4", "net.tntp line 9 b: found -0.15, expected a number >= 0"),
    (
        "6	0.15	4",
        "6	0.15	-4",
        "net.tntp line 9 power: found -4, expected a number >= 0",
    ),
    (
        "6	0.15	4",
        "nan	0.15	4",
        "net.tntp line 9 free_flow_time: found nan, expected a number >= 0",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), NET_FAULTS)
def test_faults_of_a_network_are_named_with_their_line(write, old, new, message):
    assert old in NET
    found = problems(write(net=NET.replace(old, new, 1)))
    assert [p for p in found if p.startswith(message)], found


TRIP_FAULTS = [
    ("2 :    120.0;", "3 :    120.0;", "trips.tntp line 6: zone '3', expected 1 to 2"),
    ("Origin 2", "Origin 4", "trips.tntp line 7: zone '4', expected 1 to 2"),
    ("120.0", "lots", "trips.tntp line 6: demand 'lots', expected a finite number >= 0"),
    ("120.0", "-120.0", "trips.tntp line 6: demand '-120.0', expected a finite number >= 0"),
    ("120.0", "nan", "trips.tntp line 6: demand 'nan', expected a finite number >= 0"),
    ("Origin 	1\n", "", "trips.tntp line 5: trips before the first 'Origin'"),
    ("    1 :     10.0;", "1 10", "trips.tntp line 8: found '1 10', expected 'Z : T;'"),
    ("2 :    120.0;", "2     120.0;", "trips.tntp line 6: found '2     120.0', expected 'Z : T;'"),
    ("<END OF METADATA>", "", "trips.tntp: no line <END OF METADATA>"),
    (
        "<NUMBER OF ZONES> 2",
        "<NUMBER OF ZONES> 5",
        "trips.tntp: <NUMBER OF ZONES> is '5', expected 2 as the network says",
    ),
    (
        "<TOTAL OD FLOW> 130.0",
        "<TOTAL OD FLOW> 700.0",
        "trips.tntp: trips add up to 138, expected '700.0' as <TOTAL OD FLOW> says; is",
    ),
    ("FLOW> 130.0", "FLOW> lots", "trips.tntp: <TOTAL OD FLOW> is 'lots', expected a number"),
    (
        "2 :    120.0;",
        "",
        "trips.tntp: trips add up to 18, expected '130.0' as <TOTAL OD FLOW> says",
    ),
    ("    1 :     10.0;\n", "    1 :     1", "trips.tntp line 8: the last entry has no ';'"),
    (TRIPS[TRIPS.index("Origin") :], "", "trips.tntp: no line 'Origin', expected one for each"),
]


@pytest.mark.parametrize(("old", "new", "message"), TRIP_FAULTS)
def test_faults_of_trips_are_named_with_their_line(write, old, new, message):
    assert old in TRIPS
    found = problems(write(trips=TRIPS.replace(old, new, 1)))
    assert [p for p in found if p.startswith(message)], found


@pytest.mark.parametrize("total", ["130.0", "138", "138.00 ~ all", "133"])
def test_the_total_may_count_trips_within_a_zone_or_not_and_be_rounded(write, total):
    trips = TRIPS.replace("<TOTAL OD FLOW> 130.0", f"<TOTAL OD FLOW> {total}")
    assert read_tntp(*write(trips=trips)).demand.tolist() == [8.0, 120.0, 10.0]


def test_trips_need_not_say_what_they_hold(write):
    trips = TRIPS[TRIPS.index("<END") :]
    assert read_tntp(*write(trips=trips)).demand.tolist() == [8.0, 120.0, 10.0]


def test_a_capacity_at_which_the_time_overflows_is_refused_by_link(write):
    (found,) = problems(write(net=NET.replace("1	3	100", "1	3	1e-300")))
    assert found.startswith("link 0: with all demand on it (130) it would take inf")


def test_what_is_no_path_or_factor_is_named(write):
    net, trips = write()
    assert problems((None, trips)) == ["net is 'None', expected the path of a TNTP file"]
    assert problems((net, 5)) == ["trips is 5, expected the path of a TNTP file"]
    assert problems((net, trips), toll_factor="x") == ["toll_factor is 'x', expected a number >= 0"]


def test_a_missing_file_is_named(write, tmp_path):
    net, trips = write()
    nowhere = tmp_path / "nowhere.tntp"
    for files in ((nowhere, trips), (net, nowhere)):
        (found,) = problems(files)
        assert found.startswith(str(nowhere))
        assert found.endswith("expected a TNTP text file")


def test_a_file_that_is_no_text_is_named(write):
    (found,) = problems(write(net=b"\xff\xfe\x00\x81"))
    assert "net.tntp" in found
    assert found.endswith("expected a TNTP text file")


@pytest.mark.parametrize("name", ["toll_factor", "distance_factor"])
@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_factors_below_zero_are_refused(write, name, value):
    assert problems(write(), **{name: value}) == [f"{name} is {value:g}, expected a number >= 0"]


def test_several_faults_come_together(write):
    net = NET.replace("6	0.15	4", "six	0.15	4").replace("20	1	1", "20	x	1")
    assert [p.split(":")[0] for p in problems(write(net=net))] == [
        "net.tntp line 9 free_flow_time",
        "net.tntp line 11 b",
    ]
