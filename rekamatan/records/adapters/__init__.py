"""How Rekamatan learns what another recording application holds: docs/adapter.md."""
