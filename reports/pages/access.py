"""Who may see which accounts: a header that the reverse proxy sets.

Here: the accounts of a request. Not here: who somebody is (the proxy asks), the host check (``app``).

Without a header in the configuration of the server everybody sees all. With one, a request without it sees nothing, and
so does one that has it twice: a client may have added the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from reports.published import Account


def is_limited(request: Request) -> bool:
    """Whether the server has such a header."""
    return request.app.state.account_header is not None


def named(request: Request) -> str:
    """What the header says; ``*`` for all accounts."""
    if not is_limited(request):
        return "*"
    values = request.headers.getlist(request.app.state.account_header)
    return values[0].encode("latin-1").decode(errors="replace") if len(values) == 1 else ""  # proxies send UTF-8


def visible(request: Request, accounts: Sequence[Account]) -> list[Account]:
    """Those that the reader may see: the header names them, separated by commas, or says ``*``."""
    names = {name.strip() for name in named(request).split(",")}
    return [account for account in accounts if "*" in names or account.account_id in names]
