"""The code location that Dagster's own tools load; the configuration is named by CAUSERIE_CONFIG."""

from ingestion.settings import config_path_from_environment, load_settings
from orchestration.assembly import build_defs

defs = build_defs(load_settings(config_path_from_environment()))
