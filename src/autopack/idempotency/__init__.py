"""`Idempotency-Key`: a request that creates something creates it once, however often it is sent.

The key is stored in the transaction that creates, so that of two requests at one moment the second finds the
first one's answer.
"""
