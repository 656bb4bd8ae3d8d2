"""Evidence: what a run leaves behind to prove what happened."""
