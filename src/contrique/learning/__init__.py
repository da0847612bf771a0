"""From unlabelled photographs to an encoder: distortions, views, loss, pretraining, export. Needs the extra `learn`."""
