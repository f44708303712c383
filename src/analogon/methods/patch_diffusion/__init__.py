"""Diffusion without training: noise becomes a picture by the posterior mean of its patches in closed form."""
