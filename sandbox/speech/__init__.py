"""What is said in the sandbox: synthesis, telephone coding, and recognition of known phrases from their sound."""
