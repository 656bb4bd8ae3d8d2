"""Modem drivers: one file per platform, one contract (`base.ModemDriver`)."""
