"""Where data comes from: downloads, archives, checksums."""
