"""GPNN: nearest patches of a crude edit, averaged, from coarse to fine."""
