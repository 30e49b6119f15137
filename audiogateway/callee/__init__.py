"""Who is at the other end: signs in their sound and words, and the label that is made of them."""
