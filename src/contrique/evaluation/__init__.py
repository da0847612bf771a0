"""From rated photographs to a regressor and a table: ridge, splits, correlation, the protocol of the field."""
