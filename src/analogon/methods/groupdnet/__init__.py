"""GroupDNet: each class of a layout has a look of its own."""
