"""Assignment problems that several test modules solve."""

import numpy as np

from karvan.freight.delay import delays
from karvan.freight.problem import UserClass, assignment_problem

ZONES = 4


def two_routes(demand, *, base, factor, capacity=1.0, shape=1.0, name="bpr", **more):
    """Two parallel links from node 0 to node 1."""
    delay = delays(name, base=base, factor=factor, capacity=capacity, shape=shape)
    n_links = delay.n_links
    return assignment_problem(2, [0] * n_links, [1] * n_links, delay, 0, 1, demand, **more)


def braess(*, bridge=True):
    """The network of Braess with demand 6; without the bridge everybody is better off."""
    links = [(0, 2, 0.0, 10.0), (0, 3, 50.0, 1.0), (2, 1, 50.0, 1.0), (3, 1, 0.0, 10.0)]
    if bridge:
        links.append((2, 3, 10.0, 1.0))
    tail, head, base, factor = np.array(links).T
    return assignment_problem(4, tail, head, delays("linear", base=base, factor=factor), 0, 1, 6.0)


def grid(side, *, zones=6, demand=60.0, seed=1, classes=None, first_through_node=0):
    """A congested grid of streets, both ways, with demand between some of its nodes."""
    rng = np.random.default_rng(seed)
    node = np.arange(side * side).reshape(side, side)
    pairs = np.concatenate(
        [
            np.stack([node[:, :-1].ravel(), node[:, 1:].ravel()], axis=1),
            np.stack([node[:-1].ravel(), node[1:].ravel()], axis=1),
        ]
    )
    tail, head = np.concatenate([pairs, pairs[:, ::-1]]).T
    base = rng.uniform(1.0, 3.0, len(tail))
    delay = delays("bpr", base=base, factor=0.15 * base, capacity=100.0, shape=4.0)
    ends = rng.choice(side * side, zones, replace=False)
    origin, destination = (e.ravel() for e in np.meshgrid(ends, ends))
    between = origin != destination
    more = {} if classes is None else {"classes": classes}
    return assignment_problem(
        side * side,
        tail,
        head,
        delay,
        origin[between],
        destination[between],
        rng.uniform(0.5, 1.5, between.sum()) * demand,
        user_class=0 if classes is None else rng.integers(0, len(classes), between.sum()),
        first_through_node=first_through_node,
        **more,
    )


def random_problem(seed, *, n_nodes=7, n_links=16):
    """A small network with every function, parallel links, self-loops, tolls and closed zones."""
    rng = np.random.default_rng(seed)
    tail, head = rng.integers(0, n_nodes, (2, n_links))
    name = rng.choice(["constant", "linear", "bpr", "conical", "queue"], n_links)
    base = np.where(rng.random(n_links) < 0.2, 0.0, rng.uniform(0.0, 5.0, n_links))
    shape = np.select(
        [name == "bpr", name == "conical", name == "queue"],
        [
            rng.choice([0.0, 0.3, 1.0, 2.5, 4.0], n_links),
            rng.uniform(1.5, 6.0, n_links),
            rng.integers(1, 6, n_links),
        ],
        1.0,
    )
    delay = delays(
        name.tolist(),
        base=base,
        factor=rng.uniform(0.1, 2.0, n_links),
        capacity=rng.uniform(2.0, 20.0, n_links),
        shape=shape,
    )
    classes = (
        UserClass("car", value_of_time=2.0, money=rng.uniform(0.0, 3.0, n_links)),
        UserClass("lorry", units=2.5, allowed=rng.random(n_links) < 0.8),
    )
    n_pairs = ZONES * (ZONES - 1)
    origin, destination = np.array([(o, d) for o in range(ZONES) for d in range(ZONES) if o != d]).T
    return assignment_problem(
        n_nodes,
        tail,
        head,
        delay,
        origin,
        destination,
        np.where(rng.random(n_pairs) < 0.4, 0.0, rng.uniform(0.0, 6.0, n_pairs)),
        user_class=rng.integers(0, 2, n_pairs),
        classes=classes,
        first_through_node=int(rng.integers(0, 3)),
    )


def relabelled(problem, node, link):
    """The same problem with node i called ``node[i]`` and its links in the order `link`."""
    delay = problem.delay
    moved = type(delay)(
        *(getattr(delay, n)[link] for n in ("kind", "base", "factor", "capacity", "shape"))
    )
    return assignment_problem(
        problem.n_nodes,
        node[problem.tail[link]],
        node[problem.head[link]],
        moved,
        node[problem.origin],
        node[problem.destination],
        problem.demand,
    )
