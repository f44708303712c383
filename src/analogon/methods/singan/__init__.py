"""SinGAN and ConSinGAN: a pyramid of small GANs that learn the patches of one picture at every size."""
