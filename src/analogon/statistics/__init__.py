"""Statistics of rankings and of repeated measurements; no pictures."""
