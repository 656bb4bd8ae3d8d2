"""The WAN switch: plan, transaction, journal, recovery at boot."""
