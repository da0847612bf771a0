"""A pretraining run on disk and on the screen: its folder, checkpoints, log, live line, stop and plan."""
