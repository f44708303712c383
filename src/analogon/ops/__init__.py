"""The patch engine: compiled kernels and the synthesis that is made of them; no files, no torch."""
