"""SemIA: semantic image analogy with a conditional single-image GAN."""
