"""What every twin shares: SSH, flash with delayed saving, radio, faults, the DNS relay."""
