"""The district: inventory checks, secrets, rollout ledger, waves, report."""
