"""Twin of a RouterOS 7 LTE router."""
