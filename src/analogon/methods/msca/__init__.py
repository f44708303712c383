"""MSCA: the layout of one picture, the look of another that shows something else."""
