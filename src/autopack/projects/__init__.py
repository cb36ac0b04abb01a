"""Which repositories Autopack works on: registered paths."""
