"""The doctor: looks at everything at once, waits for nothing, and mends what may be mended."""
