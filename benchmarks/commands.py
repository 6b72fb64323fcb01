"""CPU seconds of the commands people type, and of itineraries inside one process.

Run: python benchmarks/commands.py [--repeats N].  Each command runs as a process of its own with
a warm numba cache; user and system time of the process and its children are counted.  The
first run of each is not counted.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

COMMANDS = (
    ("karvan --help", ["--help"], 0.3),
    ("karvan route", ["route", "Xi'an", "Baku", "--depart", "2024-03-01"], 1.5),
    ("karvan claims", ["claims"], None),
    ("karvan check", ["check", "middle-corridor"], None),
    ("karvan validate", ["validate"], None),
    ("karvan run", ["run", "middle-corridor", "--fresh", "--quiet", "--out", "{out}"], 10.0),
)
PAIRS = (("xian", "absheron"), ("xian", "poti"), ("xian", "halkali"), ("shanghai", "rotterdam"))


def process_seconds(args):
    """CPU seconds and peak memory [MB] of one run of the command line."""
    command = [sys.executable, "-c", "from karvan.cli import main; main()", *args]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        message = f"{args} ended with {status}"
        raise RuntimeError(message)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def commands(repeats):
    print(f"{'command':20} {'CPU s':>8} {'min':>8} {'max':>8} {'goal':>6} {'MB':>6}")
    out = tempfile.mkdtemp()
    try:
        for name, args, goal in COMMANDS:
            words = [w.format(out=f"{out}/results") for w in args]
            runs = [process_seconds(words) for _ in range(repeats + 1)][1:]
            seconds = [r[0] for r in runs]
            print(
                f"{name:20} {statistics.median(seconds):8.2f} {min(seconds):8.2f} "
                f"{max(seconds):8.2f} {goal or '':>6} {max(r[1] for r in runs):6.0f}"
            )
    finally:
        shutil.rmtree(out)


def itineraries(repeats):
    from karvan.case import read_case
    from karvan.freight import itineraries as search

    began = time.process_time()
    case = read_case("middle-corridor")
    print(f"\nread the case: {1e3 * (time.process_time() - began):.0f} ms")
    print(f"{'itineraries, warm':28} {'CPU ms':>8} {'min':>8} {'max':>8} {'found':>6}")
    for origin, destination in PAIRS:
        times = []
        for _ in range(repeats + 1):
            began = time.process_time()
            result = search(case, origin, destination, depart="2024-03-01")
            times.append(1e3 * (time.process_time() - began))
        times = times[1:]
        print(
            f"{origin + ' - ' + destination:28} {statistics.median(times):8.1f} "
            f"{min(times):8.1f} {max(times):8.1f} {len(result.found):6}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args()
    commands(chosen.repeats)
    itineraries(chosen.repeats)
