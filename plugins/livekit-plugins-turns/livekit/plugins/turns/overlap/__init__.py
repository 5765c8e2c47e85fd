"""What is said over the agent's speech."""
