"""The same rules on a GPU: people stay there while they live, and come back for surveys."""
