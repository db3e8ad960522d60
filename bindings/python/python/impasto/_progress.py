"""A progress bar, for `progress=True`."""


class _Bar:
    """Called with the share of the work that is done."""

    def __init__(self, bar):
        self._bar = bar

    def __call__(self, share):
        self._bar.update(100 * share - self._bar.n)

    def close(self):
        self._bar.close()


def bar(title):
    """One of tqdm's, or `None` where that is not installed."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    return _Bar(tqdm(total=100, desc=title, bar_format="{l_bar}{bar}| [{elapsed}<{remaining}]"))
