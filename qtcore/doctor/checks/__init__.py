"""What the framework itself looks at, by subject."""
