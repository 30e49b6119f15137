"""The PBX's side of a talk: framed audio over TCP."""
