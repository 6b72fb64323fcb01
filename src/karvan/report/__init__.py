"""What people read: texts in four languages, tables for the terminal."""
