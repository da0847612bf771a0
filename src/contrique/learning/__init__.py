"""From unlabelled photographs to an encoder: distortions, views, loss, pretraining, export. Needs the extra `learn`."""

FEATURES = ("statistics", "blocks", "last-mean")
"""Kinds of features that an encoder can give (features.py); here, the command line can name them without torch."""
