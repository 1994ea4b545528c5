"""The loops behind a Gaunt product: dense tables, halves, blocks of terms, a C kernel, and which is used."""
