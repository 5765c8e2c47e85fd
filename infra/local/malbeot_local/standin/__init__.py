"""The stand-in voice server: GPT-SoVITS' `api_v2` interface, spoken by Piper and eSpeak NG.

Where no GPT-SoVITS is at hand, this process answers in its place, so that the plugin production uses is the one every
test and every demonstration exercises. It takes the same fields, checks them in the same order, streams in the same
form and fails in the same ways; only its voice is another. It says so in two places: `GET /`, and the header
`X-Malbeot-Stand-In`, which every spoken reply carries, with the name of the engine that spoke. Piper and eSpeak NG are
GPL software and live in this process only.
"""
