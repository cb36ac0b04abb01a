"""What happened: the append-only event log. Ids are gapless and in the order of commits."""
