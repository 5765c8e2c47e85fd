"""What an agent does while nobody speaks, while somebody tells, and while it thinks."""
