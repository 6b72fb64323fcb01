"""How fast the front end is, in a headless Chromium of the system.

Run: python benchmarks/browser.py [--repeats N].  Needs the extra "browser", a Chromium, and the
built front end.  Measured are the first paint of the app and what it loads for it, the switch to
a scenario that the server has computed before, the work of a frame of the map with 10,000 points
and moving vehicles and of the simulation's movements, and how long a report takes to open.
Medians; times on the wall of the browser, except those of frames, which are seconds of script and
drawing on its main thread.
"""

import argparse
import base64
import gzip
import json
import math
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

PROGRAM = "from karvan.cli import main; main()"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--hide-scrollbars")
POINTS = 10_000
FRAMES = 60
RUN_MS = 120_000
SCENARIOS = ("base-2024", "base-2025")
READY = "() => document.querySelector('.app-card') && !document.querySelector('.is-waiting')"
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
# The moment is taken in the page: a look from outside comes later, when more has been loaded.
WATCH = """(() => {
  const shown = () => document.querySelector(".app-card") && !document.querySelector(".is-waiting");
  const look = () => shown() ? (window.shownAt = performance.now()) : requestAnimationFrame(look);
  look();
})()"""
SIZES = """() => [...performance.getEntriesByType("navigation"),
    ...performance.getEntriesByType("resource")]
  .filter((one) => one.responseEnd > 0 && one.responseEnd <= window.shownAt)
  .map((one) => [one.name, one.transferSize])"""
SHOWN = """() => new Promise((done) => {
  const shown = () => document.querySelector('main .page')?.childElementCount;
  const look = () => shown() ? done(performance.now()) : requestAnimationFrame(look);
  look();
})"""
COUNT_FRAMES = """(frames) => new Promise((done) => {
  let left = frames;
  const start = performance.now();
  const tick = () => (left -= 1) ? requestAnimationFrame(tick) : done(performance.now() - start);
  requestAnimationFrame(tick);
})"""


def row(name, values, unit, goal=None):
    middle = statistics.median(values)
    verdict = "" if goal is None else ("ok" if middle <= goal else "MISSED")
    print(
        f"{name:44} {middle:9.1f} {min(values):9.1f} {max(values):9.1f} {unit:4} "
        f"{goal if goal is not None else '':>6} {verdict}"
    )


def first_visit(browser, address):
    """First contentful paint [ms]; kB of the app, and of all until its figures; when [ms]."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(f"{address}#/overview?scenario={SCENARIOS[0]}")
    page.wait_for_function("() => window.shownAt", timeout=RUN_MS)
    paint = page.evaluate(PAINT)
    shown = page.evaluate("() => window.shownAt")
    sizes = page.evaluate(SIZES)
    # What the app itself is: page, script and style; the case and the run come on top.
    app = sum(size for url, size in sizes if "/api/" not in url)
    everything = sum(size for _, size in sizes)
    context.close()
    return paint, app / 1000, everything / 1000, shown


def switches(browser, address, repeats):
    """From the choice of a computed scenario to its picture [ms]."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(f"{address}#/overview?scenario={SCENARIOS[0]}&lang=en")
    page.wait_for_function(READY, timeout=RUN_MS)
    choice = page.locator(".app-question select").first
    for scenario in (*SCENARIOS[::-1], SCENARIOS[1]):
        choice.select_option(scenario)
        page.wait_for_function(READY, timeout=RUN_MS)
    page.evaluate("() => performance.clearMeasures()")
    for i in range(repeats):
        choice.select_option(SCENARIOS[i % 2])
        page.wait_for_function(
            f"() => performance.getEntriesByName('karvan-switch').length > {i}", timeout=RUN_MS
        )
    times = page.evaluate(
        "() => performance.getEntriesByName('karvan-switch').map((e) => e.duration)"
    )
    page.close()
    return times


def large_report(report, out):
    """Write a copy of a report whose network has POINTS more places in rings; return it."""
    text = report.read_text(encoding="utf-8")
    packed = re.search(r'(id="karvan-packed">)([^<]+)<', text)
    document = json.loads(gzip.decompress(base64.b64decode(packed[2])))
    for name in ("input_nodes", "network_nodes"):
        table = document["tables"].get(name)
        if not table:
            continue
        columns = [column["name"] for column in table["columns"]]
        model = table["rows"][0]
        for i in range(POINTS):
            values = list(model)
            turn, distance = i * 2.4, 25 * math.sqrt(i / POINTS)
            changes = {
                "id": f"point-{i}",
                "lat": 42 + 0.6 * distance * math.sin(turn),
                "lon": 65 + distance * math.cos(turn),
            }
            for column, value in changes.items():
                if column in columns:
                    values[columns.index(column)] = value
            table["rows"].append(values)
    data = base64.b64encode(gzip.compress(json.dumps(document).encode(), 6)).decode()
    out.write_text(text[: packed.start(2)] + data + text[packed.end(2) :], encoding="utf-8")
    return out


def frames(browser, report):
    """Main-thread work per frame [ms] and frames a second; then work while the view moves."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(f"{report.as_uri()}#/map?lang=en")
    page.get_by_role("button", name="Show movement").click()
    canvas = page.locator("canvas.map-top")
    canvas.scroll_into_view_if_needed()
    canvas.click()
    wire = page.context.new_cdp_session(page)
    wire.send("Performance.enable")

    def work():
        found = {m["name"]: m["value"] for m in wire.send("Performance.getMetrics")["metrics"]}
        return found["TaskDuration"]

    page.evaluate(COUNT_FRAMES, FRAMES)
    before, spent = work(), cpu_seconds(browser)
    wall = page.evaluate(COUNT_FRAMES, FRAMES)
    vehicles = (work() - before) * 1000 / FRAMES
    everything = (cpu_seconds(browser) - spent) * 1000 / FRAMES
    pan = """(frames) => new Promise((done) => {
      const top = document.querySelector("canvas.map-top");
      const key = (k) =>
        top.dispatchEvent(new KeyboardEvent("keydown", { key: k, shiftKey: true }));
      let left = frames;
      const tick = () => {
        key(left % 2 ? "ArrowLeft" : "ArrowRight");
        (left -= 1) ? requestAnimationFrame(tick) : done();
      };
      requestAnimationFrame(tick);
    })"""
    before = work()
    page.evaluate(pan, FRAMES)
    moving = (work() - before) * 1000 / FRAMES
    page.close()
    return vehicles, everything, FRAMES / wall * 1000, moving


def film(browser, report):
    """Main-thread work per frame of the simulation's movements [ms], and frames a second."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(f"{report.as_uri()}#/simulation?lang=en")
    play = page.get_by_role("button", name="Play")
    play.wait_for()
    page.get_by_label("Speed").select_option("6")
    play.click()
    page.locator(".movement-controls").scroll_into_view_if_needed()
    page.locator("canvas.map-top").evaluate("(c) => c.scrollIntoView({ block: 'center' })")
    wire = page.context.new_cdp_session(page)
    wire.send("Performance.enable")

    def work():
        found = {m["name"]: m["value"] for m in wire.send("Performance.getMetrics")["metrics"]}
        return found["TaskDuration"]

    page.evaluate(COUNT_FRAMES, FRAMES)
    before = work()
    wall = page.evaluate(COUNT_FRAMES, FRAMES)
    spent = (work() - before) * 1000 / FRAMES
    page.close()
    return spent, FRAMES / wall * 1000


def cpu_seconds(browser):
    """CPU seconds of all processes of the browser, which here do the work of a GPU too."""
    wire = browser.new_browser_cdp_session()
    processes = wire.send("SystemInfo.getProcessInfo")["processInfo"]
    wire.detach()
    return sum(process["cpuTime"] for process in processes)


def opening(browser, report):
    """From the address to the first page of a report [ms]."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(report.as_uri(), wait_until="commit")
    shown = page.evaluate(SHOWN)
    page.close()
    return shown


def report_cpu(folder):
    """CPU seconds of ``karvan report`` on a finished run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", PROGRAM, "report", str(folder / "run")]
    out = ["-o", str(folder / "again.html")]
    subprocess.run([*command, *out], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def start_server(folder):
    command = [sys.executable, "-c", PROGRAM, "serve", "--port", "0", "--results", str(folder)]
    child = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    return child, re.search(r"http://\S+/", child.stdout.readline())[0]


def measure(browser, folder, repeats):
    began = time.perf_counter()
    command = [sys.executable, "-c", PROGRAM, "run", "middle-corridor", "--quiet", "--out"]
    subprocess.run([*command, str(folder / "run")], check=True, stdout=subprocess.DEVNULL)
    report = folder / "run" / "report.html"
    server, address = start_server(folder / "serve")
    try:
        first_visit(browser, address)
        visits = [first_visit(browser, address) for _ in range(repeats)]
        paint, app, everything, shown = (list(values) for values in zip(*visits, strict=True))
        row("app: first paint", paint, "ms", 200)
        row("app: page, script and style on the wire", app, "kB", 400)
        row("app: all until the figures are shown", everything, "kB")
        row("app: figures and map shown", shown, "ms")
        times = switches(browser, address, 4 * repeats)
        row("app: switch to a computed scenario", times, "ms", 150)
    finally:
        server.kill()
        server.communicate()
    large = large_report(report, folder / "large.html")
    found = [frames(browser, large) for _ in range(repeats)]
    vehicles, processes, rate, moving = (list(values) for values in zip(*found, strict=True))
    row(f"map: frame, {POINTS:,} points, vehicles", vehicles, "ms", 10)
    row("map: the same, all processes of the browser", processes, "ms")
    row("map: frames a second", rate, "1/s")
    row("map: frame while the view moves", moving, "ms")
    played = [film(browser, report) for _ in range(repeats)]
    row("simulation: frame of the movements", [spent for spent, _ in played], "ms", 10)
    row("simulation: frames a second", [rate for _, rate in played], "1/s")
    row("report: opened", [opening(browser, report) for _ in range(repeats)], "ms")
    row("karvan report: the whole process", [report_cpu(folder) for _ in range(repeats)], "s", 2)
    row("report: size", [report.stat().st_size / 1000], "kB", 2000)
    print(f"measured in {time.perf_counter() - began:.0f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    chromium = os.environ.get("KARVAN_CHROMIUM") or shutil.which("chromium")
    folder = Path(tempfile.mkdtemp())
    print(f"{'':44} {'median':>9} {'min':>9} {'max':>9} {'':4} {'goal':>6}")
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
            measure(browser, folder, repeats)
            browser.close()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
