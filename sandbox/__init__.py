"""Stand-ins for the world outside OpenDeep. They speak the wire protocols and import nothing of the product."""
