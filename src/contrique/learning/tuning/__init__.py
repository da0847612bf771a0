"""Fine-tuning: an encoder whose weights are moved with small steps so that a linear regressor agrees with ratings."""
