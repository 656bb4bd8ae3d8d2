"""A district on one machine: real packet cores, real systemd. The product never imports it."""
