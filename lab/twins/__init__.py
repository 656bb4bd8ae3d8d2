"""Twins of real modems: stateful command lines whose changes move a real bearer."""
