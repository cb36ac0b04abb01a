"""HTTP: the endpoints of runs and of what a dashboard reads, guarded against everybody else's pages."""
