"""Errors of the API: a status, a stable code, a sentence, and what to do."""

from karvan.errors import KarvanError


class ApiError(KarvanError):
    """A request that cannot be answered.

    Attributes
    ----------
    status : int
        Of HTTP.
    code : str
        Stable name of the error; programs and translations hang on it.
    message, hint : str
        What is wrong, and what to do about it.
    retry_after_s : int
        When asking again makes sense; 0 where it does not.
    """

    def __init__(
        self, status: int, code: str, message: str, hint: str = "", retry_after_s: int = 0
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.retry_after_s = retry_after_s

    def body(self) -> dict[str, dict[str, str]]:
        """Return the JSON that a client gets."""
        return {"error": {"code": self.code, "message": self.message, "hint": self.hint}}


STATUS_OF_KIND: dict[str, tuple[int, str]] = {
    "PlaceError": (404, "place_unknown"),
    "RouteError": (404, "no_route"),
    "ScenarioError": (404, "question_unknown"),
    "CaseError": (409, "case_unsound"),
    "CaseNotFoundError": (409, "case_missing"),
    "CaseChangedError": (409, "case_changed"),
    "AssetsMissingError": (503, "not_built"),
    "ResultsError": (409, "results_unusable"),
}
"""Errors of the package by class name: they come from worker processes as text."""


def from_kind(kind: str, message: str) -> ApiError:
    """Return the API's error for an error of the package, named by its class."""
    if kind not in STATUS_OF_KIND:
        return ApiError(
            500, "internal", "the server failed to answer", "see the log of 'karvan serve'"
        )
    status, code = STATUS_OF_KIND[kind]
    if status == 404:
        # Their hints come after a semicolon.
        text, _, hint = message.partition("; ")
        return ApiError(status, code, text, hint)
    return ApiError(status, code, message)


def not_found(what: str, hint: str = "") -> ApiError:
    """Return the error for something that is not there."""
    return ApiError(404, "not_found", what, hint)
