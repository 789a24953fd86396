"""Audiences on their way: Census's syncs, triggered after a build, waited for and recorded."""
