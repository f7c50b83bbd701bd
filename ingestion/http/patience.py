"""How long to wait for a live system: between two attempts of one request, and in total.

Here: waits and their end; tenacity retries. Not here: sending (``client``), and what an answer says (``responses``).
"""

from __future__ import annotations

from collections.abc import Callable

import tenacity

from ingestion.http.responses import FinalError, PassingError

_LONGEST_GROWN_WAIT = 60.0
_PATIENCE_SECONDS = 120.0
"""How long to wait for a limit that does not say when it ends. Chatwoot's counts by the minute; the double allows for
other clients at the same address."""
_GROWING = tenacity.wait_exponential(multiplier=0.5, max=_LONGEST_GROWN_WAIT) + tenacity.wait_random(0, 1)


class AsksTooMuch(FinalError):
    """A system asks for a longer wait than the policy allows. All other requests would get the same answer."""


def retrying(
    attempts: int,
    longest_wait: float,
    before_sleep: Callable[[float, PassingError], None],
    sleep: Callable[[float], None],
) -> tenacity.Retrying:
    """Retries after a :class:`PassingError`, waiting as long as the system asks for, and longer each time.

    ``before_sleep`` is called with the seconds to come, and the error. Raises :class:`AsksTooMuch` beside the errors of
    what is tried.
    """

    def is_over(state: tenacity.RetryCallState) -> bool:
        error = _passing(state)
        is_limit_without_end = error.is_for_all and error.asked is None
        return state.attempt_number >= attempts and not (is_limit_without_end and state.idle_for < _PATIENCE_SECONDS)

    def seconds(state: tenacity.RetryCallState) -> float:
        asked = _passing(state).asked or 0.0
        if asked > longest_wait:
            raise AsksTooMuch(
                f"{_passing(state)}, and it asks to wait {asked:,.0f} seconds, which is more than the"
                f" longest wait of {longest_wait:,.0f}",
                "run again after that: what was landed before is kept, and the next run continues from there",
            )
        return min(longest_wait, max(asked, _GROWING(state)))

    def before(state: tenacity.RetryCallState) -> None:
        if state.next_action is not None:
            before_sleep(state.next_action.sleep, _passing(state))

    return tenacity.Retrying(
        stop=is_over,
        wait=seconds,
        retry=tenacity.retry_if_exception_type(PassingError),
        before_sleep=before,
        sleep=sleep,
        reraise=True,
    )


def _passing(state: tenacity.RetryCallState) -> PassingError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, PassingError), "nothing else is retried"
    return error
