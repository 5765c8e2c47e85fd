"""What is loaded once, before call processes are forked, and shared by them: importing a module here loads it."""
