"""Effects: carries out the kernel's commands, feeds it events, and never runs plugin code."""
