"""How a model is called: the `Agent` protocol and one file per way of calling."""
