"""The conductor: takes a run on, one step at a time, and is the only one that moves it."""
