"""What it cost: the recorder of every model call, prices, rollups and summaries."""
