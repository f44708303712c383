"""Deep Image Analogy: two-way nearest-neighbour fields over features (Liao et al., SIGGRAPH 2017)."""
