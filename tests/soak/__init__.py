"""Days of a district's life in minutes: real services, real disks, real faults, nothing mocked."""
