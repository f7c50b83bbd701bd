"""The `causerie` command.

Here: its sub-commands, and nothing that takes time to import. Not here: what they do (``commands``).
"""

from __future__ import annotations

import click

from orchestration.commands import (
    checking,
    comparing,
    deciding,
    quarantine,
    reading,
    releases,
    reporting,
    running,
    serving,
    watching,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="causerie")
def main() -> None:
    """A batch ELT warehouse for WhatsApp conversations.

    Takes conversations in from the systems where support teams work, builds the report tables overview, by_agent,
    by_tag and details, audits each build, and publishes only one that holds, as a DuckDB file.
    """


for command in (
    *(running.run, checking.check_source, watching.status, quarantine.quarantine, deciding.accept, deciding.reject),
    *(releases.releases, comparing.diff, releases.rollback, releases.publish),
    *(reporting.report, serving.serve, reading.query, reading.docs, reading.demo),
):
    main.add_command(command)
