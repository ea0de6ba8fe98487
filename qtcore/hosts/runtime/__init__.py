"""What runs plugins inside a host: loading, dispatching hooks, timers, actions, and their end."""
