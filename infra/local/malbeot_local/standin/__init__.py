"""The stand-in voice server: GPT-SoVITS' `api_v2` interface, spoken by Piper and eSpeak NG.

Where no GPT-SoVITS is at hand, this process answers in its place, so that the plugin production uses is the one every
test and every demonstration exercises. It takes the same fields, checks them the same way and streams in the same
form; it has no reference voice to imitate and says so: every spoken reply carries `X-Malbeot-Stand-In` with the name
of the engine that spoke. Piper and eSpeak NG are GPL software and live in this process only.
"""
