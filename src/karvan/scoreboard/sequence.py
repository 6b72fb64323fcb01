"""Scrambled Sobol' sequences."""

import numpy as np

from karvan.scoreboard.model import FloatArray

BITS = 30

# Degree, coefficients and first direction numbers of the primitive polynomials of dimensions 2 on.
DIRECTIONS: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    (1, 0, (1,)),
    (2, 1, (1, 3)),
    (3, 1, (1, 3, 1)),
    (3, 2, (1, 1, 1)),
    (4, 1, (1, 1, 3, 3)),
    (4, 4, (1, 3, 5, 13)),
    (5, 2, (1, 1, 5, 5, 17)),
    (5, 4, (1, 1, 5, 5, 5)),
    (5, 7, (1, 1, 7, 11, 19)),
    (5, 11, (1, 1, 5, 1, 1)),
    (5, 13, (1, 1, 1, 3, 11)),
    (5, 14, (1, 3, 5, 5, 31)),
    (6, 1, (1, 3, 3, 9, 7, 49)),
    (6, 13, (1, 1, 1, 15, 21, 21)),
    (6, 16, (1, 3, 1, 13, 27, 49)),
)
MOST_DIMENSIONS = len(DIRECTIONS) + 1


def sobol_points(log2_points: int, dimensions: int, seed: int | None) -> FloatArray:
    """Return points of a Sobol' sequence, shape (2**log2_points, dimensions), in [0, 1).

    Parameters
    ----------
    log2_points : int
        At most `BITS`.
    dimensions : int
        At most `MOST_DIMENSIONS`.
    seed : int or None
        Of a random linear scramble with a digital shift (Matousek 1998); None for no scramble.

    References
    ----------
    Joe and Kuo (2008), Constructing Sobol sequences with better two-dimensional projections
    (direction numbers as published with it; compared with scipy's in the tests).
    """
    n = 2**log2_points
    index = np.arange(n, dtype=np.int64)
    gray = index ^ (index >> 1)
    random = None if seed is None else np.random.default_rng([seed, 2])
    points = np.empty((n, dimensions))
    for d in range(dimensions):
        direction = _directions(d)
        shift = 0
        if random is not None:
            direction = _scrambled(direction, random)
            shift = int(random.integers(0, 2**BITS))
        x = np.full(n, shift, dtype=np.int64)
        for bit in range(log2_points):
            x ^= np.where((gray >> bit) & 1, direction[bit], 0)
        points[:, d] = x / 2.0**BITS
    return points


def _directions(dimension: int) -> list[int]:
    """Direction numbers as integers of `BITS` bits."""
    if dimension == 0:
        return [1 << (BITS - 1 - k) for k in range(BITS)]
    degree, coefficient, first = DIRECTIONS[dimension - 1]
    number = [m << (BITS - 1 - k) for k, m in enumerate(first)]
    for k in range(degree, BITS):
        new = number[k - degree] ^ (number[k - degree] >> degree)
        for j in range(1, degree):
            if (coefficient >> (degree - 1 - j)) & 1:
                new ^= number[k - j]
        number.append(new)
    return number


def _scrambled(direction: list[int], random: np.random.Generator) -> list[int]:
    """Multiply by a random lower triangular matrix of bits with ones on the diagonal."""
    # Row r makes output bit r (from the highest) of input bits 0 to r.
    rows = [
        (1 << (BITS - 1 - r)) | (int(random.integers(0, 2**r)) << (BITS - r) if r else 0)
        for r in range(BITS)
    ]
    return [
        sum(((number & row).bit_count() & 1) << (BITS - 1 - r) for r, row in enumerate(rows))
        for number in direction
    ]
