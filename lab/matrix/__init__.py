"""The fault matrix: every interruption point of the WAN switch x every fault, in the raised lab."""
