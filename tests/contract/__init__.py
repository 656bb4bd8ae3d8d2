"""The driver contract: one suite, every platform's driver against its twin."""
