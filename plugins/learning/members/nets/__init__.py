"""Two small nets on the newest rows of features: N-HiTS and PatchTST."""
