"""Extrapolation of a fixed-point iteration on numbers >= 0 (Anderson 1965)."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

MEMORY = 8
"""Earlier steps that count."""

RANK = 1e-10
"""Share of the largest singular value from which a direction of change counts."""

SAME = 0.005
"""Relative change of the error vector below which a step has changed nothing ..."""

STRIDE, MOST_STRIDE = 4.0, 4.0**10
"""... and the next is this multiple of it, since errors stay the same along a straight way."""

WORSE = 2.0
"""Multiple of the least error so far above which an extrapolation is taken back."""


class Extrapolation:
    """What is remembered of the steps of an iteration; :meth:`next` says where to go on.

    Only steps between which the same numbers are above 0 are used: there the iteration is smooth.

    References
    ----------
    Anderson (1965), Iterative procedures for nonlinear integral equations,
    https://doi.org/10.1145/321296.321305 (not opened); the least-squares form is that of Walker and
    Ni (2011), https://doi.org/10.1137/10078356X (not opened).
    """

    def __init__(self) -> None:
        self._last = np.zeros(0)
        self._stride = 1.0
        self._forget()

    def _forget(self) -> None:
        self._image: list[FloatArray] = []
        self._residual: list[FloatArray] = []
        self._positive = np.zeros(0, dtype=np.bool_)
        self._least, self._safe = np.inf, np.zeros(0)

    def next(self, at: FloatArray, image: FloatArray, size: FloatArray, usable: bool) -> FloatArray:
        """Return where to evaluate the iteration next.

        Parameters
        ----------
        at, image : ndarray, shape (n,)
            Where it was evaluated, and what it gave.
        size : ndarray, shape (n,)
            Numbers are measured in these units.
        usable : bool
            Whether `image` is precise enough to draw conclusions.
        """
        residual = (image - at) / size
        error = float(np.linalg.norm(residual))
        last, self._last = self._last, residual
        if last.size and float(np.linalg.norm(residual - last)) < SAME * error and usable:
            self._stride = min(STRIDE * self._stride, MOST_STRIDE)
            self._forget()
            return np.maximum(image + self._stride * (image - at), 0.0)
        self._stride = 1.0
        if error > WORSE * self._least:
            safe = self._safe
            self._forget()
            return safe
        if error < self._least:
            self._least, self._safe = error, image
        return self._extrapolated(image, residual) if usable else image

    def _extrapolated(self, image: FloatArray, residual: FloatArray) -> FloatArray:
        positive = image > 0.0
        if not np.array_equal(positive, self._positive):
            self._image, self._residual, self._positive = [], [], positive
        self._image = [*self._image, image][-MEMORY:]
        self._residual = [*self._residual, residual][-MEMORY:]
        if len(self._image) == 1:
            return image
        return np.maximum(mixed(np.array(self._image), np.array(self._residual), RANK), 0.0)


def mixed(image: FloatArray, residual: FloatArray, smallest: float | None = None) -> FloatArray:
    """Return the combination of steps whose residual would be least if residuals were linear.

    Parameters
    ----------
    image, residual : ndarray, shape (n_steps, n)
        What each step gave, and by how much that differs from where it was evaluated.
    smallest : float, optional
        Share of the largest singular value from which a direction of change counts.
    """
    part = np.linalg.lstsq(np.diff(residual, axis=0).T, residual[-1], rcond=smallest)[0]
    return np.asarray(image[-1] - part @ np.diff(image, axis=0))
