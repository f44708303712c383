"""Patches: pieces of the picture, moved by the layouts and joined coarse to fine."""
