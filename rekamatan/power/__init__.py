"""Is this server on mains or on its battery: what the UPS says through NUT."""
