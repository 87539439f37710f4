"""What the examples share: an argument by its place, or what stands for it; text or a count."""

import sys


def argument(place, otherwise):
    if len(sys.argv) <= place:
        return otherwise
    text = sys.argv[place]
    if not isinstance(otherwise, int):
        return text
    if not text.isdigit():
        sys.exit(f"not a count: {text}")
    return int(text)
