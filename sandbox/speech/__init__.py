"""What is said in the sandbox: synthesis, telephone coding, recognition of known phrases by their sound."""
