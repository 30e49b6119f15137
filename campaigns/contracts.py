"""What other apps see of `campaigns`: nothing yet; it stands at the top of the import order."""
