"""Pieces of the picture, chosen by a network that learned which place of it belongs where."""
