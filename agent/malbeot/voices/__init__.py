"""Voices: whom the companion sounds like. They are data in `prompts/voices/`; here they are loaded, tried and used."""
