"""InGAN: one picture remapped to any size and outline by a network that learned its patches."""
