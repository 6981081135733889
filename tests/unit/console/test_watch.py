import asyncio

from console.watch import FAILURES, Part, Watch


class Server:
    """Answers, or not."""

    def __init__(self) -> None:
        self.up = True

    async def probe(self) -> None:
        if not self.up:
            raise ConnectionError("refused\nand more")


def test_a_part_is_away_after_two_failures_since_the_first_and_back_with_one_answer() -> None:
    server = Server()
    part = Part("queue", "Jobs wait.", server.probe)
    watch = Watch([part])

    async def story() -> None:
        await watch.look(part)
        server.up = False
        await watch.look(part)
        assert watch.away == ()
        for _ in range(FAILURES):
            await watch.look(part)
        (away,) = watch.away
        assert (away.name, away.means, away.why, away.from_start) == ("queue", "Jobs wait.", "refused", False)
        first = away.since
        await watch.look(part)
        assert watch.away[0].since == first
        server.up = True
        await watch.look(part)
        assert watch.away == ()

    asyncio.run(story())


def test_a_part_that_never_answered_is_away_from_the_start() -> None:
    server = Server()
    server.up = False
    part = Part("queue", "Jobs wait.", server.probe)
    watch = Watch([part])

    async def story() -> None:
        for _ in range(FAILURES):
            await watch.look(part)

    asyncio.run(story())
    assert watch.away[0].from_start
