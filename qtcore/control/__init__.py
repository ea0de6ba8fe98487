"""The closed set of messages between supervisor and hosts, and the control socket that serves `qt`."""
