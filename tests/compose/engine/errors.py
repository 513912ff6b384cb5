"""What this program says when it cannot do what it is asked."""


class ComposeError(Exception):
    """A file that is not understood, or a step that failed: the text says what and where."""
