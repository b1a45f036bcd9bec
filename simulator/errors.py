"""What keeps a run from starting."""


class StartError(Exception):
    """The run cannot start; the text is one line that names the setting, its value and what to do."""
