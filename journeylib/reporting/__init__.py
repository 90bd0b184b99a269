"""From a plan to pages: runs notebooks in batch and renders what stakeholders read."""
