"""Several processes that train as one: how they meet, agree, share the loss and the batch norms."""
