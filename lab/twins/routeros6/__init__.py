"""RouterOS 6: the twin of RouterOS 7 with the menus, dates and words of 6 (`editions`)."""
