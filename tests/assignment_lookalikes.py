"""Made networks with the traits of published ones: streets in a grid, zones joined to them.

Each kind has what makes one published network of the Transportation Networks repository awkward;
sizes are free, so that the same makers serve quick tests and networks as large as the published.
"""

from itertools import pairwise

import numpy as np

from karvan.freight import assignment_problem, delays

KINDS = ("winnipeg", "barcelona", "chicago", "berlin", "gold-coast", "uneven")


class Links:
    """Links as they are laid: ends, time at no flow, what flow adds, capacity, power."""

    def __init__(self):
        self.parts = []

    def lay(self, tail, head, base, factor, capacity, power):
        size = len(np.atleast_1d(tail))
        rows = (tail, head, base, factor, capacity, power)
        self.parts.append(np.array([np.broadcast_to(row, size) for row in rows], dtype=float))

    def columns(self):
        tail, head, *numbers = np.concatenate(self.parts, axis=1)
        return tail.astype(int), head.astype(int), *numbers


def look_alike(kind, seed, zones=30, side=9, load=1.0):
    """A problem with the traits of a kind; `load` scales how full the streets are."""
    rng = np.random.default_rng([KINDS.index(kind), seed])
    links, corners = Links(), side * side
    grid = np.arange(corners).reshape(side, side) + zones
    here = np.concatenate([grid[:, :-1].ravel(), grid[:-1].ravel(), grid[:-1, :-1].ravel()])
    there = np.concatenate([grid[:, 1:].ravel(), grid[1:].ravel(), grid[1:, 1:].ravel()])
    kept = rng.random(len(here)) < np.where(np.arange(len(here)) < 2 * side * (side - 1), 0.97, 0.2)
    street = np.append(here[kept], there[kept]), np.append(there[kept], here[kept])
    n_nodes = zones + corners
    length = np.tile(rng.uniform(0.2, 1.0, kept.sum()), 2)
    joined = rng.permuted(np.tile(grid.ravel(), (zones, 1)), axis=1)[:, :2]
    zone = np.repeat(np.arange(zones), 2)
    connector = np.append(zone, joined.ravel()), np.append(joined.ravel(), zone)
    closed = zones
    if kind == "winnipeg":
        # Capacity 1, all of it in b; some powers below 1; many links without any b.
        power = rng.choice([0.5, 0.85, 3.5038, 4.4683, 5.3443, 6.0], street[0].size)
        b = np.where(rng.random(street[0].size) < 0.3, 0.0, 0.7 / 900.0**power)
        links.lay(*street, length, length * b, 1.0, np.where(b > 0.0, power, 0.0))
        links.lay(*connector, np.tile(rng.uniform(0.4, 1.4, zone.size), 2), 0.0, 1.0, 0.0)
        lanes = 900.0
    elif kind == "barcelona":
        # Powers up to 17, power 0 on what is constant, zones at some distance.
        power = rng.choice([2.0, 4.118, 4.924, 9.0, 16.83], street[0].size)
        b = np.where(rng.random(street[0].size) < 0.2, 0.0, 1.0 / 700.0**power)
        links.lay(*street, length, length * b, 1.0, np.where(b > 0.0, power, 0.0))
        apart = np.tile(rng.choice([0.0, 1e-9, 1.08333333333333], zone.size), 2)
        links.lay(*connector, apart, 0.0, 1.0, 0.0)
        lanes = 700.0
    elif kind == "chicago":
        # Paths may pass zones; connectors take no time but have a length, streets may have a toll.
        toll = np.where(rng.random(street[0].size) < 0.1, 0.02 * 40.0, 0.0)
        links.lay(*street, length + 0.04 * length + toll, 0.15 * length, 800.0, 4.0)
        apart = 0.04 * np.tile(rng.uniform(0.2, 1.0, zone.size), 2)
        links.lay(*connector, apart, 0.0, 49_500.0, 4.0)
        lanes, closed = 800.0, 0
    elif kind == "berlin":
        # Thousands of links that take no time, in chains and circles; few trips.
        n_nodes, lanes = roundabouts(links, rng, street, length, zones, n_nodes)
        links.lay(*connector, 0.0, 0.0, 999_999.0, 4.0)
    elif kind == "gold-coast":
        # Connectors whose time rises, some powers and factors as published.
        capacity = rng.choice([700.0, 900.0, 1600.0], street[0].size)
        links.lay(*street, length, 0.282 * length, capacity, 4.0)
        links.lay(*connector, 0.3, 0.282 * 0.3, 900.0, 4.0)
        lanes = 900.0
    else:
        # Doubled streets of half the capacity, and the last zone is joined to nothing.
        links.lay(*street, length, 0.15 * length, 600.0, 4.0)
        links.lay(*street, length, 0.15 * length, 300.0, 4.0)
        apart = (connector[0] != zones - 1) & (connector[1] != zones - 1)
        links.lay(connector[0][apart], connector[1][apart], 0.0, 0.0, 1.0, 0.0)
        lanes = 900.0
    tail, head, base, factor, capacity, power = links.columns()
    delay = delays("bpr", base=base, factor=factor, capacity=capacity, shape=power)
    trips = demand(kind, rng, zones)
    trips *= load * 0.35 * lanes * street[0].size / (trips.sum() * 0.7 * side)
    origin, destination = np.nonzero(trips)
    amount = trips[origin, destination]
    return assignment_problem(
        n_nodes, tail, head, delay, origin, destination, amount, first_through_node=closed
    )


def roundabouts(links, rng, street, length, zones, n_nodes):
    """Streets in pieces of which most take no time, some of them with a circle that is free."""
    at, to = street
    pieces = 4
    first = n_nodes + np.arange(at.size) * (pieces - 1)
    ends = np.stack([at, first, first + 1, first + 2, to])
    capacity = rng.choice([300.0, 600.0, 900.0], at.size)
    for piece in range(pieces):
        base = length if piece == 1 else 0.0
        links.lay(ends[piece], ends[piece + 1], base, base, capacity, 4.0)
    n_nodes += at.size * (pieces - 1)
    # A way back beside every other free piece, and circles of four corners that cost nothing.
    back = rng.random(at.size) < 0.5
    links.lay(ends[3][back], ends[2][back], 0.0, 0.0, 500.0, 4.0)
    links.lay(ends[2][back], ends[3][back], 0.0, 0.0, 500.0, 4.0)
    corner = np.unique(at)
    round_ = rng.choice(corner, len(corner) // 4, replace=False)
    circle = n_nodes + np.arange(round_.size * 3).reshape(3, -1)
    around = [round_, *circle, round_]
    for one, next_ in pairwise(around):
        links.lay(one, next_, 0.0, 0.0, 400.0, 4.0)
    return n_nodes + round_.size * 3, 600.0


def demand(kind, rng, zones):
    """Trips between zones: dense, sparse, or from everywhere to few."""
    trips = rng.lognormal(0.0, 1.0, (zones, zones))
    if kind == "berlin":
        trips *= rng.random((zones, zones)) < 0.1
    if kind == "uneven":
        few = rng.random(zones) < 0.2
        # Beside what goes to the few, everyone goes next door; nobody leaves a third of the zones.
        trips *= few | np.eye(zones, k=1, dtype=bool)
        trips[rng.random(zones) < 0.3] = 0.0
        trips[0, -1] = 1.0
    np.fill_diagonal(trips, 0.0)
    return trips
