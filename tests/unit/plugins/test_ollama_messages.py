"""A LiveKit chat context as Ollama's messages."""

from livekit.agents import llm

from livekit.plugins.ollama.messages import has_images, to_ollama_messages


def test_roles_and_empty_messages() -> None:
    context = llm.ChatContext.empty()
    context.add_message(role="system", content="Be kind.")
    context.add_message(role="developer", content="The caller is Minji.")
    context.add_message(role="user", content=["Hello", "there"])
    context.add_message(role="assistant", content="")
    context.add_message(role="assistant", content="Hi.")
    assert to_ollama_messages(context) == [
        {"role": "system", "content": "Be kind."},
        {"role": "system", "content": "The caller is Minji."},
        {"role": "user", "content": "Hello\nthere"},
        {"role": "assistant", "content": "Hi."},
    ]
    assert not has_images(context)


def test_arguments_that_are_no_json_do_not_stop_the_conversation() -> None:
    context = llm.ChatContext.empty()
    context.items += [
        llm.FunctionCall(call_id="1", name="play", arguments=""),
        llm.FunctionCallOutput(call_id="1", name="play", output="done", is_error=False),
        llm.FunctionCall(call_id="2", name="stop", arguments="[1]"),
        llm.FunctionCallOutput(call_id="2", name="stop", output="", is_error=False),
    ]
    assert to_ollama_messages(context) == [
        {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "play", "arguments": {}}}]},
        {"role": "tool", "content": "done", "tool_name": "play"},
        {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "stop", "arguments": {}}}]},
        {"role": "tool", "content": "", "tool_name": "stop"},
    ]
