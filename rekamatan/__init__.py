"""Rekamatan: recording servers and modems of every kecamatan, moved between carriers safely."""

__version__ = "0.1.0"
