"""How long an answer may be kept by whoever gets it, as the values of `Cache-Control` say it."""

FOR_EVER = "public, max-age=31536000, immutable"
"""What never changes at its address."""

FOR_A_MOMENT = "public, max-age=1"
"""What everybody asks for, and changes within seconds."""

PRIVATE = "private, no-cache"
"""What is not for everybody, so that nobody keeps it for others."""

NO_STORE = {"Cache-Control": "no-store"}
"""The header of what nobody may keep."""
