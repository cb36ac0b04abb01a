"""What humans add: `.autopack/human_notes.md` in the user's repository, and which prompts carried it."""
