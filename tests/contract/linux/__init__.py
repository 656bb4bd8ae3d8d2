"""The Linux gateway beyond the common suite: its daemons die, its stick is pulled, it lies."""
