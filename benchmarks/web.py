"""Many clients at once on one server: errors, waiting times, memory.

Run: python benchmarks/web.py [--clients 200] [--seconds 60] [--case middle-corridor]. The server
is ``karvan serve`` on a free port of this computer. Two scenarios are run first; then each client
asks what a page asks, one question after the other without a pause: the page and its script, the
case, how a run stands, its document in parts, a page of a table, places, a route out of a few
dozen, a comparison. Half of the clients ask again by ETag, as browsers do. Memory is that of the
server and of its worker processes, after the runs, after a first round and at the end.
"""

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import numpy as np

PROGRAM = "from karvan.cli import main; main()"
PLACES = ("xian", "altynkol", "aktau", "absheron", "poti")
TEXTS = ("ba", "По", "西", "ist", "khorgos")
OBJECTIVES = ("time", "cost", "time,cost,co2e")
SLOWEST_S = 60.0


def question(chance, runs):
    """Name, path and query of one question out of the mix."""
    run = runs[chance.integers(2)]
    origin, destination = chance.choice(PLACES, 2, replace=False).tolist()
    objectives = OBJECTIVES[chance.integers(len(OBJECTIVES))]
    route = {"origin": origin, "destination": destination, "objectives": objectives}
    text = {"q": TEXTS[chance.integers(len(TEXTS))]}
    mix = (
        (2, "page", "/", {}),
        (2, "script", "/assets/app.js", {}),
        (1, "case", "/api/v1/case", {"language": "ru"}),
        (6, "run", f"/api/v1/runs/{run}", {}),
        (2, "first part", f"/api/v1/runs/{run}/document", {"part": "first"}),
        (1, "later part", f"/api/v1/runs/{run}/document", {"part": "evidence"}),
        (3, "table", f"/api/v1/runs/{run}/tables/legs", {"limit": 100}),
        (3, "places", "/api/v1/places", text),
        (4, "route", "/api/v1/route", route),
        (1, "compare", "/api/v1/compare", {"before": runs[0], "after": runs[1], "limit": 50}),
    )
    weights = np.array([weight for weight, *_ in mix], dtype=float)
    return mix[chance.choice(len(mix), p=weights / weights.sum())][1:]


class Connection:
    """A kept connection; a plain client, so that the load is the server's and not its own."""

    def __init__(self, host, port):
        self._place = (host, port)
        self._streams = None

    async def get(self, path, query, tag):
        """Status and ETag of an answer that was read to its end."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._place)
        reader, writer = self._streams
        asked = f"{path}?{urlencode(query)}" if query else path
        lines = [f"GET {asked} HTTP/1.1", f"Host: {self._place[0]}", "Accept-Encoding: gzip"]
        lines += [f"If-None-Match: {tag}"] if tag else []
        writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status = int(head.split(" ", 2)[1])
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
        if status != 304:
            await reader.readexactly(int(headers["content-length"]))
        return status, headers.get("etag", "")

    def close(self):
        if self._streams:
            self._streams[1].close()
            self._streams = None


async def client(host, port, runs, number, end, seen, errors):
    """Ask until the time is over."""
    chance = np.random.default_rng(number)
    tags = {}
    connection = Connection(host, port)
    while time.perf_counter() < end:
        name, path, query = question(chance, runs)
        key = (path, *query.values())
        began = time.perf_counter()
        try:
            async with asyncio.timeout(SLOWEST_S):
                status, tag = await connection.get(path, query, tags.get(key))
        except (OSError, EOFError, ValueError) as error:
            errors[f"{name}: {type(error).__name__}"] += 1
            connection.close()
            continue
        seen[name].append(time.perf_counter() - began)
        if status not in {200, 304}:
            errors[f"{name}: {status}"] += 1
        if number % 2:
            tags[key] = tag
    connection.close()


def memory_mb(pid):
    """Memory of a process and of those it started [MB]; 0 where the system does not tell."""
    total = 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "status").read_text()
        except OSError:
            continue
        parent = re.search(r"PPid:\s+(\d+)", status)
        used = re.search(r"VmRSS:\s+(\d+)", status)
        if used and (int(folder.name) == pid or (parent and int(parent[1]) == pid)):
            total += int(used[1]) / 1024
    return total


def finished(address, scenarios):
    """Ids of a finished run of each scenario."""
    ids = []
    with httpx.Client(base_url=f"{address}/api/v1", timeout=SLOWEST_S) as session:
        for scenario in scenarios:
            run = session.post("runs", json={"scenario": scenario}).raise_for_status().json()
            while run["state"] in {"queued", "running"}:
                time.sleep(0.1)
                run = session.get(f"runs/{run['id']}").json()
            if run["state"] != "done":
                message = f"{scenario}: {run['error']}"
                raise RuntimeError(message)
            ids.append(run["id"])
    return ids


async def load(address, runs, clients, seconds):
    seen, errors = defaultdict(list), defaultdict(int)
    began = time.perf_counter()
    place = urlsplit(address)
    tasks = [
        client(place.hostname, place.port, runs, n, began + seconds, seen, errors)
        for n in range(clients)
    ]
    await asyncio.gather(*tasks)
    return seen, errors, time.perf_counter() - began


def report(seen, errors, took, memory):
    print(f"{'question':12} {'asked':>7} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8} {'max ms':>8}")
    every = [s for times in seen.values() for s in times]
    for name, times in [*sorted(seen.items()), ("all", every)]:
        cuts = statistics.quantiles(times, n=100) if len(times) > 1 else times * 99
        parts = (cuts[49], cuts[94], cuts[98], max(times))
        print(f"{name:12} {len(times):7} " + " ".join(f"{1e3 * p:8.0f}" for p in parts))
    print(f"\n{len(every) / took:.0f} answers a second for {took:.0f} s; errors: {dict(errors)}")
    before, middle, after = memory
    print(
        f"memory of all processes: {before:.0f} MB after the runs, {middle:.0f} MB after", end=" "
    )
    print(f"a first round, {after:.0f} MB at the end")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--case", default="middle-corridor")
    parser.add_argument("--scenarios", nargs=2, default=["base-2024", "committed-2030"])
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", PROGRAM, "serve", chosen.case, "--port", "0"]
        server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
        try:
            address = re.search(r"http://\S+", server.stdout.readline())[0].rstrip("/")
            runs = finished(address, chosen.scenarios)
            before = memory_mb(server.pid)
            # The first round fills caches; what grows after it would grow for ever.
            asyncio.run(load(address, runs, chosen.clients, chosen.seconds / 4))
            middle = memory_mb(server.pid)
            seen, errors, took = asyncio.run(load(address, runs, chosen.clients, chosen.seconds))
            report(seen, errors, took, (before, middle, memory_mb(server.pid)))
        finally:
            server.terminate()
            server.wait()
    return 1 if errors else 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUTF8", "1")
    sys.exit(main())
