"""What make, bench and tests run that is neither product nor test."""
