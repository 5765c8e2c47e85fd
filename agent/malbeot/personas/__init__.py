"""How personas are read, checked and rendered; the public names are in `malbeot.persona`."""
