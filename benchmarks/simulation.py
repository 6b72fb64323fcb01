"""Time the event kernel beside SimPy and Cimba: python benchmarks/simulation.py.

CPU seconds of one process and one thread, least of repeats after one run to warm up.  Every tool
simulates the same queues with exponential times and the corridor year of the reference with its
lognormal ones; what each estimates stands beside the time, so that one sees that it is the same.
Cimba's corridor sails only when 50 wait: a clock that takes fewer is not in it.

Then a year of a corridor with all features, memory and cold start, each in a process of its own,
and with ``--many`` a thousand replications, on one and on two threads.
"""

# ruff: noqa: E402 - threads are limited before numpy is imported

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import importlib.util
import math
import random  # noqa: TID251 - what SimPy's users draw from
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))

import cimba as cb
from cimba import inputs

from karvan.kernels import events
from karvan.simulation import simulate
from simulation_models import (
    CORRIDOR_SERVERS,
    WAGONS_PER_HOUR,
    corridor,
    queue,
    tandem,
    whole_corridor,
)

MEANS = [0.8 * servers / WAGONS_PER_HOUR for servers in CORRIDOR_SERVERS]
SIGMA = math.sqrt(math.log1p(0.25))


def cpu(call, repeats):
    """Least CPU seconds of a call, and its result; the first run is not counted."""
    times = []
    for _ in range(repeats + 1):
        begin = time.process_time()
        result = call()
        times.append(time.process_time() - begin)
    return min(times[min(repeats, 1) :]), result


# ---------------------------------------------------------------- SimPy
def simpy_queues(stages, servers, every, n):
    """Customers through stages in a row; mean time inside."""
    import simpy

    env = simpy.Environment()
    desks = [simpy.Resource(env, servers) for _ in range(stages)]
    stays = []
    exponential = random.Random(1).expovariate

    def customer():
        born = env.now
        for desk in desks:
            with desk.request() as request:
                yield request
                yield env.timeout(exponential(1.0))
        stays.append(env.now - born)

    def door():
        for _ in range(n):
            yield env.timeout(exponential(1.0 / every))
            env.process(customer())

    env.process(door())
    env.run()
    return sum(stays) / len(stays)


def simpy_corridor():  # noqa: C901 - one process beside the other
    """The corridor year in SimPy; mean time inside."""
    import simpy

    env = simpy.Environment()
    draw = random.Random(1)
    desks = [simpy.Resource(env, n) if n else None for n in CORRIDOR_SERVERS]
    vessels = [12]
    waiting = deque()
    stays = []

    def lognormal(mean):
        return draw.lognormvariate(math.log(mean) - SIGMA * SIGMA / 2.0, SIGMA)

    def sail(n):
        vessels[0] -= 1
        aboard = [waiting.popleft() for _ in range(n)]
        yield env.timeout(lognormal(20.0))
        for event in aboard:
            event.succeed()
        yield env.timeout(lognormal(20.0))
        vessels[0] += 1
        if len(waiting) >= 50 and vessels[0]:
            env.process(sail(50))

    def clock():
        while True:
            yield env.timeout(24.0)
            if waiting and vessels[0]:
                env.process(sail(min(50, len(waiting))))

    def wagon():
        born = env.now
        for desk, mean in zip(desks, MEANS, strict=True):
            if desk is None:
                event = env.event()
                waiting.append(event)
                if len(waiting) >= 50 and vessels[0]:
                    env.process(sail(50))
                    yield env.timeout(0.0)
                yield event
                continue
            with desk.request() as request:
                yield request
                yield env.timeout(lognormal(mean))
        stays.append(env.now - born)

    def rail():
        while True:
            yield env.timeout(draw.expovariate(WAGONS_PER_HOUR))
            env.process(wagon())

    env.process(clock())
    env.process(rail())
    env.run(until=8760)
    return sum(stays) / len(stays)


# ---------------------------------------------------------------- Cimba
class Queue(cb.Model):
    """M/M/1 as in Cimba's own example; mean number waiting."""

    interarrival: cb.Input[float] = inputs.dist.exponential(mean=1.25)
    service_time: cb.Input[float] = inputs.dist.exponential(mean=1.0)
    queue: cb.Container
    waiting: cb.Output[float]

    @cb.process
    def door(self):
        while True:
            cb.hold(self.interarrival.next())
            self.queue.put(1)

    @cb.process
    def server(self):
        while True:
            self.queue.get(1)
            cb.hold(self.service_time.next())

    @cb.on_end
    def measure(self):
        self.waiting = self.queue.mean_level()


class EightServers(cb.Model):
    """M/M/8; mean number waiting."""

    interarrival: cb.Input[float] = inputs.dist.exponential(mean=1.25 / 8)
    service_time: cb.Input[float] = inputs.dist.exponential(mean=1.0)
    queue: cb.Container
    waiting: cb.Output[float]

    @cb.process
    def door(self):
        while True:
            cb.hold(self.interarrival.next())
            self.queue.put(1)

    @cb.process(copies=8)
    def server(self):
        while True:
            self.queue.get(1)
            cb.hold(self.service_time.next())

    @cb.on_end
    def measure(self):
        self.waiting = self.queue.mean_level()


def cimba_row(name, servers, every, times, ferry=None):
    """A Cimba class of stations in a row, written out: its compiler reads source, not loops."""
    lines = [
        "class Row(cb.Model):",
        f"    every: cb.Input[float] = inputs.dist.exponential(mean={every!r})",
        *(f"    t{i}: cb.Input[float] = inputs.dist.{text}" for i, text in enumerate(times)),
        *(f"    q{i}: cb.Container" for i in range(len(times))),
        "    waiting: cb.Output[float]",
        "    @cb.process",
        "    def door(self):",
        "        while True:",
        "            cb.hold(self.every.next())",
        "            self.q0.put(1)",
    ]
    for i, n in enumerate(servers):
        load = 50 if i == ferry else 1
        lines += [
            f"    @cb.process(copies={n})",
            f"    def s{i}(self):",
            "        while True:",
            f"            self.q{i}.get({load})",
            f"            cb.hold(self.t{i}.next())",
            *([f"            self.q{i + 1}.put({load})"] if i + 1 < len(times) else []),
            *([f"            cb.hold(self.t{i}.next())"] if i == ferry else []),
        ]
    total = " + ".join(f"self.q{i}.mean_level()" for i in range(len(times)))
    lines += ["    @cb.on_end", "    def measure(self):", f"        self.waiting = {total}"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"cimba_{name}.py"
        file.write_text("import cimba as cb\nfrom cimba import inputs\n" + "\n".join(lines) + "\n")
        spec = importlib.util.spec_from_file_location(file.stem, file)
        module = importlib.util.module_from_spec(spec)
        sys.modules[file.stem] = module
        spec.loader.exec_module(module)
        model = module.Row()
        cimba_call(model, 10.0)()
    return model


def cimba_call(model, hours):
    def call():
        window = cb.Window(warmup=0, duration=hours)
        done = cb.Experiment(model, replications=1, window=window, seed=1).run()
        return float(done[model].waiting.values.ravel()[0])

    return call


def cimba_of(name):
    if name == "M/M/1":
        return Queue()
    if name == "M/M/8":
        return EightServers()
    return cimba_row("tandem", [1] * 10, 1.25, ["exponential(mean=1.0)"] * 10)


def cimba_corridor():
    servers = [n or 12 for n in CORRIDOR_SERVERS]
    means = [m or 20.0 for m in MEANS]
    half = SIGMA * SIGMA / 2.0
    times = [f"lognormal(mean={math.log(m) - half!r}, sigma={SIGMA!r})" for m in means]
    return cimba_row("corridor", servers, 1.0 / WAGONS_PER_HOUR, times, ferry=6)


def report(name, customers, ours, others):
    print(f"{name}: karvan {ours[0]:.3f} s, {customers / ours[0] / 1e6:.2f} M/s ({ours[1]})")
    for tool, seconds, n, found in others:
        ratio = (seconds / n) / (ours[0] / customers)
        print(
            f"  {tool}: {n / seconds / 1e6:.3f} M/s, karvan is {ratio:.1f} times as fast ({found})"
        )


def queues(repeats, scale):
    for name, stages, servers, every, n in (
        ("M/M/1", 1, 1, 1.25, 1_000_000),
        ("M/M/8", 1, 8, 1.25 / 8, 1_000_000),
        ("tandem of ten", 10, 1, 1.25, 200_000),
    ):
        n = int(n * scale)
        model = (
            queue(servers, f"exponential({every})", count=n) if stages == 1 else tandem(stages, n)
        )
        ours = cpu(lambda m=model: simulate(m), repeats)
        mean = ours[1].classes["time_mean_h"][0]
        few = max(n // 50, 1000)
        plain = cpu(lambda a=(stages, servers, every, few): simpy_queues(*a), 1)
        others = [("SimPy", plain[0], few, f"{plain[1]:.3f} h inside")]
        theirs = cpu(cimba_call(cimba_of(name), n * every), repeats)
        others.append(("Cimba", theirs[0], n, f"{theirs[1]:.3f} waiting"))
        report(name, n, (ours[0], f"{mean:.3f} h inside"), others)


def corridor_year(repeats):
    model = corridor()
    ours = cpu(lambda: simulate(model), repeats)
    mean = ours[1].classes["time_mean_h"][0]
    plain = cpu(simpy_corridor, 0)
    theirs = cpu(cimba_call(cimba_corridor(), 8760.0), repeats)
    report(
        "corridor year",
        100_000,
        (ours[0], f"{mean:.2f} h inside, reference 41.17"),
        [
            ("SimPy", plain[0], 100_000, f"{plain[1]:.2f} h inside"),
            ("Cimba", theirs[0], 100_000, f"{theirs[1]:.1f} waiting"),
        ],
    )


def full_corridor(repeats):
    model = whole_corridor()
    seconds, result = cpu(lambda: simulate(model), repeats)
    events = result.replications["events"][0]
    print(f"corridor with all features, a year: {events:,} events in {seconds:.3f} s,", end=" ")
    print(f"{events / seconds / 1e6:.2f} M/s; {result.warnings or 'no warnings'}")


PEAK = """
def peak(what):
    lines = dict(line.split(":") for line in open("/proc/self/status") if ":" in line)
    print(f"{what}: {int(lines['VmHWM'].split()[0]) / 1024:.0f} MB")
"""
"""Peak memory of this program: the maximum of `getrusage` also counts the parent before `exec`."""


def memory():
    """Peak memory of fresh processes: what importing takes, a year of the corridor, ten of them."""
    everything = "from karvan.simulation import simulate\nfrom simulation_models import corridor\n"
    for code in (
        "import numpy; peak('peak memory, numpy imported')",
        "import numba; peak('numba imported')",
        "import numba, polars; peak('numba and polars imported')",
        f"{everything}peak('karvan.simulation imported')",
        *(
            f"{everything}done = simulate(corridor(), horizon_h={8760.0 * years}).replications\n"
            f"peak(f'{{done[\"events\"][0]:,}} events of {years} corridor years simulated')"
            for years in (1, 10)
        ),
    ):
        code = f"import sys; sys.path.insert(0, {str(TESTS)!r})\n{PEAK}\n{code}"
        print(
            subprocess.run(
                [sys.executable, "-c", code], check=True, capture_output=True, text=True
            ).stdout,
            end="",
        )


def many(n):
    """Replications of the corridor year on one thread and on two.

    What bounds two threads, also where the machine has other work, is CPU time: that of the main
    thread before and after the replications, and that in which one of them holds the interpreter's
    lock, which is all outside the kernel.  The other thread waits for the lock only if it wants it
    at the same time: two customers of a closed network (mean value analysis).
    """
    model = corridor()
    few = max(n // 5, 2)
    inside = [0.0]
    kernel = events.advance

    def timed(*arguments):
        begin = time.thread_time()
        status = kernel(*arguments)
        inside[0] += time.thread_time() - begin
        return status

    events.advance = timed
    begin, main = time.process_time(), time.thread_time()
    simulate(model, replications=few)
    one, main = time.process_time() - begin, time.thread_time() - main
    events.advance = kernel
    alone = main / one
    locked = (one - main - inside[0]) / (one - main)
    print(
        f"{few} replications, one thread: {one:.2f} CPU s, {alone:.1%} before and after them,",
        end=" ",
    )
    print(f"{locked:.1%} of each outside the kernel")
    print(
        f"  two threads can be {1 / (alone + (1 - alone) * (1 + locked**2) / 2):.2f} times as fast"
    )
    walls = {1: [], 2: []}
    for threads in (1, 2) * 3:
        begin = time.perf_counter()
        simulate(model, replications=few, threads=threads)
        walls[threads].append(time.perf_counter() - begin)
    print(
        f"  measured by the clock, least of three: {min(walls[1]) / min(walls[2]):.2f} times,",
        end=" ",
    )
    print(f"the load of the machine being {os.getloadavg()[0]:.1f}")
    begin, clock = time.process_time(), time.perf_counter()
    simulate(model, replications=n, threads=2)
    print(f"{n} replications on two threads: {time.process_time() - begin:.1f} CPU s,", end=" ")
    print(f"{time.perf_counter() - clock:.1f} s by the clock")


def cold_start():
    code = "import time, karvan.simulation; print(time.process_time())"
    with tempfile.TemporaryDirectory() as folder:
        for name in ("cold start, empty cache", "cached"):
            done = subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "NUMBA_CACHE_DIR": folder},
                check=True,
                capture_output=True,
                text=True,
            )
            print(f"{name}: {float(done.stdout):.2f} CPU s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="Share of the customers.")
    parser.add_argument("--many", type=int, default=0, help="Replications of the corridor year.")
    options = parser.parse_args()
    queues(options.repeats, options.scale)
    corridor_year(options.repeats)
    full_corridor(options.repeats)
    memory()
    cold_start()
    if options.many:
        many(options.many)
