"""Renderings of one page: terminal, Markdown, HTML."""
