"""The rows of a playground: where they come from, how they are divided, the plane that is shown."""
