"""What is going on: runs, tiers, phases and attempts, their states and their progress."""
