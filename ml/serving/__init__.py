"""The API that scores a visitor while they browse."""
