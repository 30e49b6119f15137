"""Stand-ins for the world outside. They speak the wire protocols and import nothing of the product."""
