"""The materialization `table`: what it does not hold a model to, it refuses."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ingestion.settings import Resources
from orchestration.dbt.process import EXECUTABLE, PROJECT, environment

MODEL = """
models:
  - name: held_to
    config: {{materialized: {kind}, contract: {{enforced: true}}, on_schema_change: fail}}
    columns:
      - {{name: figure, data_type: integer}}
"""


@pytest.mark.parametrize(("kind", "is_refused"), [("table", True), ("incremental", False)])
def test_a_table_with_a_contract_is_refused(tmp_path: Path, kind: str, is_refused: bool) -> None:
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("models", "tests", "target", "logs"))
    (project / "models" / "intermediate").mkdir(parents=True)
    (project / "models" / "intermediate" / "held_to.sql").write_text("select cast(1 as integer) as figure")
    (project / "models" / "intermediate" / "held_to.yml").write_text(MODEL.format(kind=kind))
    run = subprocess.run(
        [EXECUTABLE, "run", "--project-dir", project, "--profiles-dir", project, "--target-path", tmp_path / "target"],
        cwd=tmp_path,
        env={**os.environ, **environment(Resources())},
        capture_output=True,
        text=True,
    )
    assert ("a table with a contract: have it materialized as incremental" in run.stdout) is is_refused, run.stdout
    assert (run.returncode != 0) is is_refused, run.stdout
