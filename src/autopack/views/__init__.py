"""Read models for people: what a run is doing, did and cost. Pure reads; every door shows the same ones."""
