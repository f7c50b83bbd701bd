"""The `causerie` command.

Here: its sub-commands, and nothing that takes time to import. Not here: what they do (``commands``).
"""

from __future__ import annotations

import click

from orchestration.cli.commands import (
    accept,
    alert,
    check,
    check_engine,
    check_source,
    dbt,
    demo,
    diff,
    docs,
    init,
    manifest,
    map,
    parse_again,
    publish,
    quarantine,
    query,
    reject,
    releases,
    report,
    reread,
    rollback,
    run,
    serve,
    status,
    superset,
    verify,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="causerie")
def main() -> None:
    """A batch ELT warehouse for WhatsApp conversations.

    Ingests conversations from the systems where support teams work, builds the report tables, audits each build, and
    publishes only a build that passes, as a DuckDB file.
    """


COMMANDS = (
    *(
        init.init,
        map.map_folder,
        run.run,
        check.check,
        check_source.check_source,
        check_engine.check_engine,
        status.status,
        alert.alert,
        quarantine.quarantine,
    ),
    *(accept.accept, reject.reject, manifest.manifest),
    *(reread.reread, parse_again.parse_again, verify.verify),
    *(releases.releases, diff.diff, rollback.rollback, publish.publish),
    *(report.report, serve.serve, query.query, superset.superset, dbt.dbt, docs.docs, demo.demo),
)
for command in COMMANDS:
    main.add_command(command)
