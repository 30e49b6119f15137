"""A stand-in for Asterisk 22: AMI server, dialplan with AudioSocket, and telephones that personas pick up."""
