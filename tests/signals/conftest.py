"""What the tests of Signals and its stand-in share."""

# They run where the official SDK is installed, in .venv-signals.
collect_ignore = ["sdk_calls.py", "sdk_session.py"]
