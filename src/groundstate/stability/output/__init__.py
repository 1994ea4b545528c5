"""What the stability stage writes: tables, figures, the summary and its definitions."""
