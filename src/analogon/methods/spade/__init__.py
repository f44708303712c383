"""SPADE: layouts modulate the norms of a generator."""
