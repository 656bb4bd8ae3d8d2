"""What runs at the site beside the switch: units, status, requests."""
