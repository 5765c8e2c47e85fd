"""Places in the Redis that LiveKit server uses, for the web processes of several machines."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from malbeot.web.places.errors import Unavailable
from malbeot.web.places.store import JOINS_WITHIN_S, Outcome, Verdict

_TIMEOUT_S = 2.0
# The braces keep all three in one slot of a cluster.
_KEYS = ("malbeot:{calls}:places", "malbeot:{calls}:live", "malbeot:{calls}:look")
"""Room to when it was taken, negative once it was seen; the rooms that live; when that was answered."""
_SCRIPT = """
local places, live, look = KEYS[1], KEYS[2], KEYS[3]
local what, joins_s = ARGV[1], tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local answered_at = tonumber(redis.call('GET', look) or 'nan')
local function exact(number) return string.format('%.6f', number) end

local function verdict(outcome, fresh_s)
  local age = now - answered_at
  if not (age >= 0 and age <= fresh_s) then outcome = 'stale' end
  local calls, left_s = redis.call('SCARD', live), joins_s
  local held = redis.call('HGETALL', places)
  for i = 1, #held, 2 do
    local taken_at = tonumber(held[i + 1])
    if redis.call('SISMEMBER', live, held[i]) == 0 then calls = calls + 1 end
    local age = now - math.abs(taken_at)
    if taken_at > 0 or age < joins_s then left_s = math.min(left_s, joins_s - age) end
  end
  return {outcome, exact(now), calls, exact(math.max(left_s, 0))}
end

if what == 'count' then return verdict('full', tonumber(ARGV[3])) end

if what == 'take' then
  local fresh_s, room, limit = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
  local answer = verdict('full', fresh_s)
  if answer[1] == 'stale' then return answer end
  if redis.call('HEXISTS', places, room) == 0 then
    if answer[3] >= limit then return answer end
    redis.call('HSET', places, room, exact(now))
  end
  return verdict('taken', fresh_s)
end

if what == 'free' then
  redis.call('HDEL', places, ARGV[3])
  redis.call('SREM', live, ARGV[3])
  return
end

local began = tonumber(ARGV[3])
if began < answered_at and answered_at <= now then return end
redis.call('DEL', live)
for i = 4, #ARGV do redis.call('SADD', live, ARGV[i]) end
local held = redis.call('HGETALL', places)
for i = 1, #held, 2 do
  local taken_at = tonumber(held[i + 1])
  if redis.call('SISMEMBER', live, held[i]) == 1 then
    if taken_at > 0 then redis.call('HSET', places, held[i], exact(-taken_at)) end
  elseif taken_at < 0 or taken_at <= began - joins_s or taken_at > now then
    redis.call('HDEL', places, held[i])
  end
end
redis.call('SET', look, exact(now))
"""


class RedisStore:
    """`Store` of several machines, on Redis' clock."""

    def __init__(self, url: str, client: Redis) -> None:
        parts = urlsplit(url)
        self._where = f"{parts.hostname}:{parts.port or 6379}"
        self._script = client.register_script(_SCRIPT)

    async def take(self, room: str, *, limit: int, fresh_s: float) -> Verdict:
        return _verdict(await self._run("take", fresh_s, room, limit))

    async def count(self, *, fresh_s: float) -> Verdict:
        return _verdict(await self._run("count", fresh_s))

    async def note(self, live: Collection[str], *, began: float) -> None:
        await self._run("note", f"{began:.6f}", *live)

    async def free(self, room: str) -> None:
        await self._run("free", room)

    async def _run(self, what: str, *arguments: str | float) -> object:
        try:
            return await self._script(keys=_KEYS, args=(what, JOINS_WITHIN_S, *arguments))
        except (RedisError, OSError, TimeoutError) as error:
            # Its text may be as long as the script, and hold more than is anybody's business.
            reason = str(error).partition("\n")[0][:120] or type(error).__name__
            raise Unavailable(
                f"the calls cannot be counted in Redis at {self._where} ({reason}): start it, or mend REDIS_URL"
            ) from None


def _verdict(answer: object) -> Verdict:
    assert isinstance(answer, list)
    outcome, now, calls, back_in_s = answer
    return Verdict(outcome=Outcome(outcome.decode()), now=float(now), calls=calls, back_in_s=float(back_in_s))


@asynccontextmanager
async def open_redis(url: str) -> AsyncIterator[RedisStore]:
    """The store in the Redis at `url`, which may come later."""
    # Once more, as a connection that lay idle may have been closed; every step may be taken twice.
    client = Redis.from_url(
        url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, retry=Retry(NoBackoff(), 1)
    )
    async with client:
        yield RedisStore(url, client)
