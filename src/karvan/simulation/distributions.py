"""Probabilities and quantiles of Student's t, the binomial and the Poisson distribution.

The core has no scipy (docs/decisions: statistics of simulation); tests compare with it.
Tails are computed as such and never as 1 - cdf, so small ones keep their digits.
"""

import math
from functools import lru_cache
from itertools import count
from statistics import NormalDist

from karvan.simulation.inputs import Inputs

# B(2j) / (2j (2j - 1)) of Stirling's series (DLMF 5.11.1); from 10 on the next term is below 1e-16.
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
_STIRLING_FROM = 10.0
# Above, x = n / (n + t^2) is so close to 1 that the continued fraction loses digits.
_MOST_DEGREES_BY_FRACTION = 1e4
_LEAST_TAIL_BY_EXPANSION = 1e-15
# With fewer degrees or less in the tail, the square of t has no float.
_LEAST_DEGREES = 0.5
_LEAST_TAIL = 1e-50
_TINY = 1e-300
_MOST_TERMS = 1_000_000
_MOST_MEAN = 1e9
_MOST_HALVINGS = 1_100
"""More than a float has between its smallest and its largest power of two, twice."""


def t_quantile(probability: float, degrees_of_freedom: float) -> float:
    """Return the quantile of Student's t distribution.

    Parameters
    ----------
    probability : float
        At least 1e-50, below 1.
    degrees_of_freedom : float
        At least 0.5; fractions are fine (Welch-Satterthwaite).

    Raises
    ------
    FormulaError

    References
    ----------
    P(|T| > t) = I_x(n / 2, 1 / 2) with x = n / (n + t^2): Abramowitz and Stegun (1964), 26.5.27;
    I_x by its continued fraction, DLMF 8.17.22, the power before it as in Loader (2000); from
    10,000 degrees on the expansion about the normal quantile, Abramowitz and Stegun 26.7.5.
    """
    inputs = Inputs("t_quantile")
    p = inputs.number("probability", probability, least=_LEAST_TAIL, below=1.0)
    degrees = inputs.number("degrees_of_freedom", degrees_of_freedom, least=_LEAST_DEGREES)
    inputs.check()
    if p == 0.5:
        return 0.0
    t = _t_of_tail(2.0 * min(p, 1.0 - p), degrees)
    return -t if p < 0.5 else t


def t_multiplier(confidence: float, degrees_of_freedom: float) -> float:
    """Return by how many standard errors a t interval reaches to each side of the mean."""
    inputs = Inputs("t_multiplier")
    share = inputs.share("confidence", confidence)
    degrees = inputs.number("degrees_of_freedom", degrees_of_freedom, least=_LEAST_DEGREES)
    inputs.check()
    return _t_of_tail(1.0 - share, degrees)


def binomial_cdf(successes: int, trials: int, probability: float) -> float:
    """Return P(X <= successes) of a binomial distribution.

    References
    ----------
    I_q(n - k, k + 1): Abramowitz and Stegun (1964), 26.5.24.
    """
    inputs = Inputs("binomial_cdf")
    n = inputs.count("trials", trials, most=10**12)
    k = inputs.count("successes", successes, least=-1, most=n)
    p = inputs.share("probability", probability)
    inputs.check()
    return _binomial_cdf(k, n, p)


def binomial_quantile(share: float, trials: int, probability: float) -> int:
    """Return the smallest k with P(X <= k) of at least `share`."""
    inputs = Inputs("binomial_quantile")
    target = inputs.share("share", share)
    n = inputs.count("trials", trials, most=10**12)
    p = inputs.share("probability", probability)
    inputs.check()
    low, high = -1, n
    while high - low > 1:
        middle = (low + high) // 2
        if _binomial_cdf(middle, n, p) >= target:
            high = middle
        else:
            low = middle
    return high


def poisson_pmf(number: int, mean: float) -> float:
    """Return P(N = number) of a Poisson distribution.

    References
    ----------
    Loader (2000), Fast and accurate computation of binomial probabilities: k! by Stirling's series
    and the deviance k (log(1 + u) - u), u = (mean - k) / k, so that nothing large cancels.
    """
    inputs = Inputs("poisson_pmf")
    k, m = _poisson_inputs(inputs, number, mean)
    return _poisson_pmf(k, m)


def poisson_cdf(number: int, mean: float) -> float:
    """Return P(N <= number) of a Poisson distribution."""
    inputs = Inputs("poisson_cdf")
    k, m = _poisson_inputs(inputs, number, mean)
    return _poisson_below(k, m) if k < m else 1.0 - _poisson_above(k, m)


def poisson_tail(number: int, mean: float) -> float:
    """Return P(N > number) of a Poisson distribution."""
    inputs = Inputs("poisson_tail")
    k, m = _poisson_inputs(inputs, number, mean)
    return 1.0 - _poisson_below(k, m) if k < m else _poisson_above(k, m)


def poisson_quantile(probability: float, mean: float) -> int:
    """Return the smallest k with P(N <= k) of at least `probability`."""
    inputs = Inputs("poisson_quantile")
    p = inputs.share("probability", probability)
    m = inputs.number("mean", mean, least=0.0, most=_MOST_MEAN)
    inputs.check()
    low, high = -1, 1
    while poisson_cdf(high, m) < p:
        high = 2 * high + int(m)
    while high - low > 1:
        middle = (low + high) // 2
        if poisson_cdf(middle, m) >= p:
            high = middle
        else:
            low = middle
    return high


def _poisson_inputs(inputs: Inputs, number: int, mean: float) -> tuple[int, float]:
    k = inputs.count("number", number, least=0, most=10**12)
    m = inputs.number("mean", mean, least=0.0, most=_MOST_MEAN)
    inputs.check()
    return k, m


def _poisson_pmf(k: int, mean: float) -> float:
    if mean == 0.0:
        return 1.0 if k == 0 else 0.0
    if k == 0:
        return math.exp(-mean)
    exponent = k * _deviance(mean / k, (mean - k) / k) - _stirling_rest(float(k))
    return math.exp(exponent) / math.sqrt(2.0 * math.pi * k)


def _poisson_below(k: int, mean: float) -> float:
    """P(N <= k) for k below the mean: terms fall from k downwards."""
    term = total = _poisson_pmf(k, mean)
    for j in range(k, 0, -1):
        term *= j / mean
        total += term
        if term < 1e-18 * total:
            break
    return total


def _poisson_above(k: int, mean: float) -> float:
    """P(N > k) for k of at least the mean: terms fall from k + 1 upwards."""
    term = total = _poisson_pmf(k + 1, mean)
    for j in count(k + 2):
        term *= mean / j
        total += term
        if term <= 1e-18 * total:
            break
    return total


def _binomial_cdf(k: int, n: int, p: float) -> float:
    if k < 0 or k >= n:
        return float(k >= n)
    return _beta_tails(n - k, k + 1.0, 1.0 - p, p)[0]


@lru_cache(maxsize=1024)
def _t_of_tail(tail: float, degrees: float) -> float:
    """The t above 0 whose two tails together hold `tail`: Newton's steps, halving where they fail.

    Steps are in the logarithms of t and of the tail, which are almost in line far out.
    """
    if degrees > _MOST_DEGREES_BY_FRACTION and tail > _LEAST_TAIL_BY_EXPANSION:
        return _t_by_expansion(-NormalDist().inv_cdf(0.5 * tail), degrees)
    low, high = 0.0, 1.0
    while _both_tails(high, degrees) > tail:
        low, high = high, 2.0 * high
    t = high
    for _ in range(_MOST_HALVINGS):
        found = _both_tails(t, degrees)
        if found > tail:
            low = t
        else:
            high = t
        slope = -2.0 * _t_density(t, degrees) * t / found if found > 0.0 else 0.0
        step = math.log(tail / found) / slope if slope < 0.0 else math.nan
        new = t * math.exp(step) if abs(step) < 50.0 else math.nan
        if not low < new < high:
            new = 0.5 * (low + high)
        if abs(new - t) <= 2e-16 * t or not low < new < high:
            return new
        t = new
    return t


def _t_by_expansion(z: float, degrees: float) -> float:
    s, n = z * z, degrees
    first = (s + 1.0) / 4.0
    second = ((5.0 * s + 16.0) * s + 3.0) / 96.0
    third = (((3.0 * s + 19.0) * s + 17.0) * s - 15.0) / 384.0
    fourth = ((((79.0 * s + 776.0) * s + 1482.0) * s - 1920.0) * s - 945.0) / 92160.0
    return z * (1.0 + (first + (second + (third + fourth / n) / n) / n) / n)


def _both_tails(t: float, degrees: float) -> float:
    if t == 0.0:
        return 1.0
    square = t * t
    if square == 0.0 or math.isinf(square):
        return 1.0 if square == 0.0 else 0.0
    whole = degrees + square
    return _beta_tails(0.5 * degrees, 0.5, degrees / whole, square / whole)[0]


def _t_density(t: float, degrees: float) -> float:
    # The power term of the beta density holds Gamma(n / 2 + 1 / 2) / Gamma(n / 2) without overflow.
    whole = degrees + t * t
    term = _power_term(0.5 * degrees, 0.5, degrees / whole, t * t / whole)
    return term / t if t > 0.0 else 0.0


def _beta_tails(a: float, b: float, x: float, y: float) -> tuple[float, float]:
    """Return I_x(a, b) and 1 - I_x(a, b), where y = 1 - x is given with all its digits."""
    if x <= 0.0 or y <= 0.0:
        return (0.0, 1.0) if x <= 0.0 else (1.0, 0.0)
    power = _power_term(a, b, x, y)
    # The continued fraction converges quickly on the side of the mean that it is used on.
    if x < (a + 1.0) / (a + b + 2.0):
        lower = power * _continued_fraction(a, b, x) / a
        return lower, 1.0 - lower
    upper = power * _continued_fraction(b, a, y) / b
    return 1.0 - upper, upper


def _power_term(a: float, b: float, x: float, y: float) -> float:
    """x^a y^b / B(a, b), from the deviance of (x, y) from the mean (a, b) / (a + b)."""
    whole = a + b
    p, q = a / whole, b / whole
    if min(a, b) < 0.1 * max(a, b) and (x / p > 1e3 or y / q > 1e3):
        # Far from the mean the two deviances are large and of opposite sign; logarithms are better.
        return math.exp(_log_one_over_beta(a, b) + a * math.log(x) + b * math.log(y))
    # The smaller of x and y has the more digits of their common distance from the mean.
    distance = x - p if x < y else q - y
    deviance = a * _deviance(x / p, distance / p) + b * _deviance(y / q, -distance / q)
    rest = _stirling_rest(whole) - _stirling_rest(a) - _stirling_rest(b)
    return math.sqrt(a * b / (2.0 * math.pi * whole)) * math.exp(deviance + rest)


def _continued_fraction(a: float, b: float, x: float) -> float:
    """DLMF 8.17.22 by the method of Lentz, Thompson and Barnett."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        before = value
        for coefficient in (even, odd):
            d = 1.0 + coefficient * d
            c = 1.0 + coefficient / c
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = c if abs(c) > _TINY else _TINY
            value *= c * d
        if abs(value - before) <= 1e-16 * abs(value):
            break
    return value


def _stirling_rest(z: float) -> float:
    """Log Gamma(z) - ((z - 1/2) log z - z + log(2 pi) / 2)."""
    if z < _STIRLING_FROM:
        return math.lgamma(z) - ((z - 0.5) * math.log(z) - z + 0.5 * math.log(2.0 * math.pi))
    square = 1.0 / (z * z)
    total = 0.0
    for coefficient in reversed(_STIRLING):
        total = total * square + coefficient
    return total / z


def _log_one_over_beta(a: float, b: float) -> float:
    """log(1 / B(a, b)) by Stirling's series, so that large arguments do not cancel."""
    whole = a + b
    rest = _stirling_rest(whole) - _stirling_rest(a) - _stirling_rest(b)
    small, large = min(a, b), max(a, b)
    # Gamma(a + b) / Gamma(large), of which log1p takes the digits that differ.
    ratio = (large - 0.5) * math.log1p(small / large) + small * math.log(whole)
    return ratio - (small - 0.5) * math.log(small) - 0.5 * math.log(2.0 * math.pi) + rest


def _deviance(ratio: float, u: float) -> float:
    """log(ratio) - u, where u = ratio - 1 is given with all its digits."""
    if u <= -0.6 or u >= 1.0:
        # A ratio that underflows to 0 belongs to a probability that does.
        return math.log(ratio) - u if ratio > 0.0 else -math.inf
    # log(1 + u) is twice the area tangent of r; its first term is written so that u drops out.
    r = u / (2.0 + u)
    square, power, total = r * r, 1.0, 0.0
    for k in count(3, 2):
        add = power / k
        total += add
        if add <= 1e-17 * total:
            break
        power *= square
    return -u * r + 2.0 * r * square * total
