"""The functions, against a real database and cache, and AWS as the emulator has it."""
