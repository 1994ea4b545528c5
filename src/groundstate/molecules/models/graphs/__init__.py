"""What networks on molecules share: numbers for atoms and pairs of near atoms, and small networks."""
