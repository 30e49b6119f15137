"""What stands in a report: figures and table from the database, words without a model, safe HTML."""
