"""What the doctor looks at in this application's files; light to import, so that looking costs little."""
