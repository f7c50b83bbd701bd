"""The code location that Dagster's own tools load; the configuration is named by CAUSERIE_CONFIG."""

from ingestion.settings import config_path_from_environment, load_settings
from orchestration.assembly import build_defs
from orchestration.home import Home, keep_private

_settings = load_settings(config_path_from_environment())
keep_private(Home(_settings.home))  # dbt's parsed project is written before a run takes the home
defs = build_defs(_settings)
