"""Has the language model read what the caller has said so far, so that the answer need not wait for that."""

from livekit.agents import Agent, APIError, llm


async def read_ahead(agent: Agent, words: str) -> None:
    """Reads a turn's first words, for a model whose server keeps what it has read.

    It asks for an answer to them and takes one token of it: the words become the beginning of the prompt that comes
    when they are all there. A failure says nothing: the answer itself will tell.
    """
    model = agent.session.llm
    if not isinstance(model, llm.LLM):
        return
    context = agent.chat_ctx.copy()
    context.add_message(role="user", content=words)
    try:
        async with model.chat(chat_ctx=context) as answer:
            await anext(aiter(answer), None)
    except APIError:
        return
