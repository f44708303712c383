"""Image Analogies: pixel by pixel in scan order, from coarse to fine."""
