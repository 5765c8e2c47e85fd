"""What is said to the recogniser: everyday sentences without numbers, names and words that are spelt in two ways.

A `|` is a clause border at which the speaker pauses. The speeds are the voice's own for which the clip lasts 1 to 8 s;
every text is said at its first speed before any is said again at its second. Long and short are mixed, so that the
first few are a fair sample too.
"""

SPOKEN: tuple[tuple[str, tuple[float, ...]], ...] = (
    ("Could you open the window in the bedroom a little bit, please?", (1.0, 1.4)),
    (
        "When the bus finally came around the corner, the children picked up their bags, kissed their mother,"
        " and ran down the hill.",
        (0.8, 1.2),
    ),
    ("Unfortunately not.", (0.8,)),
    ("I have looked for my glasses everywhere,| but I still cannot find them.", (1.2, 0.8)),
    (
        "We had dinner in the garden last night because it was so warm inside, and we stayed outside until the moon"
        " was high above the trees.",
        (1.0, 1.4),
    ),
    ("That would be wonderful, thank you very much.", (0.8, 1.2)),
    ("The doctor told me to drink more water and to walk for half an hour every day.", (1.0, 1.4)),
    ("My sister wanted to bake bread this morning,| but there was no flour left in the kitchen.", (0.8, 1.4)),
    ("Definitely tomorrow.", (0.8, 1.0)),
    (
        "Before you leave the house, please turn off all the lights,| close the front door carefully,"
        " and put the key under the stone.",
        (0.8, 1.4),
    ),
    ("What will the weather be like this weekend?", (1.0,)),
    (
        "I used to read a story to my daughter every night, and now she reads to her own children in the very"
        " same room.",
        (1.2, 0.8),
    ),
    ("Please remind me to water the flowers before it gets dark.", (1.2, 0.8)),
    ("Let me think about it for a moment.", (0.8, 1.2)),
    (
        "The little shop at the end of our street sells fresh apples and pears,| and the woman behind the counter"
        " always asks how I am feeling.",
        (1.0,),
    ),
    ("If it stops raining soon,| we could walk along the river with our dog.", (1.0, 0.8)),
    ("I slept very well.", (0.8,)),
    (
        "Yesterday I listened to an old song on the radio that my father used to sing while he worked in his garage.",
        (0.8, 1.4),
    ),
    ("I found a letter on the table that I would like you to read to me.", (1.0, 0.8)),
    ("Nothing special happened today.", (0.8, 1.0)),
    (
        "First we have to wash the potatoes and cut them into small pieces,| then we boil them in salted water"
        " until they are soft.",
        (1.0, 1.4),
    ),
    ("Why does my knee always hurt when the weather changes?", (1.2, 0.8)),
    ("I would rather stay at home tonight,| because my back has been hurting since the morning.", (1.0, 1.2)),
    ("Tell me something funny.", (0.8,)),
    (
        "The family next door is very kind to me; they bring me soup when I am sick, and in winter they clear the"
        " snow from my path.",
        (0.8,),
    ),
    ("Do you remember what we talked about last week?", (0.8, 1.4)),
    ("The cat is sleeping on my chair again,| and I do not have the heart to wake her.", (1.2, 0.8)),
    ("How long does it take to boil an egg until it is hard?", (1.4, 1.0)),
    (
        "When I was young we had no television, so in the evening we sat around the stove and told each other stories.",
        (0.8, 1.2),
    ),
    ("Maybe later, I am a bit tired right now.", (1.4, 0.8)),
    (
        "The train was so full that I had to stand the whole way, but a friendly student carried my heavy suitcase"
        " for me.",
        (1.4, 0.8),
    ),
    ("I forgot to buy milk.", (0.8, 1.0)),
)
