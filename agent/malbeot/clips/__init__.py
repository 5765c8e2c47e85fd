"""What is said in the same words again and again: rendered once, kept on disk, played at once.

Greetings, apologies and goodbyes. A caller never hears silence: where nothing can speak, a chime is played.
"""
