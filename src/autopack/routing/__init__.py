"""Which model: the policy, the explained decision, and the meter around each request."""
