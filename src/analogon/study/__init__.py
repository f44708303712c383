"""A study in which people rank pictures."""
