"""What a model is asked: the prompts of each role and the answers they must give."""
