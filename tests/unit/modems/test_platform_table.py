"""The READMEs show what the contract tests measured, and nothing older."""

from __future__ import annotations

from pathlib import Path

import pytest

from rekamatan import cli

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(("page", "language"), [("README.md", "en"), ("README.id.md", "id")])
def test_readme_has_the_measured_table(
    page: str, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["platforms", "--markdown", "--lang", language]) == 0
    measured = capsys.readouterr().out.strip()
    assert measured in (ROOT / page).read_text(), f"{page}: paste `rekamatan platforms --markdown`"
