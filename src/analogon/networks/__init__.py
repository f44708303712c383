"""Networks that learn a data set of pictures with label maps: what methods share, once.

The generator's modulation input, channels and groups are parameters; encoder, judges, losses and the training step are
the same for all. ``settings`` alone imports no torch.
"""
