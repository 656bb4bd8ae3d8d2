"""What is OpenWrt's and RutOS' own, against their twins over real SSH.

The contract suite runs on ModemManager and RutOS; here proto qmi goes through the same list, and
all three through what only they have: uncommitted changes, the race for the mark, the toggle.
"""
