"""What is used of dagster_dbt, imported as where dbt-core is not installed.

Here: that import, and nothing else. dbt runs as a process of its own, and its modules take longer to import than all
of Dagster; without ``dbt.version`` dagster_dbt brings the few types of dbt that it needs itself.
"""

import sys

from ingestion.settings import is_plain

_hidden = "dbt.version" not in sys.modules and not is_plain()
if _hidden:
    sys.modules["dbt.version"] = None  # type: ignore[assignment]
try:
    from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliInvocation, dbt_assets
finally:
    if _hidden:
        del sys.modules["dbt.version"]

__all__ = ["DagsterDbtTranslator", "DagsterDbtTranslatorSettings", "DbtCliInvocation", "dbt_assets"]
