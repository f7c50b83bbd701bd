"""One build's file as dbt finds it: raw as views, configuration as tables, and what the last build knows."""
