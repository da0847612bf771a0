"""contrique: how good a photograph looks to people, with no reference image."""
