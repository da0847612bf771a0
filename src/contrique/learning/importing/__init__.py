"""Models that others published, as model folders: network checkpoints, and scikit-learn regressors beside them."""
