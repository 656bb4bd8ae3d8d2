"""Probes, one file per family, and the gate that decides."""
