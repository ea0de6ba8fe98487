"""Where plugins live: host processes, the fork servers that make them, and how they are watched from outside."""
