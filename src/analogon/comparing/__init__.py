"""Methods on the same cases, and what came of it."""
