"""What the system says about itself while it runs: traces and logs, kept locally and readable without a server."""
