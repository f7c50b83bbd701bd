"""`causerie alert`: has everybody told who should be, and tries whether they can be.

Here: its options and messages. Not here: what is a trouble (``orchestration.troubles``), and who is told of it
(``orchestration.alerts``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from orchestration.cli import ending
from orchestration.cli.commands.common import (
    REFUSED,
    WRONG,
    config_option,
    home_of_this_user,
    read_settings,
    say,
    stop,
)


@click.command()
@config_option
@click.option("--test", "is_test", is_flag=True, help="Send a test to every channel, and the ping; tell nothing else.")
def alert(config: Path, is_test: bool) -> None:
    """Look at the state of the home, and tell what has changed since it was told last.

    A run does this at its end; while one is in progress, nothing is told. The command is for cron, and for systemd
    where a run could not even begin (OnFailure).

    Exit status: 0 everybody could be told; 1 a channel could not be reached; 2 wrong configuration or usage.
    """
    settings = read_settings(config)
    if not settings.alerts and not (is_test and settings.ping):
        stop(f"{config}: alerts: nobody is to be told; name a channel in [[alerts]], as docs/alerts.md says", WRONG)
    home_of_this_user(settings)
    ending.go_on_without_output()
    from orchestration.alerts.messages import what_readers_see
    from orchestration.alerts.tell import tell_state, try_out
    from orchestration.home import Home, is_locked

    home = Home(settings.home)
    if is_test:
        tried = try_out(settings, what_readers_see(home))
        for name, error in tried.items():
            say(f"{name}: {error or 'works'}")
        if any(tried.values()):
            stop("Not every channel works: see above", REFUSED)
        return
    if is_locked(home):
        say("A run is in progress: it tells when it ends.")
        return
    from orchestration.troubles import troubles_of

    now = datetime.now(UTC)
    failures = tell_state(settings, now)
    troubles = troubles_of(settings, now)
    if failures:
        stop("\n".join(failures), REFUSED)
    say(f"Told. Open: {', '.join(trouble.key for trouble in troubles)}" if troubles else "Nothing needs attention.")
